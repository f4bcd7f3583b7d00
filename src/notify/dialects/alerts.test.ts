import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { resultOf } from '../../util/turns.ts';
import { MAX_TEXT_BYTES } from '../api/draft.ts';
import { htmlOf } from '../channels/smtp/markdown.ts';
import { readableOf } from '../channels/text/readable.ts';
import { MAX_ALERTS, parseAlertGroup } from './alert-group.ts';
import { alertText, alertTitle, MAX_ALERTS_BYTES } from './alert-text.ts';
import { ANN, BOB, basic, bearer, NOBODY, openDialects } from './fixtures.ts';
import { REPEAT_WINDOW_MS } from './repeats.ts';

const PATH = '/notify/alertmanager';
const START = '2026-01-02T03:04:05.678Z';
const NONE = '0001-01-01T00:00:00Z';

/** One alert as Alertmanager tells of it. */
function alertOf(instance: string, over: object = {}) {
  return {
    status: 'firing',
    labels: { alertname: 'DiskFull', cluster: 'eu', severity: 'critical', instance },
    annotations: { summary: `The disk of ${instance} is full`, description: '99 % used' },
    startsAt: START,
    endsAt: NONE,
    generatorURL: 'http://p.example/graph?g0.expr=rate(x)',
    fingerprint: instance,
    ...over,
  };
}
const ended = { status: 'resolved', endsAt: '2026-01-02T05:14:05Z' };

function groupOf(alerts: readonly object[], over: object = {}) {
  return {
    version: '4',
    groupKey: '{}:{alertname="DiskFull"}',
    status: 'firing',
    receiver: 'mote',
    truncatedAlerts: 0,
    groupLabels: { alertname: 'DiskFull', cluster: 'eu' },
    externalURL: 'http://am.example',
    commonLabels: { alertname: 'DiskFull', cluster: 'eu', severity: 'critical' },
    commonAnnotations: {},
    alerts,
    ...over,
  };
}

function readable(value: object) {
  const group = parseAlertGroup(new Map(Object.entries(value)));
  assert.ok(group.ok);
  return { title: alertTitle(group.value), text: alertText(group.value) };
}

describe('readable', () => {
  test('one that fires', () => {
    const { title, text } = readable(groupOf([alertOf('web-1')]));
    assert.equal(title, '[FIRING:1] critical DiskFull: The disk of web-1 is full');
    assert.equal(
      text.replaceAll('  \n', '\n'),
      `The disk of web-1 is full
99 % used
cluster=eu, severity=critical, instance=web-1
**Firing**: since 2026-01-02 03:04 UTC

[all alerts](http://am.example)`,
    );
  });

  test('one that is over', () => {
    const { title, text } = readable(groupOf([alertOf('web-1', ended)]));
    assert.equal(title, '[RESOLVED:1] DiskFull: The disk of web-1 is full');
    assert.match(text, /^\*\*Resolved\*\*: ended 2026-01-02 05:14 UTC, after 2 h 10 min$/m);
  });

  test('a line for each of several, and nothing twice', () => {
    const alerts = [
      alertOf('web-1', { annotations: { summary: 'full', description: 'two\nlines' } }),
      alertOf('web-2', { values: { B: 97.5 }, dashboardURL: 'http://g.example/d' }),
      alertOf('web-3', ended),
    ];
    assert.equal(
      readable(groupOf(alerts)).text,
      `**Firing (2)**

- **instance=web-1**: full, two, lines · since 2026-01-02 03:04 UTC
- **instance=web-2**: The disk of web-2 is full, 99 % used · B=97.5 · since 2026-01-02 03:04 UTC · [dashboard](http://g.example/d)

**Resolved (1)**

- **instance=web-3**: The disk of web-3 is full, 99 % used · ended 2026-01-02 05:14 UTC, after 2 h 10 min

cluster=eu, severity=critical`,
    );
  });

  test('names where they differ, or nothing else does', () => {
    const group = groupOf([{ labels: { alertname: 'A', job: 'x' } }, { labels: { alertname: 'B' } }, {}], {
      commonLabels: {},
    });
    assert.equal(readable(group).text, '**Firing (3)**\n\n- **A job=x**\n- **B**\n- **alert**');
  });

  test('where nothing renders Markdown', () => {
    const { text } = readable(groupOf([alertOf('web-1'), alertOf('web-2', ended)]));
    assert.equal(
      resultOf(readableOf(text)),
      `Firing (1)

- instance=web-1: The disk of web-1 is full, 99 % used · since 2026-01-02 03:04 UTC

Resolved (1)

- instance=web-2: The disk of web-2 is full, 99 % used · ended 2026-01-02 05:14 UTC, after 2 h 10 min

cluster=eu, severity=critical`,
    );
  });

  test('those that fire before those that have ended, and what all share once', () => {
    const shared = { description: '99 % used' };
    const alerts = [alertOf('web-1', ended), alertOf('web-2'), alertOf('web-3')];
    const { title, text } = readable(groupOf(alerts, { commonAnnotations: shared }));
    assert.equal(title, '[FIRING:2, RESOLVED:1] critical DiskFull (cluster=eu)');
    assert.deepEqual(text.match(/\*\*.*?\*\*|99 % used|ended .*/g), [
      '99 % used',
      '**Firing (2)**',
      '**instance=web-2**',
      '**instance=web-3**',
      '**Resolved (1)**',
      '**instance=web-1**',
      'ended 2026-01-02 05:14 UTC, after 2 h 10 min',
    ]);
  });

  test('annotations that were made for mail', () => {
    const summary = '<p>CPU <b>99 %</b> on <a href="http://r.example/">node</a></p>';
    const { title, text } = readable(
      groupOf([alertOf('a', { annotations: { summary, description: 'a <nil> < b' } })]),
    );
    assert.equal(title, '[FIRING:1] critical DiskFull: CPU 99 % on node (http://r.example/)');
    assert.match(text, /^CPU 99 % on node \(http:\/\/r\.example\/\) {2}\na <nil> < b {2}\n/);
    const shared = { commonAnnotations: { summary } };
    assert.match(readable(groupOf([alertOf('a'), alertOf('b')], shared)).text, /^CPU 99 % on node/);
  });

  test('measured values are rounded', () => {
    const { text } = readable(groupOf([alertOf('a', { values: { B: 44.23943737541908, C: 1, D: '0.10' } })]));
    assert.match(text, /^Values: B=44\.2394, C=1, D=0\.10 {2}$/m);
    const bytes = readable(groupOf([alertOf('a', { values: { B: 123_456_789, C: 1_234_567.5 } })]));
    assert.match(bytes.text, /^Values: B=123456789, C=1234568 {2}$/m);
  });

  test('labels are no Markdown', () => {
    const labels = {
      alertname: '_Up_',
      job: '__node__',
      match: 'a.*b*',
      dir: 'C:\\[x](y)',
      at: 'http://h/_x_',
    };
    const texts = [
      readable(groupOf([{ labels }])).text,
      readable(groupOf([{ labels }, { labels: { ...labels, job: 'x' } }], { commonLabels: {} })).text,
    ];
    for (const text of texts) {
      assert.match(
        resultOf(readableOf(text)),
        /job=__node__, match=a\.\*b\*, dir=C:\\\[x\]\(y\), at=http:\/\/h\/_x_/,
      );
    }
    assert.match(resultOf(readableOf(texts[1] ?? '')), /^- _Up_ job=x/m);
  });

  test('labels are no Markdown in mail', () => {
    const labels = { alertname: 'Up', expr: '{a=~"b",c!~"d"}', dir: '~/x and ~/y', gone: '~~z~~' };
    const html = resultOf(htmlOf(readable(groupOf([{ labels }])).text)) ?? '';
    assert.match(html, /dir=~\/x and ~\/y, gone=~~z~~/);
    assert.doesNotMatch(html, /<del>/);
  });

  const titles: readonly [name: string, group: object, title: string][] = [
    ['no labels', groupOf([{}], { groupLabels: {} }), '[FIRING:1] alert'],
    [
      'more than we are told of',
      groupOf([alertOf('a'), alertOf('b')], { truncatedAlerts: 3 }),
      '[FIRING:2, 3 MORE] critical DiskFull (cluster=eu)',
    ],
    [
      'many names',
      groupOf(
        [1, 2, 3, 4, 5].map((number) => ({ labels: { alertname: `A${number}` } })),
        { groupLabels: { job: 'x' } },
      ),
      '[FIRING:5] A1, A2, A3, 2 more (job=x)',
    ],
    [
      'the most severe of those that fire',
      groupOf(
        ['warning', 'info', 'page', 'critical'].map((severity, i) =>
          alertOf('a', { status: i < 3 ? 'firing' : 'resolved', labels: { alertname: 'Down', severity } }),
        ),
        { groupLabels: { alertname: 'Down', severity: 'x' } },
      ),
      '[FIRING:3, RESOLVED:1] page Down',
    ],
  ];
  for (const [name, group, title] of titles) test(name, () => assert.equal(readable(group).title, title));

  const durations: readonly [endsAt: string, words: string][] = [
    ['2026-01-02T03:04:45.678Z', 'after 40 s'],
    ['2026-01-02T03:13:50Z', 'after 10 min'],
    ['2026-01-05T07:04:05Z', 'after 3 d 4 h'],
    ['2026-01-02T03:00:00Z', 'ended 2026-01-02 03:00 UTC\n'],
  ];
  for (const [endsAt, words] of durations) {
    test(`ended ${endsAt}`, () => {
      const { text } = readable(groupOf([alertOf('a', { ...ended, endsAt })]));
      assert.ok(text.includes(words), text);
    });
  }

  test('what Grafana adds', () => {
    const added = {
      values: { B: 1.5, C: 1 },
      dashboardURL: 'http://g.example/d',
      silenceURL: 'http://g.example/s',
      panelURL: 'javascript:alert(1)',
      annotations: { runbook_url: 'https://wiki.example/x' },
    };
    const { text } = readable(groupOf([alertOf('web-1', added)]));
    assert.match(text, /Values: B=1\.5, C=1/);
    assert.match(text, /\[dashboard\]\(http:\/\/g\.example\/d\) · \[silence\]\(.*?\) · \[runbook\]\(/);
    assert.ok(!text.includes('javascript'));
  });

  test('bounded, however much it is', () => {
    const long = { description: '满'.repeat(5000), summary: 'x'.repeat(5000) };
    const labels = Object.fromEntries(
      Array.from({ length: 100 }, (_, index) => [`l${index}`, 'v'.repeat(500)]),
    );
    const alerts = Array.from({ length: 200 }, (_, index) => alertOf(`web-${index}`, index % 2 ? ended : {}));
    const { title, text } = readable(groupOf(alerts, { commonLabels: {} }));
    assert.ok(Buffer.byteLength(text) < MAX_ALERTS_BYTES + 1024, `${Buffer.byteLength(text)} bytes`);
    assert.match(text, /and \d+ more\n/);
    assert.ok(title.length < 300);
    const worst = readable(
      groupOf([alertOf('a', { annotations: long, labels })], {
        commonLabels: labels,
        commonAnnotations: long,
      }),
    );
    assert.ok(Buffer.byteLength(worst.text) < MAX_TEXT_BYTES / 2, `${Buffer.byteLength(worst.text)} bytes`);
  });
});

type Group = ReturnType<typeof groupOf>;
const ask = (
  open: ReturnType<typeof openDialects>,
  group: Group | string,
  target = PATH,
  headers: object = bearer(ANN),
) =>
  open.ask('POST', target, {
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof group === 'string' ? group : JSON.stringify(group),
  });
const both = ['alertmanager', 'grafana'] as const;

describe('a notification', () => {
  for (const path of [PATH, '/notify/grafana']) {
    test(path, async () => {
      const open = openDialects(both);
      const answer = await ask(open, groupOf([alertOf('web-1')]), path, basic('any', ANN));
      assert.deepEqual([answer?.status, answer?.json], [200, { status: 'ok', id: open.sent[0]?.message.id }]);
      const { title, format, priority, tags, url } = open.theMessage();
      assert.deepEqual([format, priority, tags], ['markdown', 5, ['firing', 'critical']]);
      assert.deepEqual([title.slice(0, 10), url], ['[FIRING:1]', 'http://p.example/graph?g0.expr=rate(x)']);
    });
  }

  const severities: readonly [severity: string, over: object, priority: number][] = [
    ['page', {}, 5],
    ['Warning', {}, 4],
    ['info', {}, 2],
    ['purple', {}, 3],
    ['critical', ended, 3],
  ];
  for (const [severity, over, priority] of severities) {
    test(`${severity} ${JSON.stringify(over)}`, async () => {
      const open = openDialects(both);
      await ask(open, groupOf([alertOf('a', { labels: { severity }, ...over })]));
      assert.equal(open.theMessage().priority, priority);
    });
  }

  test('to the channels that the query names', async () => {
    const open = openDialects(both);
    await ask(open, groupOf([alertOf('a')]), `${PATH}?channels=sms`);
    assert.deepEqual(
      open.sent.map(({ channel }) => channel),
      ['sms'],
    );
    assert.equal((await ask(open, groupOf([alertOf('a')]), `${PATH}?channels=fax`))?.status, 403);
  });
});

describe('the same again', () => {
  test('after a lost answer it is one message, as a reminder it is another', async () => {
    const open = openDialects(both);
    const count = () => new Set(open.sent.map(({ message }) => message.id)).size;
    const group = groupOf([alertOf('web-1')]);
    const first = await ask(open, group);
    // Not at the start of a minute, so that the end of one lies in between.
    for (const ms of [30_000, REPEAT_WINDOW_MS - 30_001]) {
      await open.clock.pass(ms);
      assert.deepEqual((await ask(open, group))?.json, first?.json);
    }
    assert.equal(count(), 1);
    await open.clock.pass(1);
    assert.equal((await ask(open, group))?.status, 200);
    assert.equal(count(), 2);
  });

  // Within the minute that the text shows.
  const changes: readonly [name: string, group: Group, target?: string][] = [
    ['resolved', groupOf([alertOf('web-1', ended)])],
    ['fired again', groupOf([alertOf('web-1', { startsAt: '2026-01-02T03:04:30Z' })])],
    ['one more', groupOf([alertOf('web-1'), alertOf('web-2')])],
    ['other words', groupOf([alertOf('web-1', { annotations: { summary: '98 %' } })])],
    ['another group', groupOf([alertOf('web-1')], { groupKey: 'other' })],
    ['other channels', groupOf([alertOf('web-1')]), `${PATH}?channels=sms`],
  ];
  for (const [name, group, target] of changes) {
    test(`${name} is another message`, async () => {
      const open = openDialects(both);
      await ask(open, groupOf([alertOf('web-1')]));
      assert.equal((await ask(open, group, target))?.status, 200);
      assert.equal(new Set(open.sent.map(({ message }) => message.id)).size, 2);
    });
  }

  test('what was refused is sent when it comes again', async () => {
    const limits = { maxMessages: 0, maxBytes: 1e9, concurrency: 1 };
    const open = openDialects(both, { limits });
    assert.equal((await ask(open, groupOf([alertOf('web-1')])))?.status, 503);
    Object.assign(limits, { maxMessages: 1 });
    assert.equal((await ask(open, groupOf([alertOf('web-1')])))?.status, 200);
    assert.equal(open.sent.length, 2);
  });
});

const refusals: readonly [name: string, group: Group | string, headers: object, status: number][] = [
  ['no token', groupOf([alertOf('a')]), {}, 401],
  ['a wrong token', groupOf([alertOf('a')]), bearer(NOBODY), 401],
  ['broken JSON', '{', bearer(ANN), 400],
  ['no body', '', bearer(ANN), 400],
  ['no alerts', groupOf([]), bearer(ANN), 422],
  ['alerts that are no list', groupOf([], { alerts: 'x' }), bearer(ANN), 422],
  ['what nobody got: Alertmanager sends again after 5xx only', groupOf([alertOf('a')]), bearer(BOB), 424],
];
describe('refused in their shape', () => {
  for (const [name, group, headers, status] of refusals) {
    test(name, async () => {
      const open = openDialects(both);
      const answer = await ask(open, group, PATH, headers);
      assert.deepEqual([answer?.status, answer?.json.status], [status, 'error']);
      assert.ok(answer?.json.error.length > 10);
      assert.equal(open.sent.length, 0);
    });
  }

  test('too fast is told as unavailable, so that it comes again', async () => {
    const open = openDialects(both);
    for (let i = 0; i < 20; i++) await ask(open, groupOf([alertOf(`web-${i}`)]));
    const answer = await ask(open, groupOf([alertOf('last')]));
    assert.deepEqual([answer?.status, answer?.headers.get('retry-after')], [503, '1']);
  });

  test('alerts that are not objects are told of as far as they go', async () => {
    const open = openDialects(both);
    assert.equal((await ask(open, groupOf([], { alerts: [null, 1, 'x', []] })))?.status, 200);
    assert.match(open.theMessage().title, /^\[FIRING:4\] alert/);
  });
});

for (const [method, target] of [
  ['GET', PATH],
  ['POST', `${PATH}/`],
  ['POST', '/notify/other'],
] as const) {
  test(`${method} ${target} goes on`, async () => {
    assert.equal(await openDialects(both).ask(method, target), undefined);
  });
}

test('alerts beyond what is read are counted', () => {
  const alerts = Array.from({ length: MAX_ALERTS + 3 }, () => ({ labels: { alertname: 'A' } }));
  const group = parseAlertGroup(new Map<string, unknown>(Object.entries({ alerts, truncatedAlerts: 4 })));
  assert.ok(group.ok);
  assert.deepEqual([group.value.alerts.length, group.value.omitted], [MAX_ALERTS, 7]);
});
