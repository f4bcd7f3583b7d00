import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { describe, type TestContext, test } from 'node:test';
import fc from 'fast-check';
import {
  type AccessEntry,
  accessLog,
  BATCH_BYTES,
  BATCH_DELAY_MS,
  createLineSink,
  droppedNotice,
  eventLog,
  FLUSH_TIMEOUT_MS,
  FULL_DISK_PAUSE_MS,
  type LineStream,
  MAX_QUEUED_BYTES,
  redact,
} from './log.ts';

const describeDropped = (count: number): string => `${count} lost`;

/** A stream that takes everything and keeps what its reader has not read in `writableLength`. */
class SlowStream implements LineStream {
  text = '';
  writes = 0;
  writableLength = 0;
  stalled = false;
  throwing: Error | undefined;
  #onError: (error: NodeJS.ErrnoException) => void = () => assert.fail('nobody listens for errors');

  write(chunk: string): boolean {
    if (this.throwing) throw this.throwing;
    this.text += chunk;
    this.writes += 1;
    if (this.stalled) this.writableLength += chunk.length;
    return !this.stalled;
  }

  on(_event: 'error', listener: (error: NodeJS.ErrnoException) => void): void {
    this.#onError = listener;
  }

  fail(code: string): void {
    this.#onError(Object.assign(new Error(code), { code }));
  }
}

function setUp(t: TestContext, maxQueuedBytes?: number) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const stream = new SlowStream();
  const sink = createLineSink(stream, {
    describeDropped,
    ...(maxQueuedBytes !== undefined && { maxQueuedBytes }),
  });
  return { stream, sink, tick: (ms: number) => t.mock.timers.tick(ms) };
}

describe('batches', () => {
  test('lines wait and leave in one write', (t) => {
    const { stream, sink, tick } = setUp(t);
    sink.write('a');
    sink.write('b');
    tick(BATCH_DELAY_MS - 1);
    assert.equal(stream.text, '');
    tick(1);
    assert.equal(stream.text, 'a\nb\n');
    assert.equal(stream.writes, 1);
  });

  test('a full batch leaves at once', (t) => {
    const { stream, sink } = setUp(t);
    sink.write('x'.repeat(BATCH_BYTES - 2));
    assert.equal(stream.writes, 0);
    sink.write('');
    assert.equal(stream.text.length, BATCH_BYTES);
  });

  test('the next batch gets its own delay', (t) => {
    const { stream, sink, tick } = setUp(t);
    sink.write('a');
    tick(BATCH_DELAY_MS);
    sink.write('b');
    tick(BATCH_DELAY_MS);
    assert.equal(stream.text, 'a\nb\n');
  });
});

describe('a slow reader', () => {
  test('never makes more than the limit wait', (t) => {
    const { stream, sink, tick } = setUp(t);
    stream.stalled = true;
    for (let i = 0; i < 20_000; i++) sink.write('x'.repeat(99));
    tick(BATCH_DELAY_MS);
    assert.ok(stream.writableLength <= MAX_QUEUED_BYTES);
    assert.equal(sink.droppedLines, 20_000 - stream.writableLength / 100);
  });

  test('gets one notice when half of the room is free again, before the next line', (t) => {
    const { stream, sink, tick } = setUp(t, 100);
    stream.stalled = true;
    sink.write('x'.repeat(89));
    for (let i = 0; i < 3; i++) sink.write('y'.repeat(19));
    tick(BATCH_DELAY_MS);
    assert.equal(stream.text, `${'x'.repeat(89)}\n`);
    stream.writableLength = 40;
    sink.write('too long for half of the room');
    stream.writableLength = 0;
    sink.write('z');
    tick(BATCH_DELAY_MS);
    assert.equal(stream.text.slice(90), '4 lost\nz\n');
    assert.equal(sink.droppedLines, 4);
  });

  test('gets the notice even if no line follows', (t) => {
    const { stream, sink, tick } = setUp(t, 10);
    sink.write('longer than ten');
    tick(BATCH_DELAY_MS);
    assert.equal(stream.text, '1 lost\n');
  });

  test('holds up a flush for its time limit and no longer', async () => {
    const stream = new SlowStream();
    stream.stalled = true;
    const sink = createLineSink(stream, { describeDropped });
    sink.write('a');
    const started = performance.now();
    await sink.flush(40);
    const elapsed = performance.now() - started;
    assert.equal(stream.text, 'a\n');
    assert.ok(elapsed >= 30 && elapsed < 40 + FLUSH_TIMEOUT_MS, `${elapsed} ms`);
  });
});

describe('errors of the stream', () => {
  for (const code of ['EPIPE', 'EBADF', 'ERR_STREAM_DESTROYED']) {
    test(`${code} stops the log`, (t) => {
      const { stream, sink, tick } = setUp(t);
      sink.write('a');
      tick(BATCH_DELAY_MS);
      stream.fail(code);
      sink.write('b');
      tick(FULL_DISK_PAUSE_MS * 2);
      assert.equal(stream.text, 'a\n');
      assert.equal(sink.droppedLines, 2);
    });
  }

  test('a full disk pauses the log, which then says what is missing', (t) => {
    const { stream, sink, tick } = setUp(t);
    sink.write('a');
    tick(BATCH_DELAY_MS);
    sink.write('b');
    stream.fail('ENOSPC');
    stream.fail('ENOSPC');
    sink.write('c');
    tick(FULL_DISK_PAUSE_MS - 1);
    assert.equal(stream.text, 'a\n');
    tick(1);
    sink.write('d');
    tick(BATCH_DELAY_MS);
    assert.equal(stream.text, 'a\n3 lost\nd\n');
  });

  test('a reader that leaves during the pause stops the log', (t) => {
    const { stream, sink, tick } = setUp(t);
    stream.fail('ENOSPC');
    stream.fail('EPIPE');
    tick(FULL_DISK_PAUSE_MS);
    sink.write('a');
    tick(BATCH_DELAY_MS);
    assert.equal(stream.text, '');
  });

  test('a stream that throws does not take its writer along', (t) => {
    const { stream, sink } = setUp(t);
    stream.throwing = new Error('closed');
    sink.write('x'.repeat(BATCH_BYTES));
    assert.equal(sink.droppedLines, 1);
  });

  test('a real stream that fails neither throws nor leaves an unhandled error', async () => {
    const broken = new Writable({ write: (_chunk, _encoding, done) => done(new Error('gone')) });
    const sink = createLineSink(broken, { describeDropped });
    sink.write('a');
    await sink.flush();
    await new Promise((resolve) => setImmediate(resolve));
    sink.write('b');
    await sink.flush();
    assert.equal(sink.droppedLines, 2);
  });
});

test('flush waits for a real stream', async () => {
  let written = '';
  const slow = new Writable({
    write(chunk, _encoding, done) {
      setTimeout(() => {
        written += chunk;
        done();
      }, 25);
    },
  });
  const sink = createLineSink(slow, { describeDropped });
  sink.write('a');
  await sink.flush();
  assert.equal(written, 'a\n');
});

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

function logged(format: 'combined' | 'json', fields: Partial<AccessEntry> = {}, ms = WHEN_MS): string {
  const lines: string[] = [];
  accessLog(format, { write: (line) => lines.push(line) }, () => ms)?.({ ...entry, ...fields });
  assert.equal(lines.length, 1);
  return lines[0] as string;
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
    `${before}"GET /\\xe2\\x82\\xac\\xef\\xbf\\xbd\\x20 HTTP/1.1" 200 1234 "-" "-"`.replace('\\x20', ''),
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
    const lines: string[] = [];
    let ms = WHEN_MS;
    const log = accessLog('combined', { write: (line) => lines.push(line) }, () => ms);
    for (const step of [0, 957, 1, 86_400_000]) {
      ms += step;
      log?.(entry);
    }
    assert.deepEqual(
      lines.map((line) => line.slice(14, 42)),
      ['10/Oct/2000:13:55:36', '10/Oct/2000:13:55:36', '10/Oct/2000:13:55:37', '11/Oct/2000:13:55:37'].map(
        (time) => ` [${time} +0000]`.slice(1, 29),
      ),
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
    const lines: string[] = [];
    const sink = { write: (line: string) => lines.push(line) };
    const secrets = { target: '/?token=s3cret', referer: 'http://u:s3cret@x.example/?key=s3cret' };
    accessLog('combined', sink)?.({ ...entry, ...secrets });
    accessLog('json', sink)?.({ ...entry, ...secrets });
    eventLog(sink, 'combined')('error', 'failed /?key=s3cret', secrets);
    eventLog(sink, 'json')('error', 'failed /?key=s3cret', secrets);
    assert.equal(lines.length, 4);
    for (const line of lines) assert.doesNotMatch(line, /s3cret/);
  });

  test('take linear time to find', () => {
    const started = performance.now();
    for (const piece of ['a', '=', '?', '&', '://', '%', '@']) redact(`?${piece.repeat(500_000)}`);
    assert.ok(performance.now() - started < 5000);
  });
});

describe('events', () => {
  const events = (format: 'combined' | 'json' | 'off'): string[] => {
    const lines: string[] = [];
    const log = eventLog({ write: (line) => lines.push(line) }, format, () => WHEN_MS);
    log('info', 'mote serves "web_root"');
    log('warn', 'cut', { target: '/a\nb', bytes: 5, early: true, reason: undefined });
    return lines;
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
    assert.equal(
      droppedNotice('combined', () => WHEN_MS)(7),
      '2000-10-10T13:55:36.042Z warn 7 log lines dropped',
    );
    assert.equal(JSON.parse(droppedNotice('json')(7)).message, '7 log lines dropped');
  });
});
