/** How the page of the notify endpoint looks and speaks: two widths, light and dark, two languages, for everybody. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { again, rejected } from '../../src/notify/fixtures.ts';
import { axeFindings } from '../support/axe.ts';
import { type Browser, noChromium, type Page, startChromium, type View } from '../support/chromium.ts';
import { OTHER_TOKEN, startPageServer, TOKEN, write } from '../support/notify-page.ts';
import { isSource } from '../support/target.ts';

const wide: View = { width: 1280, height: 900, mobile: false };
const narrow: View = { width: 390, height: 780, mobile: true };
/** A folder for screenshots, to be looked at. */
const { MOTE_SCREENSHOTS: pictures = '' } = process.env;
const skip = noChromium || (!isSource && 'runs in this process, whatever the target');

async function speak(page: Page, language: string, url: string): Promise<void> {
  await page.send('Network.setExtraHTTPHeaders', { headers: { 'Accept-Language': language } });
  await page.goto(url);
}

describe('the page', { skip }, () => {
  let browser: Browser;
  before(async () => {
    browser = await startChromium();
  });
  after(() => browser.close());

  /** With everything that it can show at once. */
  async function openFull(t: TestContext, view: View): Promise<{ page: Page; url: string }> {
    const { url, script } = await startPageServer(t);
    const page = await browser.open(t, url, view);
    script.mail = rejected;
    await write(page, 'Nobody reads this by mail');
    await page.click('#send');
    await page.reads(/but not everywhere/);
    script.mail = again;
    await page.until('send.ariaDisabled === "false"');
    await page.fill('#title', 'The disk of web-1 is full');
    await page.click('#send');
    await page.reads(/on its way/);
    await page.click('summary');
    await page.click('#recent summary');
    await page.reads(/web-1 is full Accepted, on its way ·/);
    return { page, url };
  }

  for (const [name, view] of [
    ['1280', wide],
    ['390', narrow],
  ] as const) {
    test(`axe finds nothing at ${name} px, light and dark`, async (t) => {
      const { page } = await openFull(t, view);
      for (const scheme of ['light', 'dark'] as const) {
        await page.show(scheme);
        assert.deepEqual(await axeFindings(page), []);
        if (pictures !== '') writeFileSync(join(pictures, `${name}-${scheme}.png`), await page.screenshot());
      }
      const { scrollWidth, clientWidth } = (await page.evaluate(
        '({ scrollWidth: document.documentElement.scrollWidth, clientWidth: document.documentElement.clientWidth })',
      )) as { scrollWidth: number; clientWidth: number };
      assert.equal(scrollWidth, clientWidth);
      assert.deepEqual(page.complaints, []);
    });
  }

  test('«failed» is never under «on its way»', async (t) => {
    const { url, script } = await startPageServer(t);
    script.mail = again;
    script.phone = rejected;
    const page = await browser.open(t, url);
    await write(page, 'Hello');
    await page.click('#send');
    await page.reads(
      /Not delivered everywhere, still trying the rest\s+phone failed.*\s+no such number\s+mail retrying/,
    );
    assert.doesNotMatch(String(await page.evaluate('result.innerText')), /on its way/);
    script.mail = { kind: 'delivered' };
    await page.reads(/Delivered, but not everywhere/);
  });

  test('channels are worded for people', async (t) => {
    const { url } = await startPageServer(t);
    const page = await browser.open(t, url);
    await write(page, '');
    assert.equal(await page.evaluate('channels.innerText'), 'Channels\nphone\nmail (e-mail)');
  });

  test('what became of the messages before is shown, the latest first, and follows', async (t) => {
    const { url, script } = await startPageServer(t);
    const page = await browser.open(t, url);
    assert.equal(await page.evaluate('recent.hidden'), true);
    await write(page, '');
    await page.click('#recent summary');
    await page.reads(/None yet/);
    script.mail = rejected;
    await page.fill('#text', 'First line\nsecond line');
    await page.click('#send');
    await page.reads(/First line Delivered, but not everywhere · .*\s+mail: no such number/);
    script.mail = again;
    await page.until('send.ariaDisabled === "false"');
    await page.fill('#title', '<b>Second</b>');
    await page.click('#send');
    await page.reads(/<b>Second<\/b> Accepted, on its way · [\s\S]*First line/);
    script.mail = { kind: 'delivered' };
    await page.reads(/<b>Second<\/b> Delivered · /);
    await page.fill('#token', 'wrong');
    await page.reads(/This token is unknown/);
    assert.equal(await page.evaluate('recent.hidden'), true);
  });

  test('messages of another token are never shown', async (t) => {
    const { url, control } = await startPageServer(t);
    const page = await browser.open(t, url);
    await write(page, 'For nobody else');
    await page.click('#send');
    await page.reads(/Delivered/);
    await page.click('#recent summary');
    await page.reads(/For nobody else Delivered/);
    control.interfere = ({ path }) => (path === '/notify/messages' ? 'lose the response' : 'pass');
    await page.fill('#token', OTHER_TOKEN);
    await page.reads(/for bob/);
    await page.reads(/The server does not respond/);
    assert.equal(await page.evaluate('messages.innerText'), '');
    control.interfere = () => 'pass';
    await page.evaluate('recent.open = false');
    await page.click('#recent summary');
    await page.reads(/None yet/);
  });

  test('a token that could not be checked is checked when the field is left again, or has sent', async (t) => {
    const { url, control } = await startPageServer(t);
    const page = await browser.open(t, url);
    control.interfere = ({ path }) => (path === '/notify/channels' ? 'lose the response' : 'pass');
    await page.fill('#token', TOKEN);
    await page.reads(/The server does not respond/);
    control.interfere = () => 'pass';
    await page.evaluate('token.focus()');
    await page.press('Tab');
    await page.reads(/for ann/);

    control.interfere = ({ path }) => (path === '/notify/channels' ? 'lose the response' : 'pass');
    await page.fill('#token', OTHER_TOKEN);
    await page.reads(/The server does not respond/);
    control.interfere = () => 'pass';
    await page.fill('#text', 'Hello');
    await page.click('#send');
    await page.reads(/for bob/);
  });

  test('all of it by keyboard', async (t) => {
    const { url } = await startPageServer(t);
    const page = await browser.open(t, url);
    await page.press('Tab');
    await page.send('Input.insertText', { text: TOKEN });
    await page.press('Tab');
    await page.reads(/for ann/);
    const seen: string[] = [];
    for (let tabs = 0; tabs < 12; tabs++) {
      const focused =
        'document.activeElement.id || document.activeElement.value || document.activeElement.innerText';
      seen.push(String(await page.evaluate(focused)));
      const outline = 'getComputedStyle(document.activeElement).outlineStyle';
      assert.notEqual(await page.evaluate(outline), 'none', seen.at(-1));
      if (seen.at(-1) === 'Last messages') break;
      await page.press('Tab');
    }
    const order = ['keep', 'title', 'text', 'phone', 'mail', 'More', 'send', 'Last messages'];
    assert.deepEqual(seen, order);
    await page.press('Enter');
    await page.reads(/None yet/);
    await page.press('Tab');
    assert.match(String(await page.evaluate('document.activeElement.href')), /\/notify\/openapi\.json$/);
  });

  describe('in Chinese', () => {
    async function open(t: TestContext, view = wide) {
      const server = await startPageServer(t);
      const page = await browser.open(t, server.url, view);
      await speak(page, 'zh-CN,zh;q=0.9,en;q=0.8', server.url);
      return { ...server, page };
    }
    const fillToken = async (page: Page) => {
      await page.fill('#token', TOKEN);
      await page.reads(/属于 ann/);
    };

    test('everything', async (t) => {
      const { page, script } = await open(t, narrow);
      script.mail = rejected;
      await fillToken(page);
      await page.click('summary');
      await page.fill('#text', '磁盘满了');
      await page.click('#send');
      await page.reads(/部分送达\s+phone [\d:]+.* 送达\s+mail [\d:]+.* 失败/);
      await page.click('#recent summary');
      await page.reads(/磁盘满了 部分送达 ·/);
      const text = String(await page.evaluate('document.body.innerText'));
      const latin = text
        .match(/[A-Za-z]{3,}/g)
        ?.filter((word) => !/^(?:mote|ann|phone|mail|Markdown)$/.test(word));
      assert.deepEqual(latin, ['such', 'number', 'such', 'number'], 'only what the provider said');
      assert.equal(await page.evaluate('channels.innerText'), '渠道\nphone\nmail (邮件)');
      assert.deepEqual(await axeFindings(page), []);
      if (pictures !== '') writeFileSync(join(pictures, '390-zh.png'), await page.screenshot());
    });

    test('errors', async (t) => {
      const { page } = await open(t);
      await page.fill('#token', 'wrong');
      await page.reads(/令牌无效/);
      for (let guess = 0; guess < 6; guess++) {
        await page.fill('#token', `wrong${guess}`);
        await page.until('problem.textContent !== ""');
      }
      await page.reads(/请求过于频繁：请在 \d+ 秒后重试/);
      await fillToken(page);
      await page.click('#send');
      await page.reads(/请填写标题或正文/);
      await page.click('summary');
      await page.fill('#text', 'x');
      await page.fill('#url', 'ftp://x.example');
      await page.click('#send');
      await page.reads(/链接必须是/);
    });
  });
});
