import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { untar } from './fixtures.ts';
import { type TarFile, tar } from './tar.ts';

const file = (path: string, content = '', mode = 0o644): TarFile => ({
  path,
  mode,
  bytes: Buffer.from(content),
});

test('an archive of one file is header, content, padding and the end', () => {
  const archive = tar([file('mote', 'x'.repeat(872), 0o755)], 1_700_000_000);
  assert.equal(archive.length, 512 + 1024 + 1024);
  const [entry, ...more] = untar(archive);
  assert.deepEqual(more, []);
  assert.deepEqual(entry, {
    path: 'mote',
    type: 'file',
    mode: 0o755,
    mtime: 1_700_000_000,
    owner: [0, 0, '', ''],
    bytes: Buffer.from('x'.repeat(872)),
  });
});

test('every folder has one entry, before its contents, accessible to everyone', () => {
  const entries = untar(tar([file('a/b/one'), file('a/two'), file('three'), file('a/b/four')]));
  const listed = entries.map(({ path, mode }) => `${path} ${mode.toString(8)}`);
  const expected = ['a/ 755', 'a/b/ 755', 'a/b/one 644', 'a/two 644', 'three 644', 'a/b/four 644'];
  assert.deepEqual(listed, expected);
});

test('an archive without files consists of its end only', () => assert.deepEqual(untar(tar([])), []));

const long = ['a'.repeat(99), 'a'.repeat(100), 'a'.repeat(101), `${'folder/'.repeat(40)}file`];
const named = [...long, 'site/grüße.html', 'site/一.html', 'a b/c=d\ne'];
for (const path of named) {
  test(`the path ${JSON.stringify(path.length > 40 ? `${path.slice(0, 10)}… (${path.length})` : path)}`, () => {
    assert.equal(untar(tar([file(path, 'content')])).at(-1)?.path, path);
  });
}

// The length at the beginning of an extended header record includes its own digits.
test('path lengths around a change in the number of digits', () => {
  for (const length of [85, 86, 87, 88, 89, 90, 91, 92, 985, 986, 987, 988, 989, 990, 991, 992]) {
    const path = `é${'x'.repeat(length)}`;
    assert.equal(untar(tar([file(path)]))[0]?.path, path);
  }
});

test('any files are read back unchanged', () => {
  const segment = fc
    .string({ minLength: 1, maxLength: 120, unit: 'grapheme' })
    .filter((text) => !/[/\0]/.test(text) && text !== '.' && text !== '..');
  const files = fc.array(
    fc.record({
      segments: fc.array(segment, { minLength: 1, maxLength: 4 }),
      mode: fc.nat(0o777),
      bytes: fc.uint8Array({ maxLength: 2000 }),
    }),
  );
  const check = (specs: readonly { segments: string[]; mode: number; bytes: Uint8Array }[]) => {
    // Each file has a folder of its own, so that no file has the path of another file's folder.
    const made = specs.map(({ segments, mode, bytes }, i) => ({
      path: [i, ...segments].join('/'),
      mode,
      bytes: Buffer.from(bytes),
    }));
    const read = untar(tar(made)).filter(({ type }) => type === 'file');
    assert.deepEqual(
      read.map(({ path, mode, bytes }) => ({ path, mode, bytes })),
      made,
    );
  };
  fc.assert(fc.property(files, check));
});

const refused: readonly [name: string, files: readonly TarFile[], message: RegExp][] = [
  ['an absolute path', [file('/mote')], /"\/mote" is no clean relative path/],
  ['a path that leaves the archive', [file('a/../../b')], /no clean relative path/],
  ['an empty segment', [file('a//b')], /no clean relative path/],
  ['an empty path', [file('')], /no clean relative path/],
  ['a NUL', [file('a\0b')], /no clean relative path/],
  ['a duplicate path', [file('a'), file('a')], /a is in the archive twice/],
  ['a mode with too many digits', [file('a', '', 0o7777777 + 1)], /does not fit a tar header/],
];
for (const [name, files, message] of refused) {
  test(`${name} is refused`, () => assert.throws(() => tar(files), { message }));
}

test('the tar of the system can extract an archive', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'mote-tar-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = `${'long/'.repeat(30)}grüße.html`;
  const input = tar([file(path, 'hello'), file('run', '', 0o755)], 1_000_000_000);
  execFileSync('tar', ['-x', '-f', '-', '-C', folder], { input, stdio: ['pipe', 'pipe', 'pipe'] });
  assert.equal(readFileSync(join(folder, path), 'utf8'), 'hello');
  assert.equal(statSync(join(folder, path)).mtimeMs, 1_000_000_000_000);
  assert.equal(statSync(join(folder, 'run')).mode & 0o777, 0o755);
});
