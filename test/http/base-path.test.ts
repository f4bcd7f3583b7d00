/** `--base-path`, and who the client is behind a proxy. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { makeFolder } from '../support/folder.ts';
import { hashOf, notifyFile } from '../support/notify.ts';
import { exchange, request, requestText } from '../support/raw.ts';
import { engineBetween, startForFile, startForTest, without } from '../support/target.ts';

const root = makeFolder({
  'index.html': 'root',
  'a.txt': 'a',
  'docs/index.html': 'docs',
  'bare/x y.txt': 'x',
  'page.html': 'page',
  'app/a.txt': 'inner',
  '404.html': 'nothing',
  _redirects: '/old/* /docs/:splat\n/ext https://e.test/\n/in /page.html 200\n',
  _headers: '/a.txt\n  X-A: b\n',
});

const TOKEN = 'A-chosen-token~of.19';
const args = ['--base-path', '/team/app/', '--listing', '--metrics-path', '/metrics', '--clean-urls'];
const server = await startForFile({ root, args });

/** Where a browser ends up. */
async function goes(path: string): Promise<string> {
  const { status, header } = await request(server, path);
  const { href } = new URL(header('location') ?? '', `http://site.test${path}`);
  return `${status} ${href.replace('http://site.test', '')}`;
}

describe('base path', () => {
  test('is a part of the URL that the start line shows', () => {
    assert.match(server.startLine, /http:\/\/localhost:\d+\/team\/app\/$/);
  });

  test('other methods get what they get elsewhere', async () => {
    const statuses = [];
    for (const [method, path] of [
      ['OPTIONS', '*'],
      ['OPTIONS', '/team/app'],
      ['POST', '/team/app'],
      ['DELETE', '/elsewhere'],
    ] as const) {
      const { status, header } = await request(server, path, { method });
      assert.equal(header('allow'), 'GET, HEAD, OPTIONS');
      statuses.push(status);
    }
    assert.deepEqual(statuses, [204, 204, 405, 405]);
  });

  for (const [path, status, text] of [
    ['/team/app/', 200, 'root'],
    ['/team/app/a.txt?b', 200, 'a'],
    ['/team/app/app/a.txt', 200, 'inner'],
    ['/team/app/page', 200, 'page'],
    ['/team/app/in', 200, 'page'],
    ['/team/app/nothing', 404, 'nothing'],
    ['/team/%61pp/a.txt', 200, 'a'],
    ['/team//app/a.txt', 200, 'a'],
    ['/', 404, '404 Not Found\n'],
    ['/a.txt', 404, '404 Not Found\n'],
    ['/team', 404, '404 Not Found\n'],
    ['/team/apple/a.txt', 404, '404 Not Found\n'],
    ['/team/app%2Fa.txt', 404, '404 Not Found\n'],
    ['/team/app/../../a.txt', 400, '400 Bad Request\n'],
    ['/healthz', 200, 'ok\n'],
    ['/team/app/healthz', 404, 'nothing'],
  ] as const) {
    test(`${path} is ${status}`, async () => {
      const response = await request(server, path);
      assert.deepEqual([response.status, response.text], [status, text]);
    });
  }

  for (const [path, where] of [
    ['/team/app', '301 /team/app/'],
    ['/team/app?a=1', '301 /team/app/?a=1'],
    ['/team/app/docs', '301 /team/app/docs/'],
    ['/team/app/page.html', '301 /team/app/page'],
    ['/team/app/index.html', '301 /team/app/'],
    ['/team/app/old/x/y', '301 /team/app/docs/x/y'],
    ['/team/app/ext', '301 https://e.test/'],
    ['//team/app//docs', '301 //team/app//docs/'],
  ] as const) {
    test(`${path} goes to ${where}`, async () => assert.equal(await goes(path), where));
  }

  test('rules, links of listings and metrics', async () => {
    assert.equal((await request(server, '/team/app/a.txt')).header('x-a'), 'b');
    const { text } = await request(server, '/team/app/bare/');
    const links = [...text.matchAll(/href="([^"]*)"/g)].map(
      ([, link = '']) => new URL(link, 'http://s/team/app/bare/').pathname,
    );
    assert.ok(links.includes('/team/app/bare/x%20y.txt'), links.join());
    assert.ok(
      links.every((link) => link.startsWith('/team/app/')),
      links.join(),
    );
    assert.equal((await request(server, '/metrics')).status, 200);
  });

  test('/ is none', async (t) => {
    const plain = await startForTest(t, { root, args: ['--base-path', '/'] });
    assert.equal((await request(plain, '/a.txt')).text, 'a');
  });

  for (const workers of [[], ['--workers', '2']]) {
    const skip = workers.length > 0 && (engineBetween || without('workers'));
    test(`messages go there and to the root, and no log has tokens ${workers.join(' ')}`, {
      skip,
    }, async (t) => {
      const channel = { kind: 'webhook', url: 'http://127.0.0.1:9/', allowAddresses: ['127.0.0.1'] };
      const file = notifyFile({ hook: channel }, { ann: { tokens: [hashOf(TOKEN)], channels: ['hook'] } });
      const notify = ['--notify', file, '--notify-wait', '0', '--notify-dialects', 'serverchan'];
      const on = await startForTest(t, { root, args: ['--base-path', '/app', ...workers, ...notify] });
      for (const path of ['/notify', '/app/notify']) {
        const fields = { Authorization: `Bearer ${TOKEN}`, Connection: 'close', 'Content-Length': '2' };
        const [response] = await exchange(on, `${requestText('POST', path, fields)}hi`, ['POST']);
        assert.equal(response?.status, 202, path);
        assert.match(response?.header('location') ?? '', /^notify\//);
      }
      const headers = { Referer: 'http://h/app/SCTalsoNoToken.send' };
      await request(on, '/app/SCTnotATokenAtAll.send?title=hi', { headers });
      const line = await on.logged(/GET \/app\/\S*send/);
      assert.match(line, /GET \/app\/\*\*\*\.send/);
      assert.match(line, /http:\/\/h\/app\/\*\*\*\.send/);
      assert.ok(!on.stdout.all.some((one) => one.includes(TOKEN) || one.includes('SCT')));
    });
  }
});

describe('the header that names the client', () => {
  const headers = {
    'X-Forwarded-For': '192.0.2.1',
    'X-Real-IP': '192.0.2.2',
    Forwarded: 'for=198.51.100.9, for="[2001:DB8::3]:4711";proto=https;by=_x',
  };
  for (const [name, address] of [
    ['x-forwarded-for', '192.0.2.1'],
    ['x-real-ip', '192.0.2.2'],
    ['forwarded', '2001:db8::3'],
  ] as const) {
    test(`${name}, and no other`, async (t) => {
      const more = ['--trusted-proxies', '127.0.0.1', '--client-header', name];
      const on = await startForTest(t, { root, args: more });
      await request(on, '/a.txt', { headers });
      await on.logged(new RegExp(`^${address} .*GET /a.txt`));
      const others = Object.entries(headers).filter(([key]) => key.toLowerCase() !== name);
      await request(on, '/page.html', { headers: Object.fromEntries(others) });
      await on.logged(/^127\.0\.0\.1 .*GET \/page\.html/);
    });
  }
});
