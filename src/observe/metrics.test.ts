import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Plan, RequestFacts } from '../http/types.ts';
import {
  type Counts,
  countsOfEnded,
  createMetrics,
  DURATION_BUCKETS_SECONDS,
  type Metrics,
  metricsStage,
} from './metrics.ts';

interface Family {
  readonly type: string;
  /** From the sample with its labels, as written, to its value. */
  readonly samples: Map<string, number>;
}

/** A strict reader of the text exposition format 0.0.4: HELP, TYPE and samples of one family in a row. */
function parseExposition(text: string): Map<string, Family> {
  assert.ok(text.endsWith('\n'), 'the last line ends with a line feed');
  const families = new Map<string, Family>();
  let helped = '';
  let current = '';
  for (const line of text.slice(0, -1).split('\n')) {
    const comment = /^# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) ([^\n]+)$/.exec(line);
    if (comment) {
      const [, kind, name = '', rest = ''] = comment;
      if (kind === 'HELP') helped = name;
      else {
        assert.equal(name, helped, 'TYPE follows its HELP');
        assert.match(rest, /^(counter|gauge|histogram)$/);
        assert.ok(!families.has(name), `${name} appears once`);
        families.set(name, { type: rest, samples: new Map() });
        current = name;
      }
      continue;
    }
    addSample(line, current, families.get(current));
  }
  return families;
}

const samplePattern =
  /^(([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{[a-z_]+="(?:[^"\\\n]|\\["\\n])*"\})?) (\d+(?:\.\d+)?(?:e[+-]\d+)?|\+Inf)$/;

function addSample(line: string, current: string, family: Family | undefined): void {
  const [, sample = '', name = '', value] = samplePattern.exec(line) ?? assert.fail(`not a sample: ${line}`);
  const suffix = name.slice(current.length);
  const allowed = family?.type === 'histogram' ? ['_bucket', '_sum', '_count'] : [''];
  assert.ok(name.startsWith(current) && allowed.includes(suffix), `${name} does not belong to ${current}`);
  assert.ok(!family?.samples.has(sample), `${sample} appears once`);
  family?.samples.set(sample, Number(value));
}

function setUp(): { metrics: Metrics; read: (name: string) => ReadonlyMap<string, number> } {
  const metrics = createMetrics({ version: '1.2.3', droppedLogLines: () => 42 });
  const read = (name: string) =>
    parseExposition(metrics.render()).get(name)?.samples ?? assert.fail(`no ${name}`);
  return { metrics, read };
}

function finish(metrics: Metrics, status: number, bodyBytes: number, durationMs: number): void {
  metrics.requestStarted();
  metrics.requestEnded(status, bodyBytes, durationMs);
}

describe('exposition', () => {
  test('has these families', () => {
    const families = parseExposition(setUp().metrics.render());
    assert.deepEqual(
      [...families].map(([name, { type }]) => `${type} ${name}`),
      [
        'counter mote_http_requests_total',
        'counter mote_http_response_body_bytes_total',
        'gauge mote_http_requests_in_flight',
        'histogram mote_http_request_duration_seconds',
        'gauge mote_connections',
        'counter mote_log_lines_dropped_total',
        'gauge mote_build_info',
        'gauge process_resident_memory_bytes',
        'counter process_cpu_seconds_total',
        'gauge process_start_time_seconds',
      ],
    );
  });

  test('stays well-formed when numbers get large', () => {
    const { metrics, read } = setUp();
    finish(metrics, 200, 3e21, 1e-9);
    assert.deepEqual([...read('mote_http_response_body_bytes_total').values()], [3e21]);
  });
});

describe('requests', () => {
  test('by class of status', () => {
    const { metrics, read } = setUp();
    for (const status of [200, 206, 304, 404, 416, 499, 500, 0]) finish(metrics, status, 0, 1);
    assert.deepEqual(Object.fromEntries(read('mote_http_requests_total')), {
      'mote_http_requests_total{code="none"}': 1,
      'mote_http_requests_total{code="1xx"}': 0,
      'mote_http_requests_total{code="2xx"}': 2,
      'mote_http_requests_total{code="3xx"}': 1,
      'mote_http_requests_total{code="4xx"}': 3,
      'mote_http_requests_total{code="5xx"}': 1,
    });
  });

  test('bytes, in flight, connections', () => {
    const { metrics, read } = setUp();
    finish(metrics, 200, 1000, 1);
    finish(metrics, 200, 24, 1);
    metrics.requestStarted();
    for (let i = 0; i < 3; i++) metrics.connectionOpened();
    metrics.connectionClosed();
    const only = (name: string) => read(name).get(name);
    assert.equal(only('mote_http_response_body_bytes_total'), 1024);
    assert.equal(only('mote_http_requests_in_flight'), 1);
    assert.equal(only('mote_connections'), 2);
  });
});

describe('duration histogram', () => {
  const name = 'mote_http_request_duration_seconds';
  const bucketCases: readonly [name: string, durationMs: number, firstBucket: string][] = [
    ['nothing', 0, '0.0005'],
    ['on a bound', 1, '0.001'],
    ['just over a bound', 1.01, '0.0025'],
    ['on the last bound', 60_000, '60'],
    ['over all bounds', 60_001, '+Inf'],
  ];
  for (const [caseName, durationMs, firstBucket] of bucketCases) {
    test(`${caseName}: from le="${firstBucket}" on`, () => {
      const { metrics, read } = setUp();
      finish(metrics, 200, 0, durationMs);
      const filled = [...read(name)].filter(([sample, count]) => sample.includes('_bucket') && count === 1);
      const bounds = [...DURATION_BUCKETS_SECONDS.map(String), '+Inf'];
      const expected = bounds.slice(bounds.indexOf(firstBucket));
      assert.deepEqual(
        filled.map(([sample]) => sample),
        expected.map((bound) => `${name}_bucket{le="${bound}"}`),
      );
    });
  }

  test('buckets are cumulative; sum is in seconds; count is the last bucket', () => {
    const { metrics, read } = setUp();
    for (const ms of [0.1, 0.7, 20, 250, 250, 100_000]) finish(metrics, 200, 0, ms);
    const samples = read(name);
    const counts = [...samples].filter(([sample]) => sample.includes('_bucket')).map(([, count]) => count);
    assert.deepEqual(counts, [1, 2, 2, 2, 2, 3, 3, 3, 5, 5, 5, 5, 5, 5, 5, 6]);
    assert.equal(samples.get(`${name}_count`), 6);
    assert.ok(Math.abs((samples.get(`${name}_sum`) as number) - 100.5208) < 1e-9);
  });
});

test('the process and the build', () => {
  const { read } = setUp();
  const only = (name: string) => read(name).get(name) as number;
  assert.ok(only('process_resident_memory_bytes') > 1e6);
  assert.ok(only('process_cpu_seconds_total') > 0);
  assert.ok(Math.abs(only('process_start_time_seconds') - (Date.now() / 1000 - process.uptime())) < 1);
  assert.equal(only('mote_log_lines_dropped_total'), 42);
  assert.deepEqual([...read('mote_build_info')], [['mote_build_info{version="1.2.3"}', 1]]);
});

describe('stage', () => {
  const ask = (method: string, path: string): Plan | undefined => {
    const stage = metricsStage('/metrics', { render: () => 'x 1\n' });
    const facts: RequestFacts = { method, target: path, path, query: '', headers: {}, client: '' };
    const plan = stage(facts);
    assert.ok(!(plan instanceof Promise));
    return plan;
  };

  for (const method of ['GET', 'HEAD']) {
    test(method, () => {
      assert.deepEqual(ask(method, '/metrics'), {
        status: 200,
        headers: [
          'Content-Type',
          'text/plain; version=0.0.4; charset=utf-8',
          'Content-Length',
          '4',
          'Cache-Control',
          'no-store',
        ],
        body: { kind: 'text', text: 'x 1\n' },
      });
    });
  }

  test('other methods are refused', () => {
    const plan = ask('POST', '/metrics');
    assert.equal(plan?.status, 405);
    assert.match(plan?.headers.join(' ') ?? '', /Allow GET, HEAD/);
  });

  test('other paths are not its own', () => {
    for (const path of ['/', '/metrics/', '/metric', '/Metrics']) assert.equal(ask('GET', path), undefined);
  });
});

test('the counts of other processes are added, and those of ended ones keep what they counted', () => {
  const one = setUp().metrics;
  const other = setUp().metrics;
  for (const metrics of [one, other]) finish(metrics, 200, 10, 3);
  finish(other, 404, 5, 3);
  other.requestStarted();
  other.connectionOpened();
  const families = (others: readonly Counts[]) => parseExposition(one.render(others));
  const value = (others: readonly Counts[], name: string, sample = name) =>
    families(others).get(name)?.samples.get(sample);
  const living = [other.counts()];
  const ended = living.map(countsOfEnded);
  for (const others of [living, ended]) {
    assert.equal(value(others, 'mote_http_requests_total', 'mote_http_requests_total{code="2xx"}'), 2);
    assert.equal(value(others, 'mote_http_requests_total', 'mote_http_requests_total{code="4xx"}'), 1);
    assert.equal(value(others, 'mote_http_response_body_bytes_total'), 25);
    assert.equal(value(others, 'mote_log_lines_dropped_total'), 84);
    const durations = 'mote_http_request_duration_seconds';
    assert.equal(value(others, durations, `${durations}_count`), 3);
    assert.equal(value(others, durations, `${durations}_bucket{le="0.005"}`), 3);
  }
  assert.deepEqual(
    [value(living, 'mote_connections'), value(living, 'mote_http_requests_in_flight')],
    [1, 1],
  );
  assert.deepEqual([value(ended, 'mote_connections'), value(ended, 'mote_http_requests_in_flight')], [0, 0]);
});
