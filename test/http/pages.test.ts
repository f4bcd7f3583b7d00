/** mote's own pages of files in a real browser: without complaints of it or of axe-core, and by keyboard alone. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { axeFindings } from '../support/axe.ts';
import { type Browser, noChromium, type Page, startChromium, type View } from '../support/chromium.ts';
import { makeFolder } from '../support/folder.ts';
import { type Server, start } from '../support/target.ts';

const views: readonly View[] = [
  { width: 1280, height: 800, mobile: false },
  { width: 390, height: 780, mobile: true },
];

const readme = `# Notes

[![tests](badge.svg)](https://ci.example/) [](file9.txt)

### Deep

#

|  | b |
| - | - |
| 1 | 2 |

Read [the first](file9.txt) and <b>then</b> <script>document.title = "owned"</script> [the last](#the-last).

| a | b |
| - | - |
| 1 | ${'wide '.repeat(60)} |

\`\`\`sh
${'x'.repeat(300)}
\`\`\`

![picture](cover.png)

## The last
`;

const root = () =>
  makeFolder({
    'sub/README.md': readme,
    'sub/file9.txt': '9',
    'sub/file10.txt': '10'.repeat(2000),
    'sub/cover.png': 'x',
    'sub/שלום.txt': 'x',
    [`sub/${'long'.repeat(55)}.zip`]: 'x',
    'sub/deep/er/x': 'x',
    'index.html': '<!doctype html><title>x</title>',
    'empty/.keep': '',
  });

// The engine makes no difference to a browser.
const skip = noChromium || (process.env.MOTE_ENGINE !== undefined && 'tested with the default engine');

describe('pages', { skip }, () => {
  let browser: Browser;
  let server: Server;
  before(async () => {
    browser = await startChromium();
    server = await start({ root: root(), args: ['--listing', '--csp', "default-src 'self'"] });
  });
  after(async () => {
    await browser.close();
    await server.stop();
  });
  const at = (path: string) => `http://127.0.0.1:${server.port}${path}`;
  const names = (page: Page) =>
    page.evaluate('[...document.querySelectorAll("td:first-child a")].map((a) => a.innerText)');

  for (const view of views) {
    for (const path of ['/sub/', '/sub/deep/', '/empty/', '/nothing']) {
      for (const scheme of ['light', 'dark'] as const) {
        test(`${path}, ${view.width} px, ${scheme}`, async (t) => {
          const page = await browser.open(t, at(path), view);
          await page.show(scheme);
          assert.deepEqual(await axeFindings(page), []);
          assert.deepEqual(page.complaints, []);
          assert.ok(Number(await page.evaluate('document.documentElement.scrollWidth')) <= view.width);
          const [red = 0] =
            String(await page.evaluate('getComputedStyle(document.body).color')).match(/\d+/g) ?? [];
          assert.equal(Number(red) > 128, scheme === 'dark', 'the text is light on dark');
        });
      }
    }
  }

  test('a phone shows the date, and the whole of a name', async (t) => {
    const page = await browser.open(t, at('/sub/'), views[1]);
    const shown = await page.evaluate(`[...document.querySelectorAll('time, td a')].every((element) => {
      const { left, right, height } = element.getBoundingClientRect();
      return left >= 0 && right <= innerWidth && height > 0;
    })`);
    assert.equal(shown, true);
    const text = String(await page.evaluate('document.querySelector("time").innerText'));
    assert.match(text, /^\d{4}-\d\d-\d\d\s\d\d:\d\d$/);
  });

  test('the keyboard sorts, opens and goes back up', async (t) => {
    const page = await browser.open(t, at('/sub/'));
    const tabTo = async (wanted: string) => {
      for (let i = 0; i < 30 && (await page.focused()) !== wanted; i++) await page.press('Tab');
      assert.equal(await page.focused(), wanted);
    };
    assert.deepEqual(((await names(page)) as string[]).slice(0, 5), [
      'Parent folder',
      'deep/',
      'cover.png',
      'file9.txt',
      'file10.txt',
    ]);
    await tabTo('button Size');
    assert.notEqual(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle'), 'none');
    await page.press('Enter');
    await page.until('location.search === "?order=desc&sort=size" && document.readyState === "complete"');
    assert.equal(((await names(page)) as string[])[2], 'file10.txt');
    assert.equal(await page.evaluate('document.querySelector("[aria-sort=descending]").innerText'), 'Size');
    await tabTo('a deep/');
    await page.press('Enter');
    await page.until('location.pathname === "/sub/deep/" && document.readyState === "complete"');
    await tabTo('a Parent folder');
    await page.press('Enter');
    await page.until('location.pathname === "/sub/" && document.readyState === "complete"');
    assert.deepEqual(page.complaints, []);
  });

  test('a README runs nothing, and its links lead on', async (t) => {
    const page = await browser.open(t, at('/sub/'));
    assert.notEqual(await page.evaluate('document.title'), 'owned');
    await page.click('section a[href="#readme-the-last"]');
    await page.until('location.hash === "#readme-the-last"');
    assert.equal(await page.evaluate('document.querySelector(":target").innerText'), 'The last');
    await page.click('section a[href="file9.txt"]');
    await page.until('location.pathname === "/sub/file9.txt"');
  });
});
