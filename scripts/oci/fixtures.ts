/** A reader of tar archives for tests, based on the POSIX standard and independent of the writer. */
import assert from 'node:assert/strict';

export interface Entry {
  readonly path: string;
  readonly type: 'file' | 'folder';
  readonly mode: number;
  readonly mtime: number;
  readonly owner: readonly [uid: number, gid: number, user: string, group: string];
  readonly bytes: Buffer;
}

/** All entries; fails on any defect, such as a wrong checksum or a missing end. */
export function untar(archive: Buffer): Entry[] {
  assert.equal(archive.length % 512, 0, 'whole blocks');
  const entries: Entry[] = [];
  let extended = new Map<string, string>();
  let at = 0;
  while (archive.subarray(at, at + 512).some((byte) => byte !== 0)) {
    const header = archive.subarray(at, at + 512);
    const text = (from: number, length: number) =>
      header.toString('utf8', from, from + length).replace(/\0.*$/s, '');
    const number = (from: number, length: number) => {
      assert.match(text(from, length), /^[0-7]+ ?$/);
      return Number.parseInt(text(from, length), 8);
    };
    assert.equal(header.toString('latin1', 257, 265), 'ustar\x0000', 'magic and version');
    assert.equal(number(148, 8), checksum(header), 'checksum');
    const size = number(124, 12);
    const bytes = archive.subarray(at + 512, at + 512 + size);
    at += 512 + Math.ceil(size / 512) * 512;
    const type = text(156, 1);
    if (type === 'x') {
      extended = records(bytes);
      continue;
    }
    assert.ok(type === '0' || type === '5', `type ${type}`);
    entries.push({
      path: extended.get('path') ?? text(0, 100),
      type: type === '0' ? 'file' : 'folder',
      mode: number(100, 8),
      mtime: number(136, 12),
      owner: [number(108, 8), number(116, 8), text(265, 32), text(297, 32)],
      bytes,
    });
    extended = new Map();
  }
  assert.equal(archive.length - at, 1024, 'two empty blocks at the end');
  assert.ok(archive.subarray(at).every((byte) => byte === 0));
  return entries;
}

function checksum(header: Buffer): number {
  const blanked = Buffer.concat([header.subarray(0, 148), Buffer.from('        '), header.subarray(156)]);
  return blanked.reduce((sum, byte) => sum + byte, 0);
}

/** The records of an extended header; each begins with its length. */
function records(bytes: Buffer): Map<string, string> {
  const found = new Map<string, string>();
  for (let at = 0; at < bytes.length; ) {
    const length = Number.parseInt(bytes.toString('latin1', at), 10);
    const match = /^\d+ ([^=]+)=(.*)\n$/s.exec(bytes.toString('utf8', at, at + length));
    assert.ok(match, 'a record of an extended header');
    found.set(match[1] as string, match[2] as string);
    at += length;
  }
  return found;
}
