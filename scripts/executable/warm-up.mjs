/**
 * Run by the Node of an executable: starts the bundle, asks it a few times for a page, and writes V8's code cache of
 * what ran until then. Plain JavaScript, because that Node may be any.
 *
 *   node OPTIONS warm-up.mjs BUNDLE CACHE    in an empty folder
 *
 * The same functions must run each time, so that builds are reproducible. So neither clocks nor timers go on, and
 * V8 neither optimises functions nor forgets some.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { compileFunction } from 'node:vm';

const [, program, bundle, cache] = process.argv;
const SITE = 'site';
const SOCKET = './socket';
const REQUESTS = [
  'GET / HTTP/1.1\r\nHost: mote\r\nAccept: text/html,*/*;q=0.8\r\nAccept-Encoding: gzip, deflate, br\r\n\r\n',
  'GET /index.html HTTP/1.1\r\nHost: mote\r\nAccept: */*\r\n\r\n',
];
/** The second time a response is prepared, which the third time uses. */
const TIMES = 3;
/** Later than any file was changed. */
const FROZEN_MS = Date.now() + 3_600_000;
const QUIET_TURNS = 50;

const { setTimeout: realTimeout } = globalThis;
const endless = () => realTimeout(() => undefined, 2 ** 30).unref();
const turn = () => new Promise((resolve) => setImmediate(resolve));

function freezeTime() {
  globalThis.setTimeout = endless;
  globalThis.setInterval = endless;
  Date.now = () => FROZEN_MS;
  performance.now = () => 0;
}

/** Requests of files that are still on their way. */
const isBusy = () => process.getActiveResourcesInfo().some((name) => /^FS|^PipeConnect|Close/.test(name));

async function settle() {
  for (let quiet = 0; quiet < QUIET_TURNS; quiet = isBusy() ? 0 : quiet + 1) await turn();
}

/** Resolves when the response to each request has come. */
async function ask(socket, request) {
  const response = new Promise((resolve, reject) => {
    socket.once('data', resolve);
    socket.once('error', reject);
  });
  socket.write(request);
  const text = String(await response);
  if (!text.startsWith('HTTP/1.1 200 ')) throw new Error(`a request got ${text.slice(0, 100)}`);
  await settle();
}

async function start(main) {
  mkdirSync(SITE);
  writeFileSync(`${SITE}/index.html`, '<!doctype html>\n<title>mote</title>\n');
  process.argv = [program, bundle, SITE, '--host', SOCKET];
  const module = { exports: {} };
  main(module.exports, createRequire(import.meta.url), module, bundle, process.cwd());
  let socket;
  while (!socket) socket = await open();
  for (const request of REQUESTS) for (let count = 0; count < TIMES; count++) await ask(socket, request);
  socket.destroy();
  await settle();
}

/** Nothing while nobody listens. */
async function open() {
  await settle();
  const socket = connect(SOCKET);
  return new Promise((resolve) => {
    socket.once('connect', () => resolve(socket));
    socket.once('error', () => resolve(undefined));
  });
}

/** Changes nothing that a cache depends on if it is undone before the cache is made. */
const STEADY = ['opt', 'sparkplug', 'flush-bytecode'];
const source = readFileSync(bundle, 'utf8');
// As the loader of CommonJS does it.
const parameters = ['exports', 'require', 'module', '__filename', '__dirname'];
for (const flag of STEADY) setFlagsFromString(`--no-${flag}`);
const main = compileFunction(source, parameters, { filename: bundle });
freezeTime();
await start(main);
for (const flag of STEADY) setFlagsFromString(`--${flag}`);
// V8 has the function already, with what it has compiled of it.
const { cachedData } = compileFunction(source, parameters, { filename: bundle, produceCachedData: true });
writeFileSync(cache, cachedData);
process.exit();
