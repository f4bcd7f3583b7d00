/**
 * The application for the tests of sealing: `probe MODE …`
 *
 *   report        exercises features that a server could use, and prints the results as JSON
 *   exit CODE     exits with this code
 *   environment   prints its environment variables as JSON
 *   wait          prints `ready`; on SIGTERM prints `bye` and exits with code 7
 */
const { createHash } = require('node:crypto');
const dns = require('node:dns/promises');
const { once } = require('node:events');
const { readFileSync, readdirSync, readlinkSync } = require('node:fs');
const https = require('node:https');
const { spawnSync } = require('node:child_process');
const { isSea } = require('node:sea');
const { Worker } = require('node:worker_threads');
const zlib = require('node:zlib');

/** `(module (func (export "add") (param i32 i32) (result i32) local.get 0 local.get 1 i32.add))` */
const ADDER = Buffer.from('AGFzbQEAAAABBwFgAn9/AX8DAgEABwcBA2FkZAAACgkBBwAgACABags=', 'base64');

const [mode, argument] = process.argv.slice(2);
const modes = { report, exit, environment, wait };
void modes[mode]();

async function report() {
  const results = {
    argv: process.argv,
    environment: process.env.PROBE,
    execPath: process.execPath,
    versions: process.versions,
    sea: isSea(),
    crypto: createHash('sha256').update('abc').digest('hex'),
    brotli: zlib.brotliDecompressSync(zlib.brotliCompressSync('brotli')).toString(),
    gzip: zlib.gunzipSync(zlib.gzipSync('gzip')).toString(),
    intl: new Intl.NumberFormat('de-DE', { style: 'currency', currency: 'EUR' }).format(1234567.5),
    wasm: new WebAssembly.Instance(new WebAssembly.Module(ADDER)).exports.add(40, 2),
    worker: await fromWorker(),
    dns: await dns.lookup('localhost', { family: 4 }),
    https: await fetchFromItself(),
    child: spawnSync(process.execPath, ['exit', '5']).status,
    libraries: process.report.getReport().sharedObjects,
    nativeStack: process.report.getReport().nativeStack,
    memfds: descriptorsOf('/memfd:').length,
    maps: readFileSync('/proc/self/maps', 'utf8').trimEnd().split('\n'),
  };
  process.stdout.write(`${JSON.stringify(results)}\n`);
}

async function fromWorker() {
  const worker = new Worker("require('node:worker_threads').parentPort.postMessage(6 * 7)", { eval: true });
  const [answer] = await once(worker, 'message');
  return answer;
}

/** An https request to this process, whose certificate may or may not be trusted by `SSL_CERT_FILE`. */
async function fetchFromItself() {
  const pem = process.env.PROBE_PEM;
  const server = https.createServer({ key: pem, cert: pem }, (_, response) => response.end('verified'));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  try {
    const request = https.get({
      host: '127.0.0.1',
      servername: 'localhost',
      port: server.address().port,
      agent: false,
    });
    const [response] = await once(request, 'response');
    return (await response.setEncoding('utf8').toArray()).join('');
  } catch (error) {
    return error.code;
  } finally {
    server.close();
  }
}

function descriptorsOf(kind) {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith(kind);
    } catch {
      return false;
    }
  });
}

function exit() {
  process.exitCode = Number(argument);
}

function environment() {
  process.stdout.write(`${JSON.stringify(process.env)}\n`);
}

function wait() {
  const alive = setInterval(() => undefined, 1000);
  process.on('SIGTERM', () => {
    clearInterval(alive);
    process.stdout.write('bye\n');
    process.exitCode = 7;
  });
  process.stdout.write('ready\n');
}
