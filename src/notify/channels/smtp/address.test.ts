import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { successOf } from '../fixtures.ts';
import { parseAddress, parseMailbox } from './address.ts';

describe('an address', () => {
  const taken: readonly [text: string, address?: string][] = [
    ['a@b.example'],
    ['first.last+tag@mail.b.example'],
    ["o'brien&co@b.example"],
    ['root@localhost'],
    ['a@[192.0.2.1]'],
    ['a@[IPv6:2001:db8::1]'],
    ['a@例え.example', 'a@xn--r8jz45g.example'],
    ['a@münchen.example', 'a@xn--mnchen-3ya.example'],
  ];
  for (const [text, address = text] of taken) {
    test(`${text} is taken`, () => assert.equal(successOf(parseAddress(text)), address));
  }

  const refused: readonly [name: string, text: string][] = [
    ['nothing', ''],
    ['a name only', 'ann'],
    ['a host only', '@a.example'],
    ['a line after it', 'a@b.example\r\nBcc: eve@e.example'],
    ['a bare LF', 'a@b.example\nx'],
    ['a line break at the end', 'a@b.example\n'],
    ['NUL', 'a\0@b.example'],
    ['a list', 'a@b.example,c@d.example'],
    ['a list with semicolons', 'a@b.example;c@d.example'],
    ['a route', '<@x.example:a@b.example>'],
    ['angle brackets', '<a@b.example>'],
    ['a group', 'g:a@b.example;'],
    ['a comment', 'a(b)@b.example'],
    ['a blank', 'a b@b.example'],
    ['quotes', '"a b"@b.example'],
    ['two ats', 'a@b@c.example'],
    ['parameters', 'a@b.example> SIZE=1'],
    ['a name beyond ASCII', 'ännchen@b.example'],
    ['two dots', 'a..b@b.example'],
    ['a host in digits', 'a@192.0.2.1'],
    ['a host with a space', 'a@b .example'],
    ['a host that would be mapped to one with a line break', 'a@b\u2028.example'],
    ['a full-width comma in the host', 'a@b，c.example'],
    ['percent signs in the host', 'a@ü%0d.example'],
    ['an invalid address literal', 'a@[300.0.0.1]'],
    ['a literal without IPv6', 'a@[2001:db8::1]'],
    ['a long name', `${'a'.repeat(65)}@b.example`],
    ['a long host', `a@${'b.'.repeat(125)}example`],
  ];
  for (const [name, text] of refused) {
    test(`${name} is refused`, () => assert.equal(parseAddress(text).ok, false));
  }

  test('is one word of ASCII for any input', () => {
    const character = fc.oneof(
      fc.constantFrom('@', '.', '\r', '\n', ',', '<', 'a', 'ü', '\u3002'),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(character), (characters) => {
        const parsed = parseAddress(`a@b${characters.join('')}.example`);
        if (!parsed.ok) return;
        assert.match(parsed.value, /^[\x21-\x7e]+$/);
        assert.doesNotMatch(parsed.value, /[,;<>()"\\]/);
      }),
    );
  });
});

describe('a mailbox', () => {
  const taken: readonly [text: string, name: string, address: string][] = [
    ['a@b.example', '', 'a@b.example'],
    ['<a@b.example>', '', 'a@b.example'],
    ['mote <a@b.example>', 'mote', 'a@b.example'],
    ['"Ops, night" <a@b.example>', 'Ops, night', 'a@b.example'],
    ['Wächter 守 <a@b.example>', 'Wächter 守', 'a@b.example'],
    [' mote  <a@b.example> ', 'mote', 'a@b.example'],
  ];
  for (const [text, name, address] of taken) {
    test(`${text} is taken`, () => assert.deepEqual(successOf(parseMailbox(text)), { name, address }));
  }

  const refused = [
    'mote',
    'mote <a@b.example',
    'a <b> <a@b.example>',
    '"a" b <a@b.example>',
    'a@b.example c',
    'mote\r\nBcc: x <a@b.example>',
    '"mote\0" <a@b.example>',
    'a\u2028b <a@b.example>',
    '\ud800 <a@b.example>',
  ];
  for (const text of refused) {
    test(`${JSON.stringify(text)} is refused`, () => assert.equal(parseMailbox(text).ok, false));
  }
});
