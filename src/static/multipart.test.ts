import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { ByteRange } from '../http/types.ts';
import { layoutMultipart } from './multipart.ts';

function assemble(pieces: readonly (Uint8Array | ByteRange)[], content: Buffer): Buffer {
  return Buffer.concat(
    pieces.map((piece) =>
      piece instanceof Uint8Array ? piece : content.subarray(piece.start, piece.end + 1),
    ),
  );
}

describe('multipart/byteranges', () => {
  test('two parts, byte for byte', () => {
    const ranges = [
      { start: 0, end: 1 },
      { start: 5, end: 8 },
    ];
    const layout = layoutMultipart(ranges, 10, 'text/plain; charset=utf-8', 'THIS_STRING_SEPARATES');
    const expected =
      '--THIS_STRING_SEPARATES\r\n' +
      'Content-Type: text/plain; charset=utf-8\r\n' +
      'Content-Range: bytes 0-1/10\r\n' +
      '\r\n' +
      '01\r\n' +
      '--THIS_STRING_SEPARATES\r\n' +
      'Content-Type: text/plain; charset=utf-8\r\n' +
      'Content-Range: bytes 5-8/10\r\n' +
      '\r\n' +
      '5678\r\n' +
      '--THIS_STRING_SEPARATES--\r\n';
    assert.equal(assemble(layout.pieces, Buffer.from('0123456789')).toString('latin1'), expected);
    assert.equal(layout.length, expected.length);
    assert.equal(layout.contentType, 'multipart/byteranges; boundary=THIS_STRING_SEPARATES');
  });

  test('positions beyond 2^32 count as they are', () => {
    const size = 2 ** 40;
    const { length, pieces } = layoutMultipart([{ start: 0, end: size - 1 }], size, 'video/mp4', 'b');
    const around = assemble(
      pieces.filter((piece) => piece instanceof Uint8Array),
      Buffer.alloc(0),
    );
    assert.equal(length, size + around.length);
    assert.match(around.toString('latin1'), /Content-Range: bytes 0-1099511627775\/1099511627776\r\n/);
  });

  const ranges = (size: number) =>
    fc.array(
      fc
        .tuple(fc.nat(size - 1), fc.nat(size - 1))
        .map(([a, b]) => ({ start: Math.min(a, b), end: Math.max(a, b) })),
      { minLength: 1, maxLength: 6 },
    );
  const cases = fc
    .uint8Array({ minLength: 1, maxLength: 300 })
    .chain((content) => fc.tuple(fc.constant(Buffer.from(content)), ranges(content.length)));

  test('the length is that of the assembled body', () => {
    fc.assert(
      fc.property(cases, ([content, asked]) => {
        const { length, pieces } = layoutMultipart(asked, content.length, 'image/png', 'c0ffee');
        assert.equal(assemble(pieces, content).length, length);
      }),
    );
  });

  test('a reader gets back exactly the parts asked for, in their order', () => {
    fc.assert(
      fc.property(cases, ([content, asked]) => {
        const boundary = 'e7a1f0-not-in-the-content';
        const { pieces } = layoutMultipart(asked, content.length, 'image/png', boundary);
        const body = `\r\n${assemble(pieces, content).toString('latin1')}`;
        const [preamble, ...parts] = body.split(`\r\n--${boundary}`);
        assert.equal(preamble, '');
        assert.equal(parts.pop(), '--\r\n');
        const expected = asked.map(
          ({ start, end }) =>
            `\r\nContent-Type: image/png\r\nContent-Range: bytes ${start}-${end}/${content.length}\r\n\r\n` +
            content.subarray(start, end + 1).toString('latin1'),
        );
        assert.deepEqual(parts, expected);
      }),
    );
  });
});
