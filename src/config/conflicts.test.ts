/** Options that a build cannot follow. Conflicts between options are tested where configuration is loaded. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Features } from '../build/features.ts';
import { findConflicts } from './conflicts.ts';
import { AUTO } from './option-kinds.ts';
import { type Config, defaults } from './options.ts';
import { lackingNote } from './usage.ts';

const all: Features = {
  compression: true,
  workers: true,
  replicas: true,
  nodeHttp: true,
  charsets: true,
  tls: true,
  largeMessages: true,
};
const none: Features = {
  compression: false,
  workers: false,
  replicas: false,
  nodeHttp: false,
  charsets: false,
  tls: false,
  largeMessages: false,
};

const refused: readonly (readonly [changes: Partial<Config>, flag: string])[] = [
  [{ compression: true }, '--compression'],
  [{ workers: 2 }, '--workers'],
  [{ spool: 'redis://h' }, '--spool'],
  [{ httpEngine: 'node' }, '--http-engine'],
  [{ tlsCert: 'cert.pem' }, '--tls-cert'],
];

describe('a build that lacks something', () => {
  for (const [changes, flag] of refused) {
    test(`refuses ${flag} by its name, another build takes it`, () => {
      const config = { ...defaults, ...changes };
      const problems = findConflicts(config, new Set(), none);
      assert.equal(problems.length, 1);
      assert.ok(problems[0]?.startsWith(`${flag}: received `), problems[0]);
      assert.deepEqual(findConflicts(config, new Set(), all), []);
    });
  }

  test('takes the defaults, and what leaves the choice to it', () => {
    assert.deepEqual(findConflicts({ ...defaults, workers: AUTO, httpEngine: 'wire' }, new Set(), none), []);
    assert.deepEqual(findConflicts(defaults, new Set(), none), []);
  });

  test('says so in its help', () => {
    assert.equal(
      lackingNote(none),
      '\nNot in this build: --compression, --workers above 1, a --spool in a server, --http-engine node,\nlegacy charsets, --tls-cert, messages above 256 KiB.\n',
    );
    assert.equal(
      lackingNote({ ...none, compression: true }),
      '\nNot in this build: --workers above 1, a --spool in a server, --http-engine node, legacy charsets,\n--tls-cert, messages above 256 KiB.\n',
    );
    assert.equal(lackingNote(all), '');
  });
});
