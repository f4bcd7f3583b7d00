import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readFirstProcess } from './first-process.ts';
import { load } from './load.ts';

/** The files of /proc where this program was started as `own`, and process 1 as `first`. */
function proc(own: readonly string[] | undefined, first: readonly string[] | undefined) {
  const files: Record<string, readonly string[] | undefined> = {
    '/proc/self/cmdline': own,
    '/proc/1/cmdline': first,
  };
  return (path: string) => {
    const words = files[path];
    if (words === undefined) throw new Error(`ENOENT: ${path}`);
    return words.map((word) => `${word}\0`).join('');
  };
}

const CHECK = ['/mote', 'healthcheck'];
const cases: readonly [name: string, own: readonly string[], first: readonly string[], port: number][] = [
  ['a flag', CHECK, ['/mote', '--port', '9000'], 9000],
  ['arguments', CHECK, ['/mote', '/srv', '9000'], 9000],
  ['an init before it', CHECK, ['/sbin/docker-init', '--', '/mote', '--port', '9000'], 9000],
  ['by another path', ['/mote', 'healthcheck'], ['mote', '--port=9000'], 9000],
  [
    'from the sources',
    ['node', '--disable-sigusr1', 'src/cli/bin.ts', 'healthcheck'],
    ['/usr/bin/node', '--disable-sigusr1', '/app/src/bin.ts', '.', '9000'],
    9000,
  ],
  ['no flags', CHECK, ['/mote'], 7000],
  ['another program', CHECK, ['/sbin/init', '--port', '9000'], 7000],
  ['another script', ['node', 'src/cli/bin.ts', 'healthcheck'], ['node', 'other.js', '--port', '9000'], 7000],
  ['another command', CHECK, ['/mote', 'healthcheck', '--port', '9000'], 7000],
  ['a command line that is wrong', CHECK, ['/mote', '--port', '9000', '--nonsense'], 7000],
  ['its own flag first', [...CHECK, '--port', '8000'], ['/mote', '--port', '9000'], 8000],
  ['nothing at all', CHECK, [], 7000],
];

describe('a health check takes from the server', () => {
  for (const [name, own, first, port] of cases) {
    test(name, () => {
      const argv = own.slice(own.indexOf('healthcheck'));
      const loaded = load(argv, { MOTE_PORT: '7000' }, proc(own, first));
      assert.ok(loaded.ok);
      assert.equal(loaded.value.config.port, port);
    });
  }

  test('the configuration file that it was told', () => {
    const fromProc = proc(CHECK, ['/mote', '--config', '/mote.json']);
    const readFile = (path: string) => (path === '/mote.json' ? '{"port": 9000}' : fromProc(path));
    const loaded = load(['healthcheck'], {}, readFile);
    assert.ok(loaded.ok);
    assert.equal(loaded.value.config.port, 9000);
  });

  test('nothing where there is no /proc', () => {
    for (const readFile of [proc(undefined, undefined), proc(CHECK, undefined), proc(undefined, ['/mote'])])
      assert.equal(readFirstProcess(1, readFile), undefined);
  });
});

test('no other command looks at it', () => {
  const readFile = proc(['/mote'], ['/mote', '--port', '9000']);
  for (const argv of [[], ['spool', 'list']]) {
    const loaded = load(argv, {}, readFile);
    assert.ok(!loaded.ok || loaded.value.config.port === 8080);
  }
});
