import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  type AccessLog,
  accessLog,
  droppedNotice,
  eventLog,
  type LoggedHead,
  type LoggedResponse,
} from './log.ts';
import { redact } from './log-text.ts';

type AccessEntry = LoggedHead & LoggedResponse;

const entry: AccessEntry = {
  client: '192.0.2.7',
  method: 'GET',
  target: '/a%20b?x=1',
  httpVersion: '1.1',
  status: 200,
  bodyBytes: 1234,
  durationMs: 1.23456,
};

/** 10 October 2000, 13:55:36.042 UTC. */
const WHEN_MS = Date.UTC(2000, 9, 10, 13, 55, 36, 42);

/** A sink that keeps its lines. */
function collector() {
  const lines: string[] = [];
  return { lines, write: (line: string) => void lines.push(line) };
}

function write(log: AccessLog | undefined, line: AccessEntry): void {
  log?.write(log.describe(line), line);
}

function logged(format: 'combined' | 'json', fields: Partial<AccessEntry> = {}): string {
  const sink = collector();
  write(
    accessLog(format, sink, () => WHEN_MS),
    { ...entry, ...fields },
  );
  assert.equal(sink.lines.length, 1);
  return sink.lines[0] as string;
}

const before = '192.0.2.7 - - [10/Oct/2000:13:55:36 +0000] ';

const combinedCases: readonly [name: string, fields: Partial<AccessEntry>, line: string][] = [
  ['nothing optional', {}, `${before}"GET /a%20b?x=1 HTTP/1.1" 200 1234 "-" "-"`],
  [
    'everything',
    { user: 'ann', referer: 'http://x.example/', userAgent: 'Mozilla/5.0 (X11)', host: 'x.example' },
    '192.0.2.7 - ann [10/Oct/2000:13:55:36 +0000] "GET /a%20b?x=1 HTTP/1.1" 200 1234 "http://x.example/" "Mozilla/5.0 (X11)"',
  ],
  ['unix socket', { client: '' }, `-${before.slice(9)}"GET /a%20b?x=1 HTTP/1.1" 200 1234 "-" "-"`],
  ['empty body', { bodyBytes: 0, status: 304 }, `${before}"GET /a%20b?x=1 HTTP/1.1" 304 0 "-" "-"`],
  ['no answer', { bodyBytes: 0, status: 0 }, `${before}"GET /a%20b?x=1 HTTP/1.1" 000 0 "-" "-"`],
  [
    'quotes and backslashes',
    { userAgent: 'a"b\\c' },
    `${before}"GET /a%20b?x=1 HTTP/1.1" 200 1234 "-" "a\\"b\\\\c"`,
  ],
  [
    'a forged line',
    { userAgent: 'x"\n192.0.2.1 - root' },
    `${before}"GET /a%20b?x=1 HTTP/1.1" 200 1234 "-" "x\\"\\x0a192.0.2.1 - root"`,
  ],
  [
    'controls, DEL, bytes above ASCII',
    { referer: '\x00\x1b[31m\x7f\x85\xff' },
    `${before}"GET /a%20b?x=1 HTTP/1.1" 200 1234 "\\x00\\x1b[31m\\x7f\\x85\\xff" "-"`,
  ],
  [
    'characters above a byte, lone surrogates',
    { target: '/€\ud800' },
    `${before}"GET /\\xe2\\x82\\xac\\xef\\xbf\\xbd HTTP/1.1" 200 1234 "-" "-"`,
  ],
  [
    'a user name with spaces and quotes',
    { user: 'a b"' },
    '192.0.2.7 - a\\x20b\\" [10/Oct/2000:13:55:36 +0000] "GET /a%20b?x=1 HTTP/1.1" 200 1234 "-" "-"',
  ],
];

describe('combined format', () => {
  for (const [name, fields, line] of combinedCases) {
    test(name, () => assert.equal(logged('combined', fields), line));
  }

  test('the time moves on', () => {
    const sink = collector();
    let ms = WHEN_MS;
    const log = accessLog('combined', sink, () => ms);
    for (const step of [0, 957, 1, 86_400_000]) {
      ms += step;
      write(log, entry);
    }
    assert.deepEqual(
      sink.lines.map((line) => /\[(.*) \+0000\]/.exec(line)?.[1]),
      ['10/Oct/2000:13:55:36', '10/Oct/2000:13:55:36', '10/Oct/2000:13:55:37', '11/Oct/2000:13:55:37'],
    );
  });

  const line =
    /^[!-~]+ - [!-~]+ \[\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000\] "(?:[^"\\]|\\.)*" \d{3} \d+ "(?:[^"\\]|\\.)*" "(?:[^"\\]|\\.)*"$/;
  test('no client can break a line', () => {
    fc.assert(
      fc.property(hostileEntry(), (fields) => {
        const text = logged('combined', fields);
        assert.match(text, line);
        assert.match(text, /^[ -~]+$/);
      }),
    );
  });
});

function hostileEntry() {
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: fc.constantFrom('"', '\\', '\n', '\r', ' ', '\x85', '\u2028', '\ud800', '?', '=') }),
  );
  return fc.record({ client: text, user: text, method: text, target: text, referer: text, userAgent: text });
}

describe('JSON format', () => {
  test('nothing optional', () => {
    assert.equal(
      logged('json'),
      '{"time":"2000-10-10T13:55:36.042Z","client":"192.0.2.7","method":"GET","target":"/a%20b?x=1",' +
        '"http":"1.1","status":200,"bytes":1234,"duration_ms":1.235}',
    );
  });

  test('everything', () => {
    const fields = { user: 'ann', host: 'x.example', referer: 'http://x.example/', userAgent: 'curl/8' };
    const { user, host, referer, user_agent } = JSON.parse(logged('json', fields));
    assert.deepEqual({ user, host, referer, userAgent: user_agent }, fields);
  });

  test('is one line of ASCII that gives back what the client sent', () => {
    fc.assert(
      fc.property(hostileEntry(), (fields) => {
        const text = logged('json', fields);
        assert.match(text, /^[ -~]+$/);
        const back = JSON.parse(text);
        assert.equal(back.client, fields.client);
        assert.equal(back.user ?? '', fields.user);
        assert.equal(back.user_agent ?? '', fields.userAgent);
        assert.equal(back.target, redact(fields.target));
      }),
    );
  });
});

test('off means no access log', () => {
  assert.equal(accessLog('off', { write: () => assert.fail('written') }), undefined);
});

const redactions: readonly [name: string, text: string, expected: string][] = [
  ['no query', '/token=x', '/token=x'],
  ['harmless', '/?a=1&b=2', '/?a=1&b=2'],
  ['token', '/?token=s3cret', '/?token=***'],
  ['key among others', '/x?a=1&key=s3cret&b=2', '/x?a=1&key=***&b=2'],
  ['several', '/?password=a&access_token=b', '/?password=***&access_token=***'],
  ['of the dialects of notify', '/?auth=a&device_key=b', '/?auth=***&device_key=***'],
  ['upper case', '/?Access_Token=s3cret', '/?Access_Token=***'],
  ['encoded name', '/?%74oken=s3cret', '/?%74oken=***'],
  ['semicolons', '/?a=1;token=s3cret;b', '/?a=1;token=***;b'],
  ['value with = and ?', '/?token=a=b?c&d=e', '/?token=***&d=e'],
  ['empty value', '/?token=', '/?token=***'],
  ['second question mark', '/?a?token=s3cret', '/?a?token=***'],
  ['name that only ends so', '/?monkey=1', '/?monkey=1'],
  ['malformed encoding', '/?%zz=1&%E0=2', '/?%zz=1&%E0=2'],
  ['absolute URL', 'https://x.example/?token=s3cret', 'https://x.example/?token=***'],
  ['userinfo', 'http://ann:s3cret@x.example/a', 'http://***@x.example/a'],
  ['userinfo with @', 'http://ann:s3@cret@x.example/', 'http://***@x.example/'],
  ['@ in a path', 'http://x.example/@ann', 'http://x.example/@ann'],
];

describe('secrets', () => {
  for (const [name, text, expected] of redactions) test(name, () => assert.equal(redact(text), expected));

  test('are struck out of every kind of line', () => {
    const sink = collector();
    const secrets = { target: '/?token=s3cret', referer: 'http://u:s3cret@x.example/?key=s3cret' };
    write(accessLog('combined', sink), { ...entry, ...secrets });
    write(accessLog('json', sink), { ...entry, ...secrets });
    eventLog(sink, 'combined')('error', 'failed /?key=s3cret', secrets);
    eventLog(sink, 'json')('error', 'failed /?key=s3cret', secrets);
    assert.equal(sink.lines.length, 4);
    for (const line of sink.lines) assert.doesNotMatch(line, /s3cret/);
  });

  test('take linear time to find', () => {
    const started = performance.now();
    for (const piece of ['a', '=', '?', '&', '://', '%', '@']) redact(`?${piece.repeat(500_000)}`);
    assert.ok(performance.now() - started < 5000);
  });
});

describe('events', () => {
  const events = (format: 'combined' | 'json' | 'off'): string[] => {
    const sink = collector();
    const log = eventLog(sink, format, () => WHEN_MS);
    log('info', 'mote serves "web_root"');
    log('warn', 'cut', { target: '/a\nb', bytes: 5, early: true, reason: undefined });
    return sink.lines;
  };
  const text = [
    '2000-10-10T13:55:36.042Z info mote serves \\"web_root\\"',
    '2000-10-10T13:55:36.042Z warn cut target="/a\\nb" bytes=5 early=true',
  ];

  test('are text beside the combined format', () => assert.deepEqual(events('combined'), text));
  test('are written without an access log too', () => assert.deepEqual(events('off'), text));
  test('are JSON beside JSON', () => {
    assert.deepEqual(events('json'), [
      '{"time":"2000-10-10T13:55:36.042Z","level":"info","message":"mote serves \\"web_root\\""}',
      '{"time":"2000-10-10T13:55:36.042Z","level":"warn","message":"cut","target":"/a\\nb","bytes":5,"early":true}',
    ]);
  });

  test('count the lines lost', () => {
    const notice = droppedNotice('combined', () => WHEN_MS);
    assert.equal(notice(7), '2000-10-10T13:55:36.042Z warn 7 log lines dropped');
    assert.equal(JSON.parse(droppedNotice('json')(7)).message, '7 log lines dropped');
  });
});
