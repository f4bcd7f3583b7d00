/** Files for programs as they are: apt, and a real browser. */
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { type Browser, noChromium, startChromium } from '../support/chromium.ts';
import { makeFolder } from '../support/folder.ts';
import { startForTest } from '../support/target.ts';

const run = promisify(execFile);

const noApt = ['/usr/bin/apt-get', '/usr/bin/dpkg-deb'].every((path) => existsSync(path))
  ? false
  : 'needs apt-get and dpkg-deb';

/** A repository without folders: `deb … ./`, its index written as `dpkg-scanpackages .` does. */
function makeFlatRepository(folder: string): void {
  const tree = join(makeFolder(), 'hello');
  mkdirSync(join(tree, 'DEBIAN'), { recursive: true });
  const fields = ['Package: mote-hello', 'Version: 1.0', 'Architecture: all', 'Maintainer: A <a@b.example>'];
  writeFileSync(join(tree, 'DEBIAN/control'), `${fields.join('\n')}\nDescription: says hello\n`);
  mkdirSync(folder);
  const deb = join(folder, 'mote-hello_1.0_all.deb');
  execFileSync('dpkg-deb', ['--root-owner-group', '--build', tree, deb]);
  const bytes = readFileSync(deb);
  const hash = createHash('sha256').update(bytes).digest('hex');
  const place = ['Filename: ./mote-hello_1.0_all.deb', `Size: ${bytes.length}`, `SHA256: ${hash}`];
  const index = `${[...fields, ...place].join('\n')}\nDescription: says hello\n`;
  writeFileSync(join(folder, 'Packages'), index);
  // As a download, by its name: apt unpacks it itself.
  writeFileSync(join(folder, 'Packages.gz'), gzipSync(index));
}

test('apt updates and downloads from a flat repository', { skip: noApt }, async (t) => {
  const root = makeFolder();
  makeFlatRepository(join(root, 'deb'));
  const server = await startForTest(t, { root });
  const dir = makeFolder({ 'sources.list': `deb [trusted=yes] ${server.url}/deb ./\n` });
  for (const name of ['empty', 'downloads', 'state/lists/partial', 'cache/archives/partial']) {
    mkdirSync(join(dir, name), { recursive: true });
  }
  writeFileSync(join(dir, 'status'), '');
  // A state of its own: nothing of the machine's apt is read or written.
  const settings = {
    Dir: dir,
    'Dir::State': 'state',
    'Dir::State::status': join(dir, 'status'),
    'Dir::Cache': 'cache',
    'Dir::Etc': dir,
    'Dir::Etc::sourcelist': 'sources.list',
    'Dir::Etc::sourceparts': 'empty',
    'Dir::Etc::main': 'none',
    'Dir::Etc::parts': 'empty',
    'Dir::Bin::methods': '/usr/lib/apt/methods',
    'APT::Sandbox::User': '',
    'Acquire::http::Proxy': 'DIRECT',
    'Acquire::Retries': '0',
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} "${value}";\n`);
  writeFileSync(join(dir, 'apt.conf'), lines.join(''));
  const env = { PATH: process.env.PATH, HOME: dir, LC_ALL: 'C', APT_CONFIG: join(dir, 'apt.conf') };
  const apt = (...words: string[]) => run('apt-get', words, { env, cwd: join(dir, 'downloads') });
  const { stdout, stderr } = await apt('update');
  assert.match(stdout, /^Get:\d+ \S+ \.\/ Packages/m);
  assert.equal(stderr, '');
  await apt('download', 'mote-hello');
  const downloaded = readFileSync(join(dir, 'downloads/mote-hello_1.0_all.deb'));
  assert.ok(downloaded.equals(readFileSync(join(root, 'deb/mote-hello_1.0_all.deb'))));
});

/** By its address: the browser resolves no names. */
const urlOf = ({ port }: { readonly port: number }) => `http://127.0.0.1:${port}`;

describe('a browser', { skip: noChromium }, () => {
  let browser: Browser;
  before(async () => {
    browser = await startChromium();
  });
  after(() => browser.close());

  test('runs and shows what is stored in a coding, and leaves downloads as they are', async (t) => {
    const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="30"/>';
    const data = 'unity data '.repeat(100);
    // The smallest module: magic and version.
    const wasm = Buffer.from('0061736d01000000', 'hex');
    const packed = gzipSync(data);
    const root = makeFolder({
      'index.html': '<!doctype html><script src="app.js.br"></script><img src="picture.svgz">',
      'app.js.br': brotliCompressSync('window.ran = true'),
      'picture.svgz': gzipSync(svg),
      'Game.data.gz': packed,
      'Game.wasm.br': brotliCompressSync(wasm),
      'site.tar.gz': packed,
      'table.json.gz': packed,
    });
    const server = await startForTest(t, { root });
    const page = await browser.open(t, `${urlOf(server)}/`);
    assert.equal(await page.evaluate('window.ran'), true);
    assert.equal(await page.evaluate('document.images[0].naturalWidth'), 40);
    assert.equal(await page.evaluate("fetch('Game.data.gz').then((r) => r.text())"), data);
    const compiled = "WebAssembly.compileStreaming(fetch('Game.wasm.br')).then(String)";
    assert.equal(await page.evaluate(compiled), '[object WebAssembly.Module]');
    for (const name of ['site.tar.gz', 'table.json.gz']) {
      const bytes = await page.evaluate(`fetch('${name}').then((r) => r.bytes()).then((b) => b.length)`);
      assert.equal(bytes, packed.length, name);
    }
    assert.deepEqual(page.complaints, []);
  });

  test('finds the pages of a single-page application by any path, and no assets', async (t) => {
    const root = makeFolder({ 'index.html': '<!doctype html><title>app</title>' });
    const server = await startForTest(t, { root, args: ['--spa'] });
    for (const path of ['/items/1.1', '/users/a@b.com', '/plain']) {
      const page = await browser.open(t, urlOf(server) + path);
      assert.equal(await page.evaluate('document.title'), 'app', path);
    }
    const page = await browser.open(t, `${urlOf(server)}/`);
    const load = (tag: string, field: string, path: string) =>
      `new Promise((done) => {
        const element = document.createElement('${tag}');
        Object.assign(element, { rel: 'stylesheet', ${field}: '${path}' });
        element.onload = () => done('loaded');
        element.onerror = () => done('missing');
        document.head.append(element);
      })`;
    assert.equal(await page.evaluate(load('script', 'src', '/gone.3f2a9b1c.js')), 'missing');
    assert.equal(await page.evaluate(load('link', 'href', '/style')), 'missing');
    for (const path of ['/gone.json', '/gone.png']) {
      assert.equal(await page.evaluate(`fetch('${path}').then((r) => r.status)`), 404, path);
    }
    assert.equal(
      await page.evaluate(
        "fetch('/api/x', { headers: { accept: 'application/json' } }).then((r) => r.status)",
      ),
      404,
    );
  });
});
