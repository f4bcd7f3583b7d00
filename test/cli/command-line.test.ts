/** The command line: the start line, sub-commands, configuration and exit codes. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { makeFolder } from '../support/folder.ts';
import { request } from '../support/raw.ts';
import {
  cannotBeNobody,
  engineBetween,
  isSource,
  type LaunchOptions,
  NOBODY,
  neutralEnvironment,
  type Run,
  run,
  type Server,
  startForFile,
  startWith,
  target,
} from '../support/target.ts';

const root = makeFolder({
  'web_root/index.html': 'default root',
  'healthcheck/index.html': 'a folder named like a command',
  '8080/index.html': 'a folder named like a port',
  'site/a.html': 'a',
  'site/b.html': 'b',
  'site/c.html': 'c',
});
const site = join(root, 'site');
const server = await startForFile({ root: site });

async function started(
  t: TestContext,
  args: readonly string[],
  options: LaunchOptions = {},
): Promise<Server> {
  const one = await startWith(args, { cwd: root, ...options });
  t.after(() => one.stop());
  return one;
}

/** A failed run: nothing on stdout, the given code, and so many lines on stderr. */
function assertFailed({ code, stdout, stderr }: Run, expected: { code: number; lines: number }): string[] {
  const lines = stderr.split('\n').slice(0, -1);
  assert.ok(stderr.endsWith('\n'), JSON.stringify(stderr));
  assert.deepEqual({ code, stdout, lines: lines.length }, { ...expected, stdout: '' }, stderr);
  return lines;
}

test('a path ends no line and reaches no terminal with what could control it', async (t) => {
  const folder = makeFolder({ '\x1b[31mred\nmote serves\u202e/index.html': 'x' });
  const one = await started(t, ['\x1b[31mred\nmote serves\u202e', '0'], { cwd: folder });
  assert.equal(one.startLine, `mote serves  [31mred mote serves  on http://localhost:${one.port}`);
  const socket = await run(['.', '--host', '/missing/\x1b[31m\na'], { cwd: folder });
  assert.match(
    assertFailed(socket, { code: 1, lines: 1 })[0] ?? '',
    /^mote: cannot listen on \/missing\/ \[31m a: its folder does not exist/,
  );
});

test('one line says what is served and where', async (t) => {
  // With an index: without one a second line says what to do.
  const folder = join(root, 'web_root');
  const one = await started(t, [folder, '0']);
  assert.equal(one.startLine, `mote serves ${folder} on http://localhost:${one.port}`);
  assert.ok(one.port > 0);
  await request(one, '/');
  assert.equal((await one.logged(/GET/)).includes('"GET / '), true);
  assert.equal(one.stdout.all.length, 2);
  assert.deepEqual(one.stderr.all, []);
});

test('web_root is the default, PORT and HOST count', async (t) => {
  const one = await started(t, [], { env: { PORT: '0', HOST: '127.0.0.1' } });
  assert.equal(one.startLine, `mote serves web_root on http://127.0.0.1:${one.port}`);
  assert.equal((await request(one, '/')).text, 'default root');
});

test('without web_root a folder with an index is served, where nobody named another path', async (t) => {
  const folder = makeFolder({ 'index.html': 'here', 'other/start.html': 'start' });
  const one = await started(t, [], { cwd: folder, env: { PORT: '0' } });
  assert.equal(one.startLine, `mote serves the current folder on http://localhost:${one.port}`);
  assert.equal((await request(one, '/')).text, 'here');
  const other = await started(t, ['--index', 'start.html', '--port', '0'], { cwd: join(folder, 'other') });
  assert.equal((await request(other, '/')).text, 'start');
});

test('without web_root and index it says what to do', async () => {
  const folder = makeFolder({ 'secret.txt': 'home' });
  const [line] = assertFailed(await run(['--port', '0'], { cwd: folder }), { code: 2, lines: 1 });
  assert.match(line ?? '', /neither a folder web_root here nor a file index\.html; .*`mote \.`.*--listing/);
});

test('web_root that was named is not replaced', async () => {
  const folder = makeFolder({ 'index.html': 'here' });
  for (const [args, env] of [
    [['web_root', '0'], {}],
    [[], { MOTE_PATH: 'web_root' }],
  ] as const) {
    const [line] = assertFailed(await run(args, { cwd: folder, env }), { code: 1, lines: 1 });
    assert.match(line ?? '', /cannot serve "web_root"/);
  }
});

test('an empty environment variable counts as none', async (t) => {
  const one = await started(t, ['web_root', '0'], { env: { HOST: '', MOTE_INDEX: '', PORT: '' } });
  assert.equal((await request(one, '/')).text, 'default root');
});

test('a folder named like a command or a port is served when given as a path', async (t) => {
  for (const [path, text] of [
    ['./healthcheck', 'a folder named like a command'],
    ['8080', 'a folder named like a port'],
  ] as const) {
    assert.equal((await request(await started(t, [path, '0']), '/')).text, text);
  }
});

test('the named port is used', async (t) => {
  const first = await started(t, ['site', '0']);
  await first.stop();
  const again = await started(t, ['site', String(first.port)]);
  assert.equal(again.port, first.port);
});

test('flag before environment before file before default', async (t) => {
  const config = join(makeFolder({ 'mote.json': '{"index": "c.html"}' }), 'mote.json');
  const text = async (args: readonly string[], env: Readonly<Record<string, string>>) =>
    (await request(await started(t, ['site', '0', ...args], { env }), '/')).text;
  const env = { MOTE_INDEX: 'b.html' };
  assert.equal(await text(['--config', config, '--index', 'a.html'], env), 'a');
  assert.equal(await text(['--config', config], env), 'b');
  assert.equal(await text(['--config', config], {}), 'c');
  assert.equal(await text([], { MOTE_CONFIG: config }), 'c');
  assert.equal(await text(['--index=a.html'], {}), 'a');
});

test('MOTE_PORT counts before PORT', async (t) => {
  const one = await started(t, ['site'], { env: { MOTE_PORT: '0', PORT: '1' } });
  assert.equal((await request(one, '/a.html')).text, 'a');
});

test('every problem is reported at once, with name, value and what is allowed', async () => {
  const config = join(makeFolder({ 'mote.json': '{"sap": true, "listing": "yes please"}' }), 'mote.json');
  const args = ['site', '--port', '99999', '--log-format', 'xml', '--prot', '80', '--auth', 'alice:hunter2'];
  const result = await run([...args, '--config', config], {
    cwd: root,
    env: { MOTE_MAX_CONNECTIONS: 'many', MOTE_IDEX: 'x', MOTE_HEADER: 'no colon' },
  });
  const lines = assertFailed(result, { code: 2, lines: 9 });
  const about = (pattern: RegExp) => lines.filter((line) => pattern.test(line)).length;
  assert.equal(about(/--port\b.*99999.*65535/), 1, result.stderr);
  assert.equal(about(/--log-format.*xml.*combined.*json.*off/), 1, result.stderr);
  assert.equal(about(/--prot\b.*--port/), 1, result.stderr);
  assert.equal(about(/--auth.*pbkdf2-sha256/), 1, result.stderr);
  assert.equal(about(/MOTE_MAX_CONNECTIONS.*many.*1/), 1, result.stderr);
  assert.equal(about(/MOTE_IDEX.*MOTE_INDEX/), 1, result.stderr);
  assert.equal(about(/MOTE_HEADER.*no colon/), 1, result.stderr);
  assert.equal(about(/mote\.json.*sap.*spa/), 1, result.stderr);
  assert.equal(about(/mote\.json.*listing.*true or false/), 1, result.stderr);
  assert.doesNotMatch(result.stderr, /hunter2/);
});

const wrong: readonly (readonly [name: string, args: readonly string[], mentions: RegExp])[] = [
  ['a third positional', ['site', '0', 'extra'], /extra/],
  ['a port that is none', ['site', 'http'], /http.*65535/],
  ['a port with a fraction', ['site', '80.5'], /80\.5/],
  ['a negative port', ['site', '--port=-1'], /-1/],
  ['a flag without its value', ['site', '0', '--index'], /--index/],
  ['an index with a slash', ['site', '0', '--index', 'a/b.html'], /--index.*a\/b\.html/],
  ['a header with a control character', ['site', '0', '--header', 'X: a\rb'], /--header/],
  ['a type without its extension', ['site', '0', '--type', 'text/html'], /--type.*text\/html/],
  ['an encoding that is none', ['site', '0', '--charset', 'utf 8'], /--charset.*utf 8/],
  ['a header name with a space', ['site', '0', '--header', 'X Y: a'], /--header/],
  ['a time without a unit it knows', ['site', '0', '--idle-timeout-ms', '5 fortnights'], /--idle-timeout-ms/],
  ['a number beyond its maximum', ['site', '0', '--max-header-bytes', '1T'], /--max-header-bytes/],
  ['an address block that is none', ['site', '0', '--trusted-proxies', '10.0.0.0/33'], /--trusted-proxies/],
  ['an origin with a path', ['site', '0', '--cors', 'https://a.example/x'], /--cors/],
  ['a pattern of origins', ['site', '0', '--cors', 'https://*.example'], /--cors.*\*\.example.*patterns/],
  ['a metrics path without a slash', ['site', '0', '--metrics-path', 'metrics'], /--metrics-path/],
  ['a missing configuration file', ['site', '0', '--config', '/no/such.json'], /no\/such\.json/],
];

for (const [name, args, mentions] of wrong) {
  test(`exit 2: ${name}`, async () => {
    const [line] = assertFailed(await run(args, { cwd: root }), { code: 2, lines: 1 });
    assert.match(line ?? '', mentions);
  });
}

test('exit 2: a configuration file that is not JSON, with the place', async () => {
  const config = join(makeFolder({ 'mote.json': '{\n  "index": "a",\n  oops\n}' }), 'mote.json');
  const [line] = assertFailed(await run(['site', '0', '--config', config], { cwd: root }), {
    code: 2,
    lines: 1,
  });
  assert.match(line ?? '', /mote\.json.*line 3/);
});

test('exit 1: PATH is missing', async () => {
  const [line] = assertFailed(await run(['nowhere', '0'], { cwd: root }), { code: 1, lines: 1 });
  assert.match(line ?? '', /nowhere/);
});

test('exit 1: the port is taken', async () => {
  const [line] = assertFailed(await run([site, String(server.port)]), { code: 1, lines: 1 });
  assert.match(line ?? '', new RegExp(`${server.port}.*in use`));
});

test('exit 1: an address that is not of this machine', async () => {
  const [line] = assertFailed(await run([site, '0', '--host', '192.0.2.1']), { code: 1, lines: 1 });
  assert.match(line ?? '', /192\.0\.2\.1/);
});

test('exit 1: PATH may not be read', { skip: cannotBeNobody() }, async () => {
  const closed = makeFolder({ 'index.html': 'x' });
  chmodSync(closed, 0o700);
  const result = await run([closed, '0'], { uid: NOBODY });
  const [line] = assertFailed(result, { code: 1, lines: 1 });
  assert.match(line ?? '', /permission|EACCES/i);
});

test('exit 1: the port needs privileges', { skip: cannotBeNobody() }, async (t) => {
  const lowest = Number(readFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8'));
  if (lowest <= 80) return t.skip('every port is free to use here');
  chmodSync(root, 0o755);
  const [line] = assertFailed(await run([site, '80'], { uid: NOBODY }), { code: 1, lines: 1 });
  assert.match(line ?? '', /80.*(permi|EACCES)/i);
});

test('help all names every option and exits 0', async () => {
  const { code, stdout, stderr } = await run(['help', 'all']);
  assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
  const flags = [
    'index',
    'listing',
    'spa',
    'not-found',
    'type',
    'charset',
    'cache-html',
    'cache-fingerprinted',
    'cache-other',
  ].concat(
    [
      'header',
      'security-headers',
      'csp',
      'cors',
      'auth',
      'dotfiles',
      'symlinks',
      'compression',
      'cache-bytes',
    ],
    [
      'log-format',
      'trusted-proxies',
      'metrics-path',
      'health-path',
      'header-timeout-ms',
      'request-timeout-ms',
    ],
    ['idle-timeout-ms', 'send-timeout-ms', 'shutdown-grace-ms', 'max-connections', 'max-header-bytes'],
    ['max-target-bytes', 'max-body-bytes', 'max-requests-per-connection', 'host', 'port', 'config'],
  );
  for (const flag of flags) assert.match(stdout, new RegExp(`--(\\[no-\\])?${flag}\\b`), flag);
  for (const word of ['healthcheck', 'hash-password', 'web_root', '8080'])
    assert.ok(stdout.includes(word), word);
  for (const line of stdout.split('\n')) assert.ok(line.length <= 80, line);
});

test('help on a topic; one that there is not is refused with those that there are', async () => {
  assert.match((await run(['help', 'limits'])).stdout, /--max-connections/);
  // As people type it after a command.
  assert.match((await run(['spool', '--help'])).stdout, /^Commands:\n {2}mote spool list/);
  assert.match((await run(['help', '--port'])).stdout, /^ {2}-p, --port PORT/);
  const close = await run(['help', 'filse']);
  assert.deepEqual(
    [close.code, close.stderr],
    [2, 'mote: help: filse: no such topic; did you mean files?\n'],
  );
  const command = await run(['heathcheck', '0']);
  assert.deepEqual(
    [command.code, command.stderr],
    [
      1,
      'mote: cannot serve "heathcheck": no such file or folder; give one as the first argument, or did you mean the command healthcheck?\n',
    ],
  );
  const { code, stderr } = await run(['help', 'nonsense']);
  assert.equal(code, 2);
  assert.match(stderr, /^mote: help: received "nonsense"; allowed: files, .*\n$/);
});

test('-p is the port, with and without a space', async (t) => {
  for (const args of [['-p', '0'], ['-p0'], ['-p=0']]) {
    const server = await startWith([makeFolder({ 'index.html': 'x' }), ...args, '--host', '127.0.0.1']);
    t.after(() => server.stop());
    assert.notEqual(server.port, 8080);
  }
  const { code, stderr } = await run(['-p', '99999']);
  assert.deepEqual([code, /^mote: -p: received "99999"; allowed: /.test(stderr)], [2, true]);
});

test('--help helps although everything else is wrong', async () => {
  assert.equal((await run(['--nope', '--help'], { env: { MOTE_PORT: 'x' } })).code, 0);
});

test('a slow reader gets all of a long text, and one that has seen enough is no failure', async () => {
  const [whole, piped] = await Promise.all([run(['--licenses']), shell('"$@" | (sleep 0.5; cat)')]);
  assert.deepEqual([piped.code, piped.stdout, piped.stderr], [0, whole.stdout, '']);
  const { code, stderr } = await shell('"$@" | head -c 1 >/dev/null');
  assert.deepEqual([code, stderr], [0, '']);
});

/** `--licenses` as a part of a pipe. */
async function shell(script: string) {
  const child = spawn('bash', ['-o', 'pipefail', '-c', script, 'bash', ...target, '--licenses'], {
    env: neutralEnvironment(),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  return { code, stdout, stderr };
}

test('--version is one line', async () => {
  const { code, stdout, stderr } = await run(['--version']);
  assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
  assert.match(stdout, /^mote \d+\.\d+\.\d+\S*\n$/);
});

test('healthcheck: 0 when the server is well', async () => {
  const port = String(server.port);
  for (const [args, env] of [
    [['healthcheck', '--port', port], {}],
    [['healthcheck'], { PORT: port }],
    [['healthcheck'], { MOTE_PORT: port, HOST: '::1' }],
    [['healthcheck', '--host', '127.0.0.1'], { MOTE_PORT: port }],
    [['healthcheck', '--host', '0.0.0.0', '--port', port], {}],
    [['healthcheck', '--host', '::', '--port', port], {}],
  ] as const) {
    const { code, stdout, stderr } = await run(args, { env });
    assert.deepEqual(
      { code, stdout, stderr },
      { code: 0, stdout: '', stderr: '' },
      JSON.stringify([args, env]),
    );
  }
});

test('healthcheck: 1 and one line when nobody listens', async (t) => {
  const gone = await started(t, ['site', '0']);
  await gone.stop();
  const [line] = assertFailed(await run(['healthcheck', '--port', String(gone.port)]), { code: 1, lines: 1 });
  assert.match(line ?? '', new RegExp(String(gone.port)));
});

test('healthcheck: 1 when the response is not well', async () => {
  const args = ['healthcheck', '--port', String(server.port), '--health-path', '/missing'];
  const [line] = assertFailed(await run(args), { code: 1, lines: 1 });
  assert.match(line ?? '', /404/);
});

test('healthcheck costs little more than the start of the runtime', { skip: engineBetween }, async () => {
  // Every start of the source reads all modules and strips them of their types; the executable does not.
  const allowanceMs = isSource ? 600 : 100;
  let bareMs = Number.POSITIVE_INFINITY;
  let checkMs = Number.POSITIVE_INFINITY;
  // Other work only ever makes them slower: the fastest of each tell, and many are made only while that is needed.
  for (let i = 0; i < 30 && (i < 5 || checkMs - bareMs >= allowanceMs); i++) {
    const began = performance.now();
    await once(spawn(process.execPath, ['-e', '0'], { stdio: 'ignore' }), 'close');
    bareMs = Math.min(bareMs, performance.now() - began);
    const { durationMs } = await run(['healthcheck', '--port', String(server.port)]);
    checkMs = Math.min(checkMs, durationMs);
  }
  assert.ok(checkMs - bareMs < allowanceMs, `${checkMs} ms, of which ${bareMs} ms for the runtime`);
});

test('hash-password without a password says so', async () => {
  assertFailed(await run(['hash-password', 'alice'], { input: '\n' }), { code: 2, lines: 1 });
});
