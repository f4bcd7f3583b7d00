import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { after, describe, test } from 'node:test';
import { ConfigurationError } from './configuration-error.ts';
import { type PrivatePaths, refuseExposure } from './exposure.ts';

const base = mkdtempSync(join(tmpdir(), 'mote-exposure-'));
after(() => rmSync(base, { recursive: true, force: true }));
/** Without a look at dots, which mean something else behind links. */
const at = (path: string) => `${base}/${path}`;

function file(path: string): void {
  mkdirSync(dirname(at(path)), { recursive: true });
  writeFileSync(at(path), 'x');
}

function link(path: string, target: string): void {
  mkdirSync(dirname(at(path)), { recursive: true });
  symlinkSync(target, at(path));
}

for (const path of ['www/index.html', 'www/notify.json', 'www/.env/token', 'www-too/token', 'etc/token'])
  file(path);
file('etc/conf/token');
mkdirSync(at('www/spool'));
link('current', 'www');
link('token-file', 'www/notify.json');
link('www/token-elsewhere', '../etc/token');
link('over', 'www/token-elsewhere');
link('www/conf', '../etc/conf');
link('way', 'www/conf');
link('loop', 'loop');
link('www/dangling', '../later');
// As Kubernetes mounts a Secret.
file('secret/..2026_1/token');
link('secret/..data', '..2026_1');
link('secret/token', '..data/token');

const refused: readonly [name: string, root: string, secrets: { files?: string[]; spool?: string }][] = [
  ['a file in the root', 'www', { files: ['www/notify.json'] }],
  ['by a root that is a link', 'current', { files: ['www/notify.json'] }],
  ['by a name through such a link', 'www', { files: ['current/notify.json'] }],
  ['by a name with dots', 'www', { files: ['etc/../www/./notify.json'] }],
  ['by dots behind a link', 'www', { files: ['way/../../www/notify.json'] }],
  ['below a name that begins with a dot', 'www', { files: ['www/.env/token'] }],
  ['a link outside that leads in', 'www', { files: ['token-file'] }],
  ['a link inside that leads out', 'www', { files: ['www/token-elsewhere'] }],
  ['a link to a link inside that leads out', 'www', { files: ['over'] }],
  ['a folder on the way is a link inside', 'www', { files: ['way/token'] }],
  ['the root is the file', 'www/notify.json', { files: ['www/notify.json'] }],
  ['the root is a link to the file', 'token-file', { files: ['www/notify.json'] }],
  ['the root is the file of a link', 'www/notify.json', { files: ['token-file'] }],
  ['the root is a mounted Secret', 'secret', { files: ['secret/token'] }],
  ['the spool in the root', 'www', { spool: 'www/spool' }],
  ['the spool in the root, not there yet', 'www', { spool: 'www/new/spool' }],
  ['the spool is the root', 'www', { spool: 'current' }],
  ['the root is in the spool', 'www/spool', { spool: 'www' }],
  ['a spool by a link inside whose folder is missing', 'www', { spool: 'www/dangling' }],
];

const taken: readonly [name: string, root: string, secrets: { files?: string[]; spool?: string }][] = [
  ['a file beside the root', 'www', { files: ['etc/token'] }],
  ['a folder whose name goes on', 'www', { files: ['www-too/token'] }],
  ['another file of the folder', 'www/index.html', { files: ['www/notify.json'] }],
  ['a folder of a mounted Secret elsewhere', 'www', { files: ['secret/token'] }],
  ['a spool beside the root', 'www', { spool: 'spool' }],
  ['a spool whose name goes on', 'www', { spool: 'www-spool' }],
  ['a link in a circle', 'www', { files: ['loop'] }],
  ['what has no place, as from a shell', 'www', { files: ['/dev/fd/0'] }],
];

function secretsOf({ files = [], spool = '' }: { files?: string[]; spool?: string }): PrivatePaths {
  return { files: files.map((path) => (path.startsWith('/') ? path : at(path))), spool: spool && at(spool) };
}

describe('refused', () => {
  for (const [name, root, given] of refused) {
    test(name, () => assert.throws(() => refuseExposure(at(root), secretsOf(given)), ConfigurationError));
    test(`${name}, by relative paths`, () => {
      const near = (path: string) => path.replace(base, relative(process.cwd(), base));
      const { files, spool } = secretsOf(given);
      const secrets = { files: files.map(near), spool: spool && near(spool) };
      assert.throws(() => refuseExposure(near(at(root)), secrets), ConfigurationError);
    });
  }
  test('from the root of everything', () => {
    assert.throws(() => refuseExposure('/', { files: [at('etc/token')], spool: '' }), ConfigurationError);
  });
});

describe('taken', () => {
  for (const [name, root, given] of taken) {
    test(name, () => refuseExposure(at(root), secretsOf(given)));
  }
});

test('each is named once, with the root and what to do', () => {
  const token = at('www/notify.json');
  const secrets = { files: [token, token, at('www/.env/token')], spool: at('www/spool') };
  const advice = 'so that everybody could read it; move it out of there, or serve another folder';
  const root = `the root "${at('current')}" ("${at('www')}")`;
  assert.throws(() => refuseExposure(at('current'), secrets), {
    problems: [
      `"${token}": lies in ${root}, ${advice}`,
      `"${at('www/.env/token')}": lies in ${root}, ${advice}`,
      `--spool: "${at('www/spool')}" lies in ${root}, ${advice}`,
    ],
  });
  assert.throws(() => refuseExposure(token, { files: [token], spool: '' }), {
    problems: [`"${token}": is the root "${token}", ${advice}`],
  });
  assert.throws(() => refuseExposure(at('www'), { files: [], spool: base }), {
    problems: [`--spool: "${base}" holds the root "${at('www')}", which is served; serve another folder`],
  });
});
