/** The page of the notify endpoint in a real browser, with a real server and channels that do as they are told. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { requireBuilt } from '../../scripts/bundle/fixtures.ts';
import { again, rejected } from '../../src/notify/fixtures.ts';
import { type Browser, desktop, noChromium, phone, startChromium } from '../support/chromium.ts';
import { makeFolder } from '../support/folder.ts';
import { CHANNELS, startPageServer as startServer, TOKEN, write } from '../support/notify-page.ts';
import { isSource } from '../support/target.ts';

const skip = noChromium || (!isSource && 'runs in this process, whatever the target');

describe('the page', { skip }, () => {
  let browser: Browser;
  before(async () => {
    browser = await startChromium();
  });
  after(() => browser.close());

  test('sends and shows what became of it', async (t) => {
    const { url, sent } = await startServer(t);
    const page = await browser.open(t, url);
    await write(page, 'Hello');
    await page.fill('#title', 'From the page');
    await page.click('summary');
    await page.evaluate('priority.value = 5; format.value = "markdown"');
    await page.fill('#url', 'https://example.org/a');
    await page.click('#send');
    await page.reads(/Delivered\s+phone delivered at [\d:]+.*\s+mail delivered/);
    const { title, text, format, priority, url: link } = sent[0]?.message ?? assert.fail();
    assert.deepEqual(
      [title, text, format, priority, link],
      ['From the page', 'Hello', 'markdown', 5, 'https://example.org/a'],
    );
    assert.deepEqual(sent.map(({ channel }) => channel).sort(), ['mail', 'phone']);
    assert.deepEqual(page.complaints, []);
  });

  test('does so minified, as it is in an executable', async (t) => {
    const built = await requireBuilt<typeof import('../../src/notify/api/page/page.ts')>(
      'src/notify/api/page/page.ts',
      makeFolder(),
    );
    const { url, script } = await startServer(t, built.createPageStage());
    script.mail = again;
    const page = await browser.open(t, url);
    await write(page, 'Hello');
    await page.click('#send');
    await page.reads(/Accepted, on its way\s+phone delivered.*\s+mail retrying/);
    script.mail = rejected;
    await page.reads(/mail failed at .*\s+no such number/);
    assert.deepEqual(page.complaints, []);
  });

  test('only to the channels that are ticked, and to none only after saying so', async (t) => {
    const { url, sent } = await startServer(t);
    const page = await browser.open(t, url);
    await write(page, 'Hello');
    await page.click('[value="mail"]');
    await page.click('[value="phone"]');
    await page.click('#send');
    await page.reads(/Choose a channel/);
    await page.click('[value="mail"]');
    await page.click('#send');
    await page.reads(/mail delivered/);
    assert.deepEqual(
      sent.map(({ channel }) => channel),
      ['mail'],
    );
    assert.equal(await page.evaluate('problem.textContent'), '');
  });

  test('shows which channel failed, and why', async (t) => {
    const { url, script } = await startServer(t);
    script.mail = rejected;
    const page = await browser.open(t, url);
    await write(page, 'Hello');
    await page.click('#send');
    await page.reads(
      /Delivered, but not everywhere\s+phone delivered.*\s+mail failed at .*\s+no such number/,
    );
    script.phone = rejected;
    await page.until('send.ariaDisabled === "false"');
    await page.click('#send');
    await page.reads(/Not delivered\s+phone failed/);
    assert.deepEqual(page.complaints, []);
  });

  test('goes on looking until a channel that retries has delivered', async (t) => {
    const { url, script } = await startServer(t);
    script.mail = again;
    const page = await browser.open(t, url);
    await write(page, 'Hello');
    await page.click('#send');
    await page.reads(
      /Accepted, on its way\s+phone delivered.*\s+mail retrying, attempt \d+ at [\d:]+.*\s+busy/,
    );
    script.mail = { kind: 'delivered' };
    await page.reads(/Delivered\s+phone delivered.*\s+mail delivered/);
  });

  test('a wrong token is told, and then a right one works', async (t) => {
    const { url, control } = await startServer(t);
    const page = await browser.open(t, url);
    await page.fill('#token', 'wrong');
    await page.reads(/This token is unknown/);
    assert.equal(await page.evaluate('channels.hidden'), true);
    await page.fill('#token', 'token—with—dashes');
    await page.reads(/characters that no token has/);
    await page.fill('#token', TOKEN);
    await page.reads(/for ann/);
    assert.doesNotMatch(String(await page.evaluate('document.body.innerText')), /is unknown|no token has/);
    assert.ok(control.requests.every(({ target }) => !target.includes('wrong') && !target.includes(TOKEN)));
  });

  test('what the server refuses is told in its words', async (t) => {
    const { url } = await startServer(t);
    const page = await browser.open(t, url);
    await write(page, '');
    await page.click('#send');
    await page.reads(/text: is missing: give a text, a title, or both/);
  });

  test('a double click sends once', async (t) => {
    const { url, sent, control } = await startServer(t);
    // All of it in view, so that nothing moves and both clicks hit the button.
    const page = await browser.open(t, url, { ...desktop, height: 1400 });
    await write(page, 'Hello');
    await page.click('#send', 2);
    await page.reads(/mail delivered/);
    await page.until('send.ariaDisabled === "false"');
    assert.equal(sent.length, CHANNELS.length);
    assert.equal(control.requests.filter(({ method }) => method === 'POST').length, 1);
  });

  test('a lost response is asked for again, under the same key', async (t) => {
    const { url, sent, control } = await startServer(t);
    let losses = 1;
    control.interfere = ({ method }) => (method === 'POST' && losses-- > 0 ? 'lose the response' : 'pass');
    const page = await browser.open(t, url);
    await write(page, 'Hello');
    await page.click('#send');
    await page.reads(/Delivered \(accepted before, not sent twice\)/);
    assert.equal(sent.length, CHANNELS.length);
  });

  test('when no response comes at all, pressing again does not send again; a new press after it does', async (t) => {
    const { url, sent, control } = await startServer(t);
    control.interfere = ({ method }) => (method === 'POST' ? 'lose the response' : 'pass');
    const page = await browser.open(t, url);
    await write(page, 'Hello');
    await page.click('#send');
    await page.reads(/No response came/);
    control.interfere = () => 'pass';
    await page.click('#send');
    await page.reads(/not sent twice/);
    assert.equal(sent.length, CHANNELS.length);
    await page.until('send.ariaDisabled === "false"');
    await page.click('#send');
    await page.until('!/not sent twice/.test(summary.textContent)');
    assert.equal(sent.length, 2 * CHANNELS.length);
    const keys = control.requests
      .filter(({ method }) => method === 'POST')
      .map(({ headers }) => headers['idempotency-key']);
    assert.equal(new Set(keys).size, 2);
  });

  test('works by keyboard alone', async (t) => {
    const { url, sent } = await startServer(t);
    const page = await browser.open(t, url);
    await page.press('Tab');
    assert.equal(await page.evaluate('document.activeElement.id'), 'token');
    await page.send('Input.insertText', { text: TOKEN });
    for (const id of ['keep', 'title', 'text']) {
      await page.press('Tab');
      assert.equal(await page.evaluate('document.activeElement.id'), id);
    }
    await page.send('Input.insertText', { text: 'Hello' });
    await page.press('Enter', 'ctrl');
    await page.reads(/mail delivered/);
    assert.equal(sent[0]?.message.text, 'Hello');
    assert.equal(await page.evaluate('document.activeElement.id'), 'text');
  });

  test('everything to fill in has a name, and news are announced', async (t) => {
    const { url } = await startServer(t);
    const page = await browser.open(t, url);
    await write(page, 'Hello');
    const { nodes } = await page.send('Accessibility.getFullAXTree');
    type Node = { role?: { value: string }; name?: { value: string } };
    const names = (nodes as Node[]).map(({ role, name }) => `${role?.value} ${name?.value}`);
    const expected = [
      'textbox Token',
      'checkbox Keep it until this tab closes',
      'textbox Title',
      'textbox Text',
    ];
    for (const name of [...expected, 'group Channels', 'checkbox phone', 'button Send', 'status '])
      assert.ok(names.includes(name), `${name} in ${names.join(', ')}`);
    const live = 'document.querySelectorAll("[role=alert], [role=status], [aria-live=polite]").length';
    assert.equal(await page.evaluate(live), 3);
  });

  test('keeps the token for the tab only where it is told to', async (t) => {
    const { url } = await startServer(t);
    const page = await browser.open(t, url);
    await page.fill('#token', TOKEN);
    await page.goto(url);
    assert.equal(await page.evaluate('token.value'), '');
    await page.fill('#token', TOKEN);
    await page.click('#keep');
    await page.goto(url);
    assert.equal(await page.evaluate('token.value'), TOKEN);
    await page.reads(/for ann/);
    await page.click('#keep');
    assert.equal(await page.evaluate('sessionStorage.length + localStorage.length'), 0);
  });

  test('fits a phone, and its fields do not make iOS zoom', async (t) => {
    const { url, script } = await startServer(t);
    script.mail = { kind: 'rejected', reason: 'x'.repeat(300) };
    const page = await browser.open(t, url, phone);
    await write(page, 'Hello');
    await page.click('summary');
    await page.click('#send');
    await page.reads(/xxx/);
    assert.equal(await page.evaluate('innerWidth'), phone.width);
    assert.equal(await page.evaluate('document.documentElement.scrollWidth'), phone.width);
    const sizes = `[...document.querySelectorAll('input, textarea, select')].map((field) => getComputedStyle(field).fontSize)`;
    assert.deepEqual([...new Set((await page.evaluate(sizes)) as string[])], ['16px']);
  });

  test('works below a prefix', async (t) => {
    const { url, sent } = await startServer(t);
    const page = await browser.open(t, url.replace('/notify', '/prefix/notify'));
    await write(page, 'Hello');
    await page.click('#send');
    await page.reads(/mail delivered/);
    assert.equal(sent.length, CHANNELS.length);
  });

  test('what comes from outside is text', async (t) => {
    const { url, script } = await startServer(t);
    const markup = '<img src=x onerror="window.run=1"><script>window.run=1</script>';
    script.mail = { kind: 'rejected', reason: markup };
    const page = await browser.open(t, url);
    await write(page, markup);
    await page.click('#send');
    await page.until(`list.innerText.includes(${JSON.stringify(markup)})`);
    assert.equal(
      await page.evaluate('document.querySelectorAll("main img, main script").length + (window.run ?? 0)'),
      0,
    );
    assert.deepEqual(page.complaints, []);
  });

  describe('the policy stops', () => {
    const attacks: readonly (readonly [name: string, attack: string])[] = [
      [
        'a script element',
        "const script = document.createElement('script'); script.append('window.run = 1'); document.body.append(script)",
      ],
      ['a handler in markup', "send.setAttribute('onclick', 'window.run = 1'); send.click()"],
      ['markup from strings', "document.body.innerHTML = '<b>'"],
      ['code from strings', "setTimeout('window.run = 1', 0)"],
      [
        'a style',
        "const style = document.createElement('style'); style.append('b { color: red }'); document.body.append(style)",
      ],
      [
        'a picture from elsewhere',
        "document.body.append(Object.assign(document.createElement('img'), { src: '/x.png' }))",
      ],
      ['requests to elsewhere', "fetch('http://127.0.0.1:1/').catch(() => 0)"],
    ];
    for (const [name, attack] of attacks) {
      test(name, async (t) => {
        const { url } = await startServer(t);
        const page = await browser.open(t, url);
        assert.deepEqual(page.complaints, []);
        await page.evaluate(`(() => { try { ${attack} } catch {} })()`);
        for (let turn = 0; turn < 100 && page.complaints.length === 0; turn++)
          await page.evaluate('new Promise((resolve) => setTimeout(resolve, 20))');
        assert.match(page.complaints.join('\n'), /Content Security Policy|Trusted/);
        assert.equal(await page.evaluate('window.run'), undefined);
      });
    }
  });

  test('without scripts it says how to send', async (t) => {
    const { url } = await startServer(t);
    const page = await browser.open(t, 'about:blank');
    await page.send('Emulation.setScriptExecutionDisabled', { value: true });
    await page.send('Page.navigate', { url });
    await page.reads(/curl -H 'X-Token: TOKEN'/);
    assert.doesNotMatch(String(await page.evaluate('document.body.innerText')), /Send$/m);
  });
});
