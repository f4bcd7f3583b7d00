import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { resultOf } from '../../../util/turns.ts';
import type { Message } from '../../message.ts';
import { messageOf } from '../fixtures.ts';
import { type Letterhead, mailOf as mailSteps } from './content.ts';
import { noPython, readByPython } from './fixtures.ts';

const letterhead: Letterhead = {
  from: { name: 'mote', address: 'mote@mote.example' },
  to: ['ann@a.example', 'bob@b.example'],
};

const mailOf = (message: Message, from: Letterhead) => resultOf(mailSteps(message, from));

interface Read {
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

function read(mail: string): Read {
  const end = mail.indexOf('\r\n\r\n');
  const lines = mail
    .slice(0, end)
    .replaceAll(/\r\n(?=[ \t])/g, '')
    .split('\r\n');
  const headers = lines.map(
    (line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)] as const,
  );
  assert.equal(new Set(headers.map(([name]) => name)).size, headers.length, 'each header once');
  return { headers: new Map(headers), body: mail.slice(end + 4) };
}

/** Decodes RFC 2047 as mail programs do: blanks between encoded words are dropped. */
function decodeWords(value: string): string {
  return value
    .replaceAll(/\?= +=\?/g, '?==?')
    .replaceAll(/=\?UTF-8\?B\?([^?]*)\?=/g, (_, text: string) => Buffer.from(text, 'base64').toString());
}

function decodeBody(text: string): string {
  const bytes = text
    .replaceAll('=\r\n', '')
    .replaceAll(/=([\dA-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString();
}

function headersOf(fields: Partial<Message>, over: Partial<Letterhead> = {}): ReadonlyMap<string, string> {
  return read(mailOf(messageOf(fields), { ...letterhead, ...over })).headers;
}

test('a mail', () => {
  const message = messageOf({
    text: 'on web1\nand web2',
    url: 'https://a.example/?b=c',
    acceptedMs: 1_700_000_000_000,
  });
  assert.equal(
    mailOf(message, letterhead),
    [
      'From: mote <mote@mote.example>',
      'To: ann@a.example, bob@b.example',
      'Subject: Disk full',
      'Date: Tue, 14 Nov 2023 22:13:20 +0000',
      'Message-ID: <m-1@mote.example>',
      'Auto-Submitted: auto-generated',
      'MIME-Version: 1.0',
      'Content-Type: text/plain; charset=utf-8',
      'Content-Transfer-Encoding: quoted-printable',
      '',
      'on web1',
      'and web2',
      '',
      'https://a.example/?b=3Dc',
      '',
    ].join('\r\n'),
  );
});

describe('the subject', () => {
  const long = 'long '.repeat(100).trim();
  const cases: readonly [name: string, fields: Partial<Message>, subject: string][] = [
    ['is the title', { title: 'Disk full' }, 'Disk full'],
    ['in any script', { title: '磁盘已满 – «ü» 😀' }, '磁盘已满 – «ü» 😀'],
    ['long', { title: long }, long],
    ['long in another script', { title: '磁盘已满😀'.repeat(60) }, '磁盘已满😀'.repeat(60)],
    ['long without a space', { title: 'a'.repeat(1024) }, 'a'.repeat(1024)],
    ['that looks encoded', { title: '=?UTF-8?B?ZXZpbA==?=' }, '=?UTF-8?B?ZXZpbA==?='],
    ['without a title is the first line', { title: '', text: '\n first\nsecond' }, 'first'],
    ['of Markdown is plain text', { title: '', format: 'markdown', text: '# **first**\nsecond' }, 'first'],
    ['without a title is cut', { title: '', text: 'a'.repeat(100) }, `${'a'.repeat(79)}…`],
  ];
  for (const [name, fields, subject] of cases) {
    test(name, () => {
      assert.equal(decodeWords(headersOf(fields).get('Subject') ?? ''), subject);
      for (const line of mailOf(messageOf(fields), letterhead).split('\r\n'))
        assert.ok(line.length <= 78, line);
    });
  }
});

test('a message cannot begin a line of the header section', () => {
  const names = [...headersOf({ priority: 5, tags: ['a'] }).keys()];
  const text = fc.string({
    unit: fc.constantFrom('\r', '\n', '\0', ' ', ':', 'Bcc: a@b.example', 'ü', '=?', '\u2028'),
  });
  fc.assert(
    fc.property(text, text, text, (title, body, tag) => {
      const mail = mailOf(messageOf({ title, text: body, tags: [tag], priority: 5 }), letterhead);
      assert.match(mail, /^[\t\r\n\x20-\x7e]*$/);
      assert.doesNotMatch(mail, /[^\r]\n|\r[^\n]/);
      const { headers } = read(mail);
      assert.deepEqual([...headers.keys()], names);
      for (const value of headers.values()) assert.doesNotMatch(decodeWords(value), /[\p{Cc}\u2028\u2029]/u);
    }),
  );
});

test('lines keep to the recommended length', () => {
  const words = fc.string({ unit: fc.constantFrom('a', ' ', '磁', '😀', '.', '='), maxLength: 1000 });
  const to = Array.from({ length: 100 }, (_, i) => `a${i}@a.example`);
  fc.assert(
    fc.property(words, words, (title, text) => {
      const mail = mailOf(messageOf({ title, text, format: 'markdown', tags: ['磁'.repeat(20)] }), {
        ...letterhead,
        to,
      });
      for (const line of mail.split('\r\n')) assert.ok(line.length <= 78, line);
    }),
  );
});

test('text arrives unchanged', () => {
  const text = fc.string({
    unit: fc.constantFrom('a', ' ', '\n', '磁', '😀', '.', '=', '\t', '--=_alternative'),
  });
  fc.assert(
    fc.property(text, (value) => {
      const { body } = read(mailOf(messageOf({ title: 't', text: value }), letterhead));
      assert.equal(decodeBody(body), `${(value || 't').trimEnd()}\n`.replaceAll('\n', '\r\n'));
    }),
  );
});

describe('the sender', () => {
  const names = ['mote', '守', 'Ops, night', 'a "b" <c@d.example>', '=?UTF-8?B?eA==?=', 'x'.repeat(100)];
  for (const name of names) {
    test(`as ${name}`, () => {
      const from = headersOf({}, { from: { name, address: 'a@b.example' } }).get('From') ?? '';
      const [, shown = '', address] = /^([^<,"]*) <([^<>]*)>$/.exec(from) ?? [];
      assert.equal(decodeWords(shown), name);
      assert.equal(address, 'a@b.example');
    });
  }
  test('without a name', () => {
    assert.equal(headersOf({}, { from: { name: '', address: 'a@b.example' } }).get('From'), 'a@b.example');
  });
});

describe('the priority', () => {
  const cases: readonly [
    priority: Message['priority'],
    x: string | undefined,
    importance: string | undefined,
  ][] = [
    [1, '5', 'low'],
    [2, '4', 'low'],
    [3, undefined, undefined],
    [4, '2', 'high'],
    [5, '1', 'high'],
  ];
  for (const [priority, x, importance] of cases) {
    test(`${priority}`, () => {
      const headers = headersOf({ priority });
      assert.deepEqual([headers.get('X-Priority'), headers.get('Importance')], [x, importance]);
    });
  }
});

test('tags are keywords', () => {
  const keywords = headersOf({ tags: ['disk', 'two words', 'a,b', '磁'] }).get('Keywords') ?? '';
  assert.deepEqual(keywords.split(', ').map(decodeWords), ['disk', 'two words', 'a,b', '磁']);
});

describe('Markdown', () => {
  function partsOf(fields: Partial<Message>): string[] {
    const { headers, body } = read(mailOf(messageOf({ format: 'markdown', ...fields }), letterhead));
    const [, boundary = ''] =
      /^multipart\/alternative; boundary="(.*)"$/.exec(headers.get('Content-Type') ?? '') ?? [];
    assert.ok(boundary !== '' && body.endsWith(`\r\n--${boundary}--\r\n`));
    return body.slice(0, -`--${boundary}--\r\n`.length).split(`--${boundary}\r\n`).slice(1);
  }

  test('is sent as text and as HTML', () => {
    const [text = '', html = '', ...rest] = partsOf({
      title: 'a<b',
      text: '**磁**',
      url: 'https://a.example/?b&c',
    });
    assert.equal(rest.length, 0);
    assert.equal(read(text).headers.get('Content-Type'), 'text/plain; charset=utf-8');
    assert.equal(decodeBody(read(text).body), '**磁**\r\n\r\nhttps://a.example/?b&c\r\n');
    assert.equal(read(html).headers.get('Content-Type'), 'text/html; charset=utf-8');
    const lines = [
      '<!DOCTYPE html>',
      '<meta charset="utf-8">',
      '<title>a&lt;b</title>',
      '<p><strong>磁</strong></p>',
      '<p><a href="https://a.example/?b&amp;c">https://a.example/?b&amp;c</a></p>',
      '',
    ];
    assert.equal(decodeBody(read(html).body), lines.join('\r\n'));
  });

  test('that contains the boundary does not end a part', () => {
    assert.equal(partsOf({ text: '--=_alternative--\n--=_alternative\n' }).length, 2);
  });

  test('that cannot be parsed is sent as text only', () => {
    const headers = headersOf({ format: 'markdown', text: '> '.repeat(10_000) });
    assert.equal(headers.get('Content-Type'), 'text/plain; charset=utf-8');
  });
});

const PYTHON = `
import email, email.policy
def read(text):
    mail = email.message_from_bytes(text.encode(), policy=email.policy.default)
    plain = mail.get_body(("plain",))
    return {
        "defects": [str(d) for part in mail.walk() for d in part.defects],
        "from": [[a.display_name, a.addr_spec] for a in mail["from"].addresses],
        "to": [a.addr_spec for a in mail["to"].addresses],
        "subject": mail["subject"],
        "types": [part.get_content_type() for part in mail.walk()],
        # The end of the last line belongs to the boundary, where there is one.
        "plain": plain.get_content().replace("\\r\\n", "\\n").rstrip("\\n"),
    }
`;

test('Python reads the whole of any mail', { skip: noPython }, () => {
  const unit = fc.constantFrom(
    'a',
    'b',
    ' ',
    '\n',
    '磁',
    '😀',
    '.',
    '=',
    '=?',
    '<',
    '"',
    '@',
    ',',
    '*',
    '--',
    'From ',
  );
  const text = fc.string({ unit, minLength: 1, maxLength: 200 });
  const message = fc.record({ title: text, text, format: fc.constantFrom('text', 'markdown'), name: text });
  const samples = fc.sample(message, 200).map((one) => ({
    ...one,
    // What ends words and lines is read in many ways; that it stays inside is tested above.
    title: `x${one.title.replace(/\s+/g, ' ')}x`,
    name: `x${one.name.replace(/\s+/g, ' ')}x`,
    text: `x${one.text}x`,
  }));
  const mails = samples.map(({ name, ...fields }) =>
    mailOf(messageOf(fields as Partial<Message>), { ...letterhead, from: { name, address: 'a@b.example' } }),
  );
  const read = readByPython(PYTHON, mails);
  const expected = samples.map(({ title, text: body, format, name }) => ({
    defects: [],
    from: [[name, 'a@b.example']],
    to: letterhead.to,
    subject: title,
    types: format === 'text' ? ['text/plain'] : ['multipart/alternative', 'text/plain', 'text/html'],
    plain: body,
  }));
  assert.deepEqual(read, expected);
});
