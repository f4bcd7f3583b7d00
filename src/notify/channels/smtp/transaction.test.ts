import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { stuffed } from './transaction.ts';

/** What a server takes out of what comes after DATA (RFC 5321 §4.5.2). */
function received(text: string): { content: string; rest: string } {
  let content = '';
  let rest = text;
  for (;;) {
    const end = rest.indexOf('\r\n');
    if (end < 0) return assert.fail('no end');
    const line = rest.slice(0, end);
    rest = rest.slice(end + 2);
    if (line === '.') return { content, rest };
    content += `${line.replace(/^\./, '')}\r\n`;
  }
}

describe('the content', () => {
  test('arrives as it is, and nothing after its end', () => {
    const piece = fc.constantFrom('.', '..', 'a', '\r\n', '\r\n.', '\r\n.\r\n', ' ');
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const text = pieces.join('');
        const expected = text.endsWith('\r\n') ? text : `${text}\r\n`;
        assert.deepEqual(received(stuffed(text)), { content: expected, rest: '' });
      }),
    );
  });

  test('lines of dots', () => {
    assert.equal(stuffed('.\r\n..\r\n.a\r\nb.\r\n'), '..\r\n...\r\n..a\r\nb.\r\n.\r\n');
  });
});
