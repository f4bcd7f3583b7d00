import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { makeToken } from '../auth/token.ts';
import { makeId } from '../id.ts';
import { DIALECT_NAMES, type DialectName } from './dialect.ts';
import { ANN, BOB } from './fixtures.ts';
import { createRedactor } from './redact.ts';

const { token: MADE } = makeToken((bytes) => new Uint8Array(bytes).fill(0xfb));
const id = makeId(Date.UTC(2026, 0, 1), (bytes) => new Uint8Array(bytes));
/** As `openssl rand -base64` makes them. */
const SLASHED = 'q1w2/e3r4+t5y6/u7i8o9==';
const isToken = (text: string) => text === ANN || text === BOB || text === SLASHED;

const inBase64 = (text: string) => Buffer.from(text).toString('base64url');

const cases: readonly [
  names: readonly DialectName[],
  method: string | undefined,
  text: string,
  expected: string,
][] = [
  [[], 'POST', '/notify/hook/nas/WRONG?x=1', '/notify/hook/nas/***?x=1'],
  [
    [],
    undefined,
    'https://x.example/sub/notify/hook/nas/WRONG/#a',
    'https://x.example/sub/notify/hook/nas/***/#a',
  ],
  [['apprise', 'bark'], 'POST', '/notify/hook/nas', '/notify/hook/nas'],
  [['serverchan'], 'GET', '/KEY.send?title=t', '/***.send?title=t'],
  [['serverchan'], 'POST', '/send/send.send', '/send/***.send'],
  [['serverchan'], undefined, 'https://x.example/KEY.send#a', 'https://x.example/***.send#a'],
  [['serverchan'], 'GET', 'http://KEY.send/KEY.send', 'http://KEY.send/***.send'],
  [['serverchan'], 'GET', '/$&.send', '/***.send'],
  [['serverchan'], 'GET', '/a/b.send', '/a/b.send'],
  [['apprise'], 'POST', '/notify/KEY', '/notify/***'],
  [['apprise'], 'POST', '/notify/KEY/?x=1', '/notify/***?x=1'],
  [['apprise'], 'GET', `/notify/${id}`, `/notify/${id}`],
  [['apprise'], 'POST', '/notify/alertmanager?channels=a', '/notify/alertmanager?channels=a'],
  [['apprise'], 'POST', '/notify', '/notify'],
  [['bark'], 'GET', `/${ANN}/t/b`, '/***/t/b'],
  [['bark'], 'GET', `/${ANN.replace('-', '%2D')}/b`, '/***/b'],
  [['bark'], undefined, `http://x.example/${ANN}/t/b`, 'http://x.example/***/t/b'],
  [['bark'], 'POST', '/WRONG/b', '/***/b'],
  [['bark', 'ntfy'], 'POST', '/WRONG', '/***'],
  [['bark'], 'POST', '/push', '/push'],
  [['bark'], 'POST', '/notify', '/notify'],
  [['bark'], 'POST', '/', '/'],
  [['bark'], 'GET', '/assets/a-rather-long-name-of-a-file.js', '/assets/a-rather-long-name-of-a-file.js'],
  [['ntfy'], 'POST', '/topic', '/topic'],
  [['slack'], 'POST', '/services/T0/B0/WRONG', '/services/T0/B0/***'],
  [['slack', 'bark'], 'POST', '/hooks/WRONG/?x=1', '/hooks/***?x=1'],
  [['slack'], 'POST', '/services/hooks/services/hooks', '/services/hooks/services/***'],
  [['slack'], undefined, 'https://x.example/hooks/WRONG', 'https://x.example/hooks/***'],
  [['slack'], 'GET', '/hooks/a/b', '/hooks/a/b'],
  [[], 'GET', '/KEY.send', '/KEY.send'],
  [[], 'GET', `/${ANN}.send?title=t`, '/***.send?title=t'],
  [[], 'GET', `/${ANN.replace('-', '%2D')}.send`, '/***.send'],
  [[], 'POST', `/notify/${ANN}`, '/notify/***'],
  [[], 'GET', `/notify/${ANN}/x;t=${BOB}`, '/notify/***/x;t=***'],
  [[], 'GET', `/x?apikey=${ANN}&a=b`, '/x?apikey=***&a=b'],
  [[], 'GET', `/x?a=Bearer%20${ANN}`, '/x?a=***'],
  [[], 'GET', `/x?a=Bearer+${ANN}#${BOB}`, '/x?a=***#***'],
  [[], undefined, `https://x.example/y?z=${ANN}`, 'https://x.example/y?z=***'],
  [[], 'GET', `/${'long-words-first/'.repeat(31)}${ANN}`, `/${'long-words-first/'.repeat(31)}***`],
  [[], 'GET', `/?${'a=a-longer-word,&'.repeat(32)}x=${ANN}`, `/?${'a=a-longer-word,&'.repeat(32)}x=***`],
  [
    [],
    'GET',
    `/?${'a=a-longer-word,&'.repeat(40)}x=${inBase64(ANN)}`,
    `/?${'a=a-longer-word,&'.repeat(32)}${'a=***,&'.repeat(8)}x=***`,
  ],
  [
    [],
    'GET',
    `/${'a/deep/path/of/many/short/names/'.repeat(4)}x`,
    `/${'a/deep/path/of/many/short/names/'.repeat(4)}x`,
  ],
  [DIALECT_NAMES, 'PUT', `/${ANN}`, '/***'],
  [['ntfy'], 'GET', `/t/publish?x=${inBase64(`Bearer ${ANN}`)}&y=1`, '/t/publish?x=***&y=1'],
  [[], 'GET', `/?x=${inBase64(`Basic ${inBase64(`ann:${ANN}`)}`)}`, '/?x=***'],
  [[], 'GET', `/?x=Basic%20${inBase64(`:${ANN}`)}`, '/?x=***'],
  [[], 'GET', `/?x=${inBase64(ANN)}`, '/?x=***'],
  [[], 'GET', `/${inBase64(ANN)}/t`, '/***/t'],
  [[], 'GET', `/?x=${inBase64(`Bearer ${MADE}`)}`, '/?x=***'],
  [[], 'GET', `/${SLASHED}.send?title=x`, '/***.send?title=x'],
  [[], 'GET', `/${SLASHED}/a/b`, '/***/a/b'],
  [[], 'GET', `/a/b/c/${SLASHED}`, '/a/b/c/***'],
  [[], 'GET', `/?x=${SLASHED}&y=${SLASHED}`, '/?x=***&y=***'],
  [['apprise'], 'POST', `/notify/${SLASHED}`, '/notify/***'],
  [[], 'GET', '/assets/img/logo=/a-rather-long-name', '/assets/img/logo=/a-rather-long-name'],
  [[], 'GET', `/?x=ann:${ANN}`, '/?x=***'],
  [[], 'GET', `/?x=%28${ANN}%29`, '/?x=***'],
  [[], 'GET', `/${ANN}%zz`, '/***'],
  [[], 'GET', `/%6D${MADE.slice(1)}`, '/***'],
  [
    [],
    'GET',
    `/${encodeURIComponent(inBase64('only a text, and a rather long one'))}`,
    `/${encodeURIComponent(inBase64('only a text, and a rather long one'))}`,
  ],
  [[], undefined, `curl/8.0 ${ANN}`, 'curl/***'],
  [[], undefined, `${ANN} curl/8.0`, '***/8.0'],
  [
    [],
    undefined,
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36',
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36',
  ],
  [[], 'GET', `/a/${MADE}.send`, '/a/***.send'],
  [DIALECT_NAMES, 'GET', `/a/${MADE}/?b=${MADE}`, '/a/***/?b=***'],
  [DIALECT_NAMES, 'GET', '/index.html?a=1', '/index.html?a=1'],
  [DIALECT_NAMES, 'GET', '', ''],
  [DIALECT_NAMES, 'OPTIONS', '*', '*'],
];
describe('tokens in paths', () => {
  for (const [names, method, text, expected] of cases) {
    test(`${names.join(' ') || 'none'}: ${method} ${text}`, () => {
      assert.equal(createRedactor(names, isToken)(text, method), expected);
    });
  }
});

test('the work is bounded', () => {
  let lookups = 0;
  const redact = createRedactor(DIALECT_NAMES, () => ++lookups < 0);
  redact(`/${'a-word-of-some-length '.repeat(100_000)}`);
  redact(`/${'YS13b3JkLW9mLXNvbWUtbGVuZ3Ro/'.repeat(100_000)}`);
  assert.ok(lookups <= 640, `${lookups}`);
});
