/** The server at a real terminal, which `script` makes: what a person reads there. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { lacking } from '../../scripts/test/lacking.ts';
import { networkHosts } from '../../src/app/greeting.ts';
import { makeFolder, type Tree } from '../support/folder.ts';
import { eventually, exchange } from '../support/raw.ts';
import { engineBetween, isSource, neutralEnvironment, target, without } from '../support/target.ts';

const PATIENCE_MS = 20_000;
const CTRL_C = '\x03';
const COLOR = '\x1b[';

const skip = engineBetween || lacking({ script: 'bsdutils' });

interface Options {
  readonly tree?: Tree;
  /** The folder in the tree that is served. */
  readonly at?: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts a server at a terminal, on a free port. */
async function serve(t: TestContext, { tree = { 'index.html': 'hello' }, at, args = [], env = {} }: Options) {
  const root = makeFolder(tree);
  const quoted = [...target, at === undefined ? root : join(root, at), '0', ...args]
    .map((word) => `'${word}'`)
    .join(' ');
  const child = spawn('script', ['-qec', `exec ${quoted}`, join(makeFolder(), 'typescript')], {
    env: { ...neutralEnvironment(), NO_COLOR: '', FORCE_COLOR: '', TERM: 'xterm', SHELL: '/bin/sh', ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  const closed = once(child, 'close');
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (more: string) => {
    text += more.replaceAll('\r\n', '\n');
  });
  const shown = async (pattern: RegExp) => {
    const search = () => pattern.exec(text)?.[0] ?? '';
    return (await eventually(PATIENCE_MS, search, (found) => found !== '')).value;
  };
  const url = await shown(/https?:\/\/[\w.[\]:]+:\d+/);
  return {
    root,
    shown,
    all: () => text,
    port: Number(new URL(url).port),
    async stop(): Promise<string> {
      child.stdin.write(CTRL_C);
      await closed;
      return text;
    },
  };
}

const get = (target: string) => `GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`;

describe('at a terminal', { skip }, () => {
  test('URLs to click, a line for each request, and Ctrl-C', async (t) => {
    const server = await serve(t, {});
    await exchange({ port: server.port }, get('/'));
    await exchange({ port: server.port }, get('/none'));
    await server.shown(/\/none .*\n/);
    const text = stripVTControlCharacters(await server.stop());
    const [first, , ...rest] = text.split('\n');
    assert.equal(first, `mote serves ${server.root}`);
    const urls = rest.slice(0, rest.indexOf(''));
    assert.equal(urls[0], `  Local:    http://localhost:${server.port}`);
    const hosts = networkHosts(networkInterfaces(), '::');
    const lines = hosts.map((host) => `  Network:  http://${host}:${server.port}`);
    const hint = '  Hint:     there is no 404.html: what is not found gets a plain page';
    // A platform may not know the interfaces.
    if (isSource || urls.length > 2) assert.deepEqual(urls.slice(1), [...lines, hint]);
    else assert.deepEqual(urls.slice(1), [hint]);
    assert.match(text, /^\d\d:\d\d:\d\d 200 GET \/ 5 B \d+ ms$/m);
    assert.match(text, /^\d\d:\d\d:\d\d 404 GET \/none \d+ B \d+ ms$/m);
    assert.match(text, /^\^C\d\d:\d\d:\d\d info SIGINT: finishing what is in flight$/m);
  });

  test('one address is where it listens, and no other', async (t) => {
    const server = await serve(t, { args: ['--host', '127.0.0.1'] });
    const text = await server.stop();
    assert.ok(text.includes(`http://127.0.0.1:${server.port}`), text);
    assert.ok(!text.includes('Network:'), text);
  });

  test('what the folder lacks, once', async (t) => {
    const built = await serve(t, { tree: { 'dist/index.html': 'x', 'a.txt': 'a' } });
    await exchange({ port: built.port }, get('/'));
    await built.shown(/GET \/ .*\n/);
    assert.equal(
      (await built.stop()).match(/there is no index\.html.*--listing.*its folder dist/g)?.length,
      1,
    );
    for (const options of [
      { tree: { 'index.html': 'x', '404.html': 'y' } },
      { tree: { 'a.txt': 'a' }, args: ['--listing'] },
      { tree: { 'index.html': 'x' }, args: ['--spa'] },
    ])
      assert.doesNotMatch(await (await serve(t, options)).stop(), /Hint/);
  });

  test('the name of a folder controls nothing', async (t) => {
    const server = await serve(t, {
      tree: { '\x1b]0;owned\x07\n\u202e/index.html': 'x' },
      at: '\x1b]0;owned\x07\n\u202e',
    });
    const text = stripVTControlCharacters(await server.stop());
    assert.ok(text.startsWith(`mote serves ${server.root}/ ]0;owned \n\n  Local: `), JSON.stringify(text));
  });

  test('colours, but for NO_COLOR and TERM=dumb', async (t) => {
    assert.ok((await (await serve(t, {})).stop()).includes(COLOR));
    for (const env of [{ NO_COLOR: '1' }, { TERM: 'dumb' }] as Record<string, string>[])
      assert.ok(!(await (await serve(t, { env })).stop()).includes(COLOR), JSON.stringify(env));
  });

  test('no control character of a request arrives', async (t) => {
    const server = await serve(t, { env: { NO_COLOR: '1' } });
    await exchange({ port: server.port }, get('/%1b]0;owned%07'));
    await exchange(
      { port: server.port },
      Buffer.from('GET /\x1b]0;owned\x07\x9b2J HTTP/1.1\r\nHost: x\r\n\r\n', 'latin1'),
    );
    await exchange({ port: server.port }, get(`/${'long'.repeat(100)}`));
    await server.shown(/longlong.*\n/);
    const text = await server.stop();
    // The terminal itself shows Ctrl-C as ^C.
    assert.match(text, /^[\n -~]*$/);
    for (const line of text.split('\n')) assert.ok(line.length < 160, line);
  });

  test('a format that was chosen is kept', async (t) => {
    const combined = await serve(t, { args: ['--log-format', 'combined'] });
    await exchange({ port: combined.port }, get('/'));
    await combined.shown(/ - - \[.*"GET \/ HTTP\/1\.1" 200 5 "-" "-"\n/);
    const off = await serve(t, { args: ['--log-format', 'off'] });
    await exchange({ port: off.port }, get('/'));
    assert.doesNotMatch(await off.stop(), /GET/);
    const json = await serve(t, { args: ['--log-format', 'json'] });
    const text = await json.stop();
    assert.match(text, /^\{"time":.*"message":"mote serves /);
    assert.ok(!text.includes(COLOR));
  });

  test('several workers: the lines of all, and one greeting', { skip: without('workers') }, async (t) => {
    const server = await serve(t, { args: ['--workers', '2'] });
    for (let count = 0; count < 4; count++) await exchange({ port: server.port }, get('/'));
    await eventually(
      PATIENCE_MS,
      () => server.all().match(/GET \/ /g)?.length ?? 0,
      (count) => count === 4,
    );
    const text = await server.stop();
    assert.equal(text.match(/mote serves/g)?.length, 1);
    assert.equal(text.split(`${COLOR}32m200${COLOR}0m GET / `).length - 1, 4);
  });
});
