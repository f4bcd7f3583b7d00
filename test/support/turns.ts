/** The longest turn of the event loop that a server needs for some work. */
import { truncateSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { addTo, makeFolder } from './folder.ts';
import { hashOf, TOKEN } from './notify.ts';
import { startSmtp } from './providers/smtp.ts';
import { startStandIn } from './stand-in.ts';
import { isSource, type Server, start, without } from './target.ts';
import { longestSeenMs } from './turn-meter.ts';
import { filled } from './turn-texts.ts';
import { MIB, ROUND, type Work } from './turn-works.ts';

/** What the server does in other turns counts too: the attempts of a message, the end of a connection. */
const SETTLE_MS = 60;
const RESPONSE_MS = 60_000;
const SWITCHES =
  '--notify-dialects serverchan,gotify,ntfy,bark,apprise,alertmanager,grafana --notify-wait 0 --listing --max-requests-per-connection 1000000000 --metrics-path /metrics --trusted-proxies 127.0.0.1 --log-format json --max-queued-bytes 1G';
const UNUSED_CHANNELS = 1000;

export interface TurnServer {
  readonly server: Server;
  /** Does the work and gives its longest turn, in milliseconds of CPU time. */
  longestTurnMs(work: Work): Promise<number>;
  stop(): Promise<void>;
}

/** A server of everything that the works need. */
export async function startTurns(folders: boolean): Promise<TurnServer> {
  const hook = await startStandIn(({ target }) =>
    target.includes('gettoken')
      ? { body: '{"errcode":0,"access_token":"t","expires_in":7200}' }
      : { body: '{"ok":true,"errcode":0,"msgid":"1"}' },
  );
  const smtp = await startSmtp({ security: 'none' });
  const root = makeFolder({ 'index.html': 'ok' });
  if (folders) makeFolders(root);
  makeFiles(root);
  const private_ = makeFolder({ 'notify.json': JSON.stringify(configuration(hook.origin, smtp.port)) });
  const probe = join(private_, 'probe');
  const server = await start({
    root,
    args: [
      ...`${SWITCHES} --notify ${join(private_, 'notify.json')} --spool ${join(private_, 'spool')}`.split(
        ' ',
      ),
      ...(without('compression') ? [] : ['--compression']),
    ],
    env: isSource
      ? {
          TURN_PROBE: probe,
          NODE_OPTIONS: `--import=${fileURLToPath(new URL('turn-probe.ts', import.meta.url))}`,
        }
      : {},
  });
  let rounds = 0;
  return {
    server,
    async longestTurnMs({ requests, status, files = {} }) {
      // Nothing of an earlier round is known of these.
      const folder = `round${++rounds}`;
      addTo(
        root,
        Object.fromEntries(Object.entries(files).map(([path, text]) => [`${folder}/${path}`, text])),
      );
      const asked = requests.map((one) => (typeof one === 'string' ? one.replace(ROUND, folder) : one));
      const work = async () => {
        await Promise.all(asked.map((request) => respondedWith(server.port, request, [status].flat())));
        await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
      };
      if (!isSource) return longestSeenMs(server, work);
      await takeLongestMs(probe);
      await work();
      return takeLongestMs(probe);
    },
    async stop() {
      server.signal('SIGKILL');
      await server.exited;
      await Promise.all([hook.close(), smtp.close()]);
    },
  };
}

function makeFolders(root: string): void {
  const named = (folder: string, count: number) =>
    addTo(
      root,
      Object.fromEntries(Array.from({ length: count }, (_, i) => [`${folder}/file ${i * 7919}.txt`, ''])),
    );
  named('names10k', 10_000);
  named('names100k', 100_000);
  for (let i = 0; i < 10; i++) named(`many/${i}`, 10_000);
}

function makeFiles(root: string): void {
  const rule = (i: number) => `/old/${i} /new/${i} 301\n`;
  const pattern = (i: number) => `/a/*/b${i}/:c/* /new/:c 301\n`;
  addTo(root, {
    _redirects: [...Array(2000).keys()]
      .map(rule)
      .concat([...Array(100).keys()].map(pattern))
      .join(''),
    _headers: [...Array(100).keys()].map((i) => `/a/*/c${i}/*\n  X-A: b\n  X-C: d\n`).join(''),
  });
  for (let i = 0; i < 4; i++) {
    addTo(root, { [`big/${i}.bin`]: '' });
    truncateSync(join(root, `big/${i}.bin`), 64 * MIB);
  }
  for (let i = 0; i < 40; i++) addTo(root, { [`cache/${i}.txt`]: filled(MIB - 10, `some words ${i} `) });
}

function configuration(origin: string, smtpPort: number) {
  const hook = { kind: 'webhook', url: `${origin}/`, allowAddresses: ['127.0.0.1'] };
  const wecom = { kind: 'wecom', corpId: 'w', agentId: 1, secret: 's', users: ['a'], base: origin };
  const unused = Array.from({ length: UNUSED_CHANNELS }, (_, i) => [`unused${i}`, hook]);
  const channels = {
    hook: { ...hook, json: { a: '{{title}} {{text}} {{url}}', b: '{{text}}' } },
    app: wecom,
    'app-markdown': { ...wecom, style: 'markdown' },
    robot: { kind: 'wecom-robot', key: 'k', base: origin },
    telegram: { kind: 'telegram', token: `1:${'a'.repeat(35)}`, chat: '1', base: origin },
    mail: {
      kind: 'smtp',
      url: `smtp://127.0.0.1:${smtpPort}?security=none`,
      from: 'a@a.example',
      to: ['b@a.example'],
    },
  };
  const ann = {
    tokens: [hashOf(TOKEN)],
    burst: 1_000_000,
    perMinute: 1_000_000,
    channels: Object.keys(channels),
  };
  const hooks = {
    any: {},
    each: {
      title: '{{/alerts/*/labels/alertname}}, {{/alerts/length}}',
      text: '{{each /commits}}- {{./message}}\n{{/a/b/c | /alerts/*/annotations/description | /none}}',
    },
  };
  return { users: { ann }, channels: { ...channels, ...Object.fromEntries(unused) }, hooks };
}

async function respondedWith(
  port: number,
  request: string | Uint8Array,
  statuses: readonly number[],
): Promise<void> {
  const socket = connect({ port, host: '127.0.0.1' });
  // A refused body is cut off.
  socket.on('error', () => undefined);
  socket.setTimeout(RESPONSE_MS, () => socket.destroy());
  socket.write(request);
  let first = '';
  socket.on('data', (bytes) => {
    if (first === '') first = bytes.toString('latin1', 0, 12);
  });
  await new Promise((resolve) => socket.once('close', resolve));
  if (first !== '' && !statuses.includes(Number(first.slice(9)))) throw new Error(`unexpected: ${first}`);
}

async function takeLongestMs(probe: string): Promise<number> {
  const socket = connect(probe);
  return Number(await text(socket));
}
