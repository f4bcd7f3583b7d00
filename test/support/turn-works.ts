/** Work that could block the event loop, by kind: what is sent, all at the same time. */
import { TOKEN } from './notify.ts';
import { without } from './target.ts';
import { filled, hostileMarkdown, hostileReadmes, release } from './turn-texts.ts';

export const MIB = 1024 * 1024;

/** In a request, the folder that {@link Work.files} are in. */
export const ROUND = '{round}';

export interface Work {
  /** Made before each round, in a folder of their own. */
  readonly files?: Readonly<Record<string, string>>;
  /** What is sent at the same time, each on a connection of its own. */
  readonly requests: readonly (string | Uint8Array)[];
  /** Expected of each response; whatever else comes is a mistake of the measurement. */
  readonly status: number | readonly number[];
}

const bearer = `Authorization: Bearer ${TOKEN}\r\n`;
const head = (line: string, fields = '') =>
  `${line} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${fields}\r\n`;
const get = (target: string, fields = '') => head(`GET ${target}`, fields);
const post = (target: string, type: string, body: string, fields = bearer) => {
  const bytes = Buffer.from(body);
  const length = `Content-Length: ${bytes.length}\r\n${type && `Content-Type: ${type}\r\n`}`;
  return Buffer.concat([Buffer.from(head(`POST ${target}`, length + fields)), bytes]);
};
const JSON_TYPE = 'application/json';
const FORM = 'application/x-www-form-urlencoded';
const MULTIPART = 'multipart/form-data; boundary=b';
/** The largest body that is read. */
const LARGE = (without('largeMessages') ? MIB / 4 : 4 * MIB) - 200;
const SMALL = 64 * 1024 - 200;
const times = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value);
const message = (text: string, format = 'text') =>
  post('/notify', JSON_TYPE, JSON.stringify({ text: text.slice(0, 32 * 1024), format }));

/** As Alertmanager and Grafana write them, about 1 kB each. */
const alert = (i: number) => ({
  status: i % 3 ? 'firing' : 'resolved',
  labels: {
    alertname: 'KubePodCrashLooping',
    cluster: 'eu-west-1',
    container: 'app',
    endpoint: 'http',
    instance: `10.0.${i >> 8}.${i & 255}:8080`,
    job: 'kube-state-metrics',
    namespace: 'production',
    pod: `app-7d9f8b6c5d-${i}`,
    severity: 'critical',
  },
  annotations: {
    summary: `Pod production/app-7d9f8b6c5d-${i} is crash looping`,
    description: `The pod has restarted ${i} times within the last 10 minutes. `.repeat(3),
    runbook_url: 'https://runbooks.example.com/kubernetes/kubepodcrashlooping',
  },
  startsAt: '2026-01-01T00:00:00.000Z',
  endsAt: '0001-01-01T00:00:00Z',
  generatorURL:
    'https://prom.example.com/graph?g0.expr=rate%28kube_pod_container_status_restarts_total%5B5m%5D%29',
  fingerprint: `${i}`.padStart(16, 'c0ffee'),
});
const group = (count: number) =>
  JSON.stringify({
    version: '4',
    groupKey: `{}:{${count}}`,
    status: 'firing',
    receiver: 'mote',
    groupLabels: { alertname: 'KubePodCrashLooping' },
    commonLabels: { alertname: 'KubePodCrashLooping', severity: 'critical' },
    commonAnnotations: {},
    externalURL: 'https://am.example.com',
    truncatedAlerts: 0,
    alerts: Array.from({ length: count }, (_, i) => alert(i)),
  });
const alerts = (body: string) => post('/notify/alertmanager', JSON_TYPE, body);
const around = (open: string, piece: string, close: string, bytes = LARGE) =>
  `${open}${filled(bytes, piece)}${close}`;
const keys = (bytes: number) => {
  let text = '{"alerts":[]';
  for (let i = 0; text.length < bytes; i++) text += `,"${i.toString(36)}":0`;
  return `${text}}`;
};
/** Any status: hostile bodies may be refused or understood. */
const ANY = [200, 202, 207, 400, 413, 422, 431, 502, 503];

/** Of folders that take some seconds to make. */
const ofFolders: Readonly<Record<string, Work>> = {
  'a listing of 10,000 names': { requests: [get('/names10k/')], status: 200 },
  'a listing of 100,000 names': { requests: [get('/names100k/')], status: 200 },
  'all orders of a listing of 10,000 names at a time': {
    requests: ['name', 'size', 'date'].flatMap((column) => [
      get(`/names10k/?sort=${column}`),
      get(`/names10k/?sort=${column}&order=desc`),
    ]),
    status: 200,
  },
  'ten listings of 10,000 names at a time': {
    requests: Array.from({ length: 10 }, (_, i) => get(`/many/${i}/`)),
    status: 200,
  },
};

/** The page of a folder with a README. */
const readme = (text: string): Work => ({
  files: { 'README.md': text },
  requests: [get(`/${ROUND}/`)],
  status: 200,
});
const README_UNITS = 44 * 1024;

/** Of files. */
const ofFiles: Readonly<Record<string, Work>> = {
  'entity tags of four files of 64 MiB': {
    requests: Array.from({ length: 4 }, (_, i) => head(`HEAD /big/${i}.bin`)),
    status: 200,
  },
  'forty files of 1 MiB into the cache': {
    requests: Array.from({ length: 40 }, (_, i) => get(`/cache/${i}.txt`)),
    status: 200,
  },
  'compression of forty files of 1 MiB': {
    requests: Array.from({ length: 40 }, (_, i) =>
      get(`/cache/${i}.txt`, 'Accept-Encoding: gzip, br, zstd\r\n'),
    ),
    status: 200,
  },
  'a path of 8,000 segments': { requests: times(20, get(filled(8000, '/.'))), status: [200, 404, 400] },
  'a path of escapes': { requests: times(20, get(`/${filled(8000, '%41')}`)), status: [404, 400] },
  'a range of 1,300 parts': {
    requests: times(20, get('/cache/0.txt', `Range: bytes=${filled(15_000, '0-0,')}1-1\r\n`)),
    status: [200, 206, 416, 400, 431],
  },
  'three thousand entity tags': {
    requests: times(20, get('/cache/0.txt', `If-None-Match: ${filled(15_000, '"a",')}"b"\r\n`)),
    status: 200,
  },
  'Accept-Encoding of 16 kB': {
    requests: times(20, get('/cache/0.txt', `Accept-Encoding: ${filled(15_000, 'a;q=0.001,')}gzip\r\n`)),
    status: 200,
  },
  'Accept of 16 kB': {
    requests: times(20, get('/nothing', `Accept: ${filled(15_000, 'a/b;q=0.1,')}*/*\r\n`)),
    status: 404,
  },
  'X-Forwarded-For of 16 kB': {
    requests: times(20, get('/', `X-Forwarded-For: ${filled(15_000, '::1,')}::2\r\n`)),
    status: 200,
  },
  'Basic credentials of 12 kB': {
    requests: times(
      20,
      get('/locked', `Authorization: Basic ${Buffer.from(filled(9000, 'a:')).toString('base64')}\r\n`),
    ),
    status: [401, 404],
  },
  'words in a target that could be tokens': {
    requests: times(20, get(`/?x=${filled(7900, 'YS13b3JkLW9mLXNvbWUtbGVuZ3Ro/')}`)),
    status: 200,
  },
  'words in a Referer that could be tokens': {
    requests: times(20, get('/', `Referer: http://a/${filled(15_000, 'a-word-of-length=')}\r\n`)),
    status: 200,
  },
  'a README that is a release note': readme(release(README_UNITS)),
  ...Object.fromEntries(
    hostileReadmes.map((piece): [string, Work] => [
      `a README of ${JSON.stringify(piece)}`,
      readme(filled(README_UNITS, piece)),
    ]),
  ),
  'a page of 2,000 files': {
    files: Object.fromEntries(Array.from({ length: 2000 }, (_, i) => [`file ${i * 7919}.txt`, ''])),
    requests: [get(`/${ROUND}/`)],
    status: 200,
  },
  'paths compared with 2,100 redirects': {
    requests: times(20, get(`/a/${filled(2000, 'x/')}b99/`)),
    status: 404,
  },
  'rules that are read again': {
    files: { '../_redirects': filled(64_000, '/old/* /new/:splat 301\n') },
    requests: [get('/'), get('/')],
    status: [200, 301],
  },
  'the description of the API': { requests: times(5, get('/notify/openapi.json')), status: 200 },
  'the metrics of a thousand channels': { requests: times(5, get('/metrics')), status: 200 },
};

/** Of bodies with a good token in the head. */
const ofLargeBodies: Readonly<Record<string, Work>> = {
  'a group of 4,000 alerts': { requests: [alerts(group(4000))], status: ANY },
  'a group of 230 alerts': { requests: [alerts(group(230))], status: [200, 202] },
  'an alert with a text of 200 kB': {
    requests: [
      alerts(
        JSON.stringify({
          alerts: [
            {
              ...alert(1),
              annotations: { description: filled(200_000, 'it *is* <b>down</b> @all https://a.example/ ') },
            },
          ],
        }),
      ),
    ],
    status: ANY,
  },
  'a hook: 230 alerts': { requests: [post('/notify/hook/each', JSON_TYPE, group(230))], status: 202 },
  'a hook without settings: 230 alerts': {
    requests: [post('/notify/hook/any', JSON_TYPE, group(230))],
    status: 202,
  },
  'a hook: lines of blanks': {
    requests: [
      post(
        '/notify/hook/each',
        JSON_TYPE,
        JSON.stringify({ commits: times(10, { message: `a${' '.repeat(20_000)}b` }) }),
      ),
    ],
    status: 202,
  },
  'a hook: one line of blanks': {
    requests: [
      post(
        '/notify/hook/each',
        JSON_TYPE,
        JSON.stringify({ commits: [{ message: `a${' '.repeat(200_000)}b` }] }),
      ),
    ],
    status: 202,
  },
  'a hook: JSON with a fault': {
    requests: [post('/notify/hook/each', JSON_TYPE, around('{"commits":[', '{"message":"a"},', '{'))],
    status: ANY,
  },
  'eight groups of 1,000 alerts': { requests: times(8, alerts(group(1000))), status: ANY },
  'two groups of 4,000 alerts': { requests: times(2, alerts(group(4000))), status: ANY },
  'JSON: empty arrays': { requests: [alerts(around('{"alerts":[', '[],', '[]]}'))], status: ANY },
  'JSON: empty arrays, 20 clients': {
    requests: times(20, alerts(around('{"alerts":[', '[],', '[]]}'))),
    status: ANY,
  },
  'JSON: empty objects': { requests: [alerts(around('{"alerts":[', '{},', '{}]}'))], status: ANY },
  'JSON: small objects': { requests: [alerts(around('{"alerts":[', '{"a":{"b":1}},', '{}]}'))], status: ANY },
  'JSON: numbers': { requests: [alerts(around('{"alerts":[', '1,', '1]}'))], status: ANY },
  'JSON: fractions': { requests: [alerts(around('{"alerts":[', '1.23456789012e-300,', '1]}'))], status: ANY },
  'JSON: short strings': { requests: [alerts(around('{"alerts":[', '"ab",', '""]}'))], status: ANY },
  'JSON: names': { requests: [alerts(keys(LARGE))], status: ANY },
  'JSON: depth': { requests: [alerts(around('{"alerts":', '[', ''))], status: ANY },
  'JSON: depth, closed': {
    requests: [alerts(`{"alerts":${'['.repeat(LARGE / 2)}${']'.repeat(LARGE / 2)}}`)],
    status: ANY,
  },
  'JSON: escapes': { requests: [alerts(around('{"alerts":[{"status":"', '\\u0041', '"}]}'))], status: ANY },
  'JSON: one long text': {
    requests: [post('/notify', JSON_TYPE, around('{"text":"', 'ä', '"}'))],
    status: ANY,
  },
  'JSON: control characters': {
    requests: [post('/notify', JSON_TYPE, around('{"text":"', '\\u0007\\ud800', '"}'))],
    status: ANY,
  },
  'JSON: extras of Gotify': {
    requests: [post('/message', JSON_TYPE, around('{"message":"x","extras":{"a":[', '{"a":1},', '1]}}'))],
    status: ANY,
  },
  'form: fields': { requests: [post('/notify', FORM, filled(LARGE, 'a=1&'))], status: ANY },
  'form: 20,000 fields': {
    requests: [post('/notify', FORM, around('text=1&', `a=${'x'.repeat(200)}&`, 'b=1'))],
    status: ANY,
  },
  'form: escapes': { requests: [post('/notify', FORM, around('text=', '%41', ''))], status: ANY },
  'form: escapes of UTF-8': {
    requests: [post('/notify', FORM, around('text=', '%E4%B8%AD', ''))],
    status: ANY,
  },
  'form: percent signs': { requests: [post('/notify', FORM, around('text=', '%', ''))], status: ANY },
  'form: spaces': { requests: [post('/notify', FORM, around('text=', '+', ''))], status: ANY },
  'multipart: boundaries': { requests: [post('/notify', MULTIPART, filled(LARGE, '--b\r\n'))], status: ANY },
  'multipart: one field': {
    requests: [
      post(
        '/notify',
        MULTIPART,
        around('--b\r\nContent-Disposition: form-data; name="text"\r\n\r\n', 'é\r\n', '\r\n--b--\r\n'),
      ),
    ],
    status: ANY,
  },
  'multipart: heads': {
    requests: [
      post(
        '/notify',
        MULTIPART,
        around('--b\r\n', 'content-disposition:;name=;\r\n', '\r\n\r\n\r\n--b--\r\n'),
      ),
    ],
    status: ANY,
  },
  'plain text': { requests: [post('/notify', 'text/plain', filled(LARGE, 'a \u0007'))], status: ANY },
  'untyped text': { requests: [post('/notify', '', filled(LARGE, ' '))], status: ANY },
  'ntfy: a text': { requests: [post('/topic', '', filled(LARGE, '中'))], status: ANY },
  'apprise: HTML': {
    requests: [
      post('/notify/hook', JSON_TYPE, around('{"type":"info","format":"html","body":"', '<p>&lt; ', '"}')),
    ],
    status: ANY,
  },
  'Bark: many keys': {
    requests: [post('/push', JSON_TYPE, around('{"body":"x","device_keys":[', '"a-token-of-12",', '""]}'))],
    status: ANY,
  },
};

/** Of bodies without a token. */
const ofSmallBodies: Readonly<Record<string, Work>> = {
  'a stranger’s JSON': {
    requests: times(20, post('/notify', JSON_TYPE, around('{"a":[', '[],', '[]]}', SMALL), '')),
    status: [400, 401, 422],
  },
  'a stranger’s form': {
    requests: times(20, post('/notify', FORM, filled(SMALL, 'a&'), '')),
    status: [400, 401],
  },
  'a stranger’s multipart': {
    requests: times(20, post('/notify', MULTIPART, filled(SMALL, '--b\r\n'), '')),
    status: [400, 401],
  },
  'a stranger’s push to many keys': {
    requests: times(
      20,
      post('/push', JSON_TYPE, around('{"body":"x","device_keys":[', '"a-token-of-12",', '""]}', SMALL), ''),
    ),
    status: ANY.concat(401, 429),
  },
  'a query of 3,000 parameters': {
    requests: times(20, get(`/t/publish?${filled(7900, 'a&')}`)),
    status: [404, 400, 401],
  },
};

/** Of messages to all kinds of channels. */
const ofTexts: Readonly<Record<string, Work>> = Object.fromEntries([
  ...hostileMarkdown.map((piece): [string, Work] => [
    `Markdown: ${JSON.stringify(piece)}`,
    {
      requests: [
        message(filled(32 * 1024, piece), 'markdown'),
        message(filled(16 * 1024, piece), 'markdown'),
      ],
      status: 202,
    },
  ]),
  [
    'Markdown: ticks in growing runs',
    {
      requests: [
        message(Array.from({ length: 250 }, (_, i) => `${'`'.repeat(i + 1)}a`).join(''), 'markdown'),
      ],
      status: 202,
    },
  ],
  ['a release note of 16 KiB', { requests: [message(release(16_000), 'markdown')], status: 202 }],
  ['twenty release notes', { requests: times(20, message(release(16_000), 'markdown')), status: 202 }],
  [
    'a paragraph of 32 KiB',
    { requests: [message(filled(32_000, 'lorem *ipsum* '), 'markdown')], status: 202 },
  ],
  ['a text of accents', { requests: times(4, message(filled(60_000, '\u0301'))), status: 202 }],
  [
    'twenty texts of 32 KiB',
    { requests: times(20, message(filled(32 * 1024, 'lorem ipsum '))), status: 202 },
  ],
]);

/** All kinds, or those for which no hundred thousands of files have to be made. */
export const worksWith = (folders: boolean): Readonly<Record<string, Work>> => ({
  ...(folders ? ofFolders : {}),
  ...ofFiles,
  ...ofSmallBodies,
  ...ofLargeBodies,
  ...ofTexts,
});
