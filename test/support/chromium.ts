/**
 * Debian's Chromium without a window, driven over the DevTools protocol
 * (https://chromedevtools.github.io/devtools-protocol/). It reaches nothing but loopback.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { debian } from '../../scripts/test/lacking.ts';
import { makeFolder } from './folder.ts';
import { Lines } from './lines.ts';

const PROGRAM = '/usr/bin/chromium';
/** Longer than anything that a test waits for takes on a busy machine. */
const PATIENCE_MS = 20_000;
const POLL_MS = 20;
/** Between clicks, as a hand does it. */
const DOUBLE_CLICK_MS = 200;

/** A reason to skip, or `false`. */
export const noChromium = existsSync(PROGRAM) ? false : `missing: ${PROGRAM} ${debian(['chromium'])}`;

const flags = [
  '--headless=new',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--no-first-run',
  '--mute-audio',
  '--remote-debugging-port=0',
  '--no-proxy-server',
  '--disable-background-networking',
  '--disable-sync',
  '--disable-component-update',
  '--disable-default-apps',
  '--disable-extensions',
  '--no-pings',
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
  // Its sandbox refuses the super-user, which is what tests in containers run as.
  ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
];

interface Reply {
  readonly id?: number;
  readonly sessionId?: string;
  readonly method?: string;
  // biome-ignore lint/suspicious/noExplicitAny: what the protocol says, not typed here
  readonly params?: any;
  // biome-ignore lint/suspicious/noExplicitAny: what the protocol says, not typed here
  readonly result?: any;
  readonly error?: { readonly message: string };
}

type Params = Record<string, unknown>;

/** The protocol over one WebSocket: commands with their replies, and events by the session they belong to. */
class Protocol {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, PromiseWithResolvers<Reply>>();
  readonly #listeners = new Map<string, (event: Reply) => void>();
  #serial = 0;
  #gone = false;

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener('message', ({ data }) => this.#take(JSON.parse(String(data))));
    socket.addEventListener('close', () => {
      this.#gone = true;
      for (const { reject } of this.#waiting.values()) reject(new Error('Chromium has gone'));
    });
  }

  static async open(url: string): Promise<Protocol> {
    const socket = new WebSocket(url);
    await once(socket, 'open');
    return new Protocol(socket);
  }

  onEvents(sessionId: string, listener: (event: Reply) => void): void {
    this.#listeners.set(sessionId, listener);
  }

  async send(method: string, params: Params = {}, sessionId?: string): Promise<Reply['result']> {
    if (this.#gone) throw new Error('Chromium has gone');
    const id = ++this.#serial;
    const waiting = Promise.withResolvers<Reply>();
    this.#waiting.set(id, waiting);
    this.#socket.send(JSON.stringify({ id, method, params, ...(sessionId && { sessionId }) }));
    const { error, result } = await waiting.promise;
    if (error) throw new Error(`${method}: ${error.message}`);
    return result;
  }

  close(): void {
    this.#socket.close();
  }

  #take(reply: Reply): void {
    if (reply.id === undefined) return this.#listeners.get(reply.sessionId ?? '')?.(reply);
    this.#waiting.get(reply.id)?.resolve(reply);
    this.#waiting.delete(reply.id);
  }
}

export interface View {
  readonly width: number;
  readonly height: number;
  /** A phone: touch, and the viewport as its page says. */
  readonly mobile: boolean;
}

export const phone: View = { width: 360, height: 740, mobile: true };
export const desktop: View = { width: 1100, height: 860, mobile: false };

/** A tab. */
export class Page {
  /** What a developer would see in red: exceptions, and what the browser refused to load or to run. */
  readonly complaints: string[] = [];
  readonly #protocol: Protocol;
  readonly #session: string;

  constructor(protocol: Protocol, session: string) {
    this.#protocol = protocol;
    this.#session = session;
    protocol.onEvents(session, (event) => this.#listen(event));
  }

  #listen({ method, params }: Reply): void {
    if (method === 'Runtime.exceptionThrown') {
      const { text, exception } = params.exceptionDetails;
      this.complaints.push(`exception: ${exception?.description ?? text}`);
    }
    if (method === 'Runtime.consoleAPICalled' && params.type === 'error')
      this.complaints.push(`console: ${JSON.stringify(params.args)}`);
    if (method === 'Log.entryAdded' && isComplaint(params.entry))
      this.complaints.push(`${params.entry.source}: ${params.entry.text}`);
    if (method === 'Audits.issueAdded') {
      const { code } = params.issue;
      if (code === 'ContentSecurityPolicyIssue')
        this.complaints.push(`issue: ${JSON.stringify(params.issue)}`);
    }
  }

  send(method: string, params: Params = {}): Promise<Reply['result']> {
    return this.#protocol.send(method, params, this.#session);
  }

  /** Listens to everything that {@link complaints} is about, and takes this size. */
  async prepare({ width, height, mobile }: View): Promise<void> {
    for (const domain of ['Page', 'Runtime', 'Log', 'Audits', 'Network']) await this.send(`${domain}.enable`);
    await this.send('Emulation.setDeviceMetricsOverride', { width, height, mobile, deviceScaleFactor: 2 });
    await this.send('Emulation.setTouchEmulationEnabled', { enabled: mobile });
  }

  async goto(url: string): Promise<void> {
    const { errorText } = await this.send('Page.navigate', { url });
    assert.equal(errorText, undefined, url);
    await this.until('document.readyState === "complete"');
  }

  /** The value of a JavaScript expression in the page, or what its promise resolves to. */
  async evaluate(expression: string): Promise<unknown> {
    const params = { expression, awaitPromise: true, returnByValue: true };
    const { result, exceptionDetails } = await this.send('Runtime.evaluate', params);
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  }

  /** Waits until the expression is true. */
  async until(expression: string): Promise<void> {
    const endMs = Date.now() + PATIENCE_MS;
    while (!(await this.evaluate(expression))) {
      if (Date.now() > endMs) {
        const text = await this.evaluate('document.body?.innerText');
        throw new Error(`within ${PATIENCE_MS} ms it never was that ${expression}; the page reads:\n${text}`);
      }
      await sleep(POLL_MS);
    }
  }

  /** Waits until the page reads like this. */
  async reads(pattern: RegExp): Promise<void> {
    await this.until(`${pattern}.test(document.body?.innerText)`);
  }

  /** As a user does: with the mouse, `times` in a row, where the element is. */
  async click(selector: string, times = 1): Promise<void> {
    const { x, y } = (await this.evaluate(`(() => {
      const element = document.querySelector(${JSON.stringify(selector)});
      element.scrollIntoView({ block: 'center', behavior: 'instant' });
      const { x, y, width, height } = element.getBoundingClientRect();
      return { x: x + width / 2, y: y + height / 2 };
    })()`)) as { x: number; y: number };
    for (let clickCount = 1; clickCount <= times; clickCount++) {
      if (clickCount > 1) await sleep(DOUBLE_CLICK_MS);
      const event = { x, y, button: 'left', clickCount };
      await this.send('Input.dispatchMouseEvent', { type: 'mousePressed', ...event });
      await this.send('Input.dispatchMouseEvent', { type: 'mouseReleased', ...event });
    }
  }

  /** Puts `text` in the place of what the field has, as by typing or pasting, and leaves the field. */
  async fill(selector: string, text: string): Promise<void> {
    await this.evaluate(`document.querySelector(${JSON.stringify(selector)}).select()`);
    await this.send('Input.insertText', { text });
    await this.evaluate('document.activeElement.blur()');
  }

  async press(key: string, modifiers: 'none' | 'ctrl' = 'none'): Promise<void> {
    const codes: Readonly<Record<string, number>> = { Enter: 13, Tab: 9, ' ': 32 };
    const event = {
      key,
      code: key,
      windowsVirtualKeyCode: codes[key],
      modifiers: modifiers === 'ctrl' ? 2 : 0,
      ...(key === 'Enter' && { text: '\r' }),
      ...(key === ' ' && { text: ' ' }),
    };
    await this.send('Input.dispatchKeyEvent', { type: 'keyDown', ...event });
    await this.send('Input.dispatchKeyEvent', { type: 'keyUp', ...event });
  }

  async show(scheme: 'light' | 'dark'): Promise<void> {
    await this.send('Emulation.setEmulatedMedia', {
      features: [{ name: 'prefers-color-scheme', value: scheme }],
    });
  }

  async screenshot(): Promise<Buffer> {
    const { data } = await this.send('Page.captureScreenshot', { captureBeyondViewport: true });
    return Buffer.from(data, 'base64');
  }
}

/** A response of 400 and more has the source `network`: it is for the page to judge. Advice is `verbose`. */
function isComplaint({ source, level }: { readonly source: string; readonly level: string }): boolean {
  return source !== 'network' && level !== 'verbose';
}

export interface Browser {
  /** In a profile of its own, which goes when the test ends. */
  open(t: TestContext, url: string, view?: View): Promise<Page>;
  close(): Promise<void>;
}

export async function startChromium(): Promise<Browser> {
  const profile = makeFolder();
  // The launcher of Debian becomes the browser: the process is the one to end.
  const child = spawn(PROGRAM, [...flags, `--user-data-dir=${profile}`, 'about:blank'], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: process.env.PATH, HOME: profile },
  });
  const exited = once(child, 'exit');
  process.once('exit', () => child.kill('SIGKILL'));
  const lines = new Lines(child.stderr);
  const listening = /^DevTools listening on ws:/;
  // The first start of all may take longer than lines are waited for.
  const line = await lines.find(listening).catch(() => lines.find(listening));
  const protocol = await Protocol.open(line.slice(line.indexOf('ws:')));
  return {
    async open(t, url, view = desktop) {
      const { browserContextId } = await protocol.send('Target.createBrowserContext');
      const { targetId } = await protocol.send('Target.createTarget', {
        url: 'about:blank',
        browserContextId,
      });
      const attached = await protocol.send('Target.attachToTarget', { targetId, flatten: true });
      const page = new Page(protocol, attached.sessionId);
      t.after(() => protocol.send('Target.disposeBrowserContext', { browserContextId }));
      await page.prepare(view);
      await page.goto(url);
      return page;
    },
    async close() {
      // Asked, it ends its helpers too; then the profile is nobody's any more.
      await protocol.send('Browser.close').catch(() => undefined);
      const timer = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS);
      await exited;
      clearTimeout(timer);
      protocol.close();
    },
  };
}
