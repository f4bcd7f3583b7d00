/**
 * Raw HTTP over sockets: bytes out, and a small strict parser for what comes back. Whatever the parser does
 * not understand, or finds beside what was asked for, is an error: framing is part of every test.
 */
import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { connect as netConnect, type Socket } from 'node:net';
import { after } from 'node:test';

const READ_TIMEOUT_MS = 15_000;
const MAX_HEAD_BYTES = 64 * 1024;
/** Fields that a response carries at most once (RFC 9110 §5.3). */
const SINGLE = new Set(
  ['age', 'content-encoding', 'content-length', 'content-range', 'content-type', 'date', 'etag'].concat([
    'last-modified',
    'location',
    'retry-after',
    'transfer-encoding',
    'connection',
    'cache-control',
    'vary',
  ]),
);

/** Where to connect: a started server, or a unix socket. */
export type Address = { readonly port: number; readonly host?: string } | { readonly path: string };

export interface Response {
  readonly status: number;
  readonly reason: string;
  /** Names in lower case, in the order received. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  /** The header section as received, with its last empty line. */
  readonly head: string;
  readonly body: Buffer;
  readonly text: string;
  /** The value of a field, repeated fields joined; `undefined` if absent. */
  header(name: string): string | undefined;
}

/** One connection to the server under test. */
export class Client {
  readonly socket: Socket;
  readonly #events = new EventEmitter();
  #chunks: Buffer[] = [];
  #size = 0;
  #closed = false;
  #error: Error | undefined;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#size += chunk.length;
      this.#events.emit('change');
    });
    const close = () => {
      this.#closed = true;
      this.#events.emit('change');
    };
    socket.on('end', close);
    socket.on('close', close);
    socket.on('error', (error) => {
      this.#error = error;
    });
  }

  /** Bytes received and not yet parsed. */
  get waiting(): number {
    return this.#size;
  }

  /** Sends bytes; a string is Latin-1, one byte for each character. */
  write(bytes: string | Uint8Array): this {
    if (typeof bytes === 'string') this.socket.write(bytes, 'latin1');
    else this.socket.write(bytes);
    return this;
  }

  /** Sends a GET that keeps the connection, and parses the response. */
  get(path: string, fields: Readonly<Record<string, string>> = {}): Promise<Response> {
    return this.write(requestText('GET', path, fields)).response();
  }

  /** Parses the next response, which belongs to a request with `method`. */
  async response(method = 'GET'): Promise<Response> {
    const head = (await this.#through('\r\n\r\n')).toString('latin1');
    const { status, reason, fields } = parseHead(head);
    const header = (name: string) => {
      const values = fields.filter(([key]) => key === name).map(([, value]) => value);
      return values.length === 0 ? undefined : values.join(', ');
    };
    const body = await this.#body(method, status, header);
    return { status, reason, fields, head, header, body, text: body.toString('utf8') };
  }

  /** The message body by RFC 9112 §6.3. */
  async #body(method: string, status: number, header: Response['header']): Promise<Buffer> {
    const length = header('content-length');
    const coding = header('transfer-encoding');
    assert.ok(length === undefined || coding === undefined, 'Content-Length beside Transfer-Encoding');
    assert.match(length ?? '0', /^\d+$/, 'Content-Length');
    assert.match(coding ?? 'chunked', /^chunked$/, 'Transfer-Encoding');
    if (status < 200 || status === 204) {
      assert.equal(length ?? coding, undefined, `${status} with a length (RFC 9110 §8.6)`);
    }
    if (method === 'HEAD' || status < 200 || status === 204 || status === 304) return Buffer.alloc(0);
    if (coding !== undefined) return this.#chunked();
    return length === undefined ? this.rest() : this.#take(Number(length));
  }

  async #chunked(): Promise<Buffer> {
    const parts: Buffer[] = [];
    for (;;) {
      const line = (await this.#through('\r\n')).toString('latin1');
      assert.match(line, /^[0-9a-f]+\r\n$/i, 'chunk size');
      const size = Number.parseInt(line, 16);
      const chunk = await this.#take(size + 2);
      assert.equal(chunk.toString('latin1', size), '\r\n', 'the end of a chunk');
      if (size === 0) return Buffer.concat(parts);
      parts.push(chunk.subarray(0, size));
    }
  }

  /** Everything up to the close by the server; fails if the connection is reset. */
  async rest(): Promise<Buffer> {
    await this.#until(() => this.#closed, 'the end of the connection');
    if (this.#error) throw this.#error;
    return this.#take(this.#size);
  }

  /** Waits for the close by the server and checks that nothing more came. */
  async ended(): Promise<void> {
    const rest = await this.rest();
    assert.equal(rest.toString('latin1'), '', 'bytes after the last response');
    this.socket.destroy();
  }

  /** Waits until the connection is over, cleanly or by a reset; returns the unparsed bytes. */
  async gone(): Promise<Buffer> {
    await this.#until(() => this.#closed || this.#error !== undefined, 'the end of the connection');
    return this.#take(this.#size);
  }

  /** Waits until at least `count` unparsed bytes are here. */
  async received(count: number): Promise<void> {
    await this.#until(() => this.#size >= count, `${count} bytes`);
  }

  /** Throws away what has come and stops collecting: for downloads that are only counted. */
  drain(): void {
    this.#chunks = [];
    this.#size = 0;
    this.socket.removeAllListeners('data');
    this.socket.resume();
  }

  destroy(): void {
    this.socket.destroy();
  }

  async #until(done: () => boolean, what: string): Promise<void> {
    const signal = AbortSignal.timeout(READ_TIMEOUT_MS);
    while (!done()) {
      const over = this.#closed || this.#error !== undefined;
      if (over || signal.aborted) {
        const why = signal.aborted ? `not within ${READ_TIMEOUT_MS} ms` : (this.#error?.message ?? 'closed');
        throw new Error(`waiting for ${what}: ${why}; here so far: ${this.#preview()}`);
      }
      await once(this.#events, 'change', { signal }).catch(() => undefined);
    }
  }

  #preview(): string {
    const bytes = Buffer.concat(this.#chunks);
    return `${bytes.length} bytes ${JSON.stringify(bytes.toString('latin1', 0, 200))}`;
  }

  async #through(delimiter: string): Promise<Buffer> {
    const position = () => this.#joined().indexOf(delimiter);
    await this.#until(() => position() >= 0 || this.#size > MAX_HEAD_BYTES, JSON.stringify(delimiter));
    const at = position();
    assert.ok(at >= 0, 'a header section without an end');
    return this.#take(at + delimiter.length);
  }

  async #take(count: number): Promise<Buffer> {
    await this.#until(() => this.#size >= count, `${count} bytes`);
    const all = this.#joined();
    this.#chunks = [all.subarray(count)];
    this.#size -= count;
    return all.subarray(0, count);
  }

  #joined(): Buffer {
    if (this.#chunks.length !== 1) this.#chunks = [Buffer.concat(this.#chunks)];
    return this.#chunks[0] as Buffer;
  }
}

function parseHead(head: string): Pick<Response, 'status' | 'reason' | 'fields'> {
  const [statusLine = '', ...lines] = head.slice(0, -4).split('\r\n');
  const match = /^HTTP\/1\.1 ([1-5]\d\d) ([\t\x20-\x7e]*)$/.exec(statusLine);
  assert.ok(match, `status line ${JSON.stringify(statusLine)}`);
  const fields = lines.map((line) => {
    const field = /^([!#$%&'*+.^_`|~\w-]+): ?([\t\x20-\x7e\x80-\xff]*)$/.exec(line);
    assert.ok(field, `header line ${JSON.stringify(line)}`);
    return [(field[1] as string).toLowerCase(), field[2] as string] as const;
  });
  const names = fields.map(([name]) => name).filter((name) => SINGLE.has(name));
  assert.deepEqual(names, [...new Set(names)], 'a field that may come only once came twice');
  return { status: Number(match[1]), reason: match[2] as string, fields };
}

const opened: Socket[] = [];
// What a failed test leaves open must not keep its file from ending.
after(() => {
  for (const socket of opened) socket.destroy();
});

/** Opens a connection. The other half stays open when the server ends its own. */
export async function connect(address: Address): Promise<Client> {
  const to =
    'path' in address ? { path: address.path } : { port: address.port, host: address.host ?? '127.0.0.1' };
  const socket = netConnect({ ...to, allowHalfOpen: true, noDelay: true });
  opened.push(socket);
  const client = new Client(socket);
  await once(socket, 'connect');
  return client;
}

/** A request without a body, as bytes. */
export function requestText(
  method: string,
  path: string,
  fields: Readonly<Record<string, string>> = {},
): string {
  const lines = Object.entries({ Host: 'localhost', ...fields }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  return `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`;
}

/** Sends bytes on a new connection, parses one response for each method and checks that the server closes. */
export async function exchange(
  address: Address,
  bytes: string | Uint8Array,
  methods: readonly string[] = ['GET'],
): Promise<Response[]> {
  const client = await connect(address);
  try {
    client.write(bytes);
    const responses: Response[] = [];
    for (const method of methods) responses.push(await client.response(method));
    await client.ended();
    return responses;
  } finally {
    client.destroy();
  }
}

export interface RequestOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One request on its own connection. */
export async function request(
  address: Address,
  path: string,
  { method = 'GET', headers = {} }: RequestOptions = {},
): Promise<Response> {
  const bytes = requestText(method, path, { Connection: 'close', ...headers });
  const [response] = await exchange(address, bytes, [method]);
  return response as Response;
}

/** Asks again until `done`; fails after `withinMs`. Returns the last value and how long it took. */
export async function eventually<T>(
  withinMs: number,
  ask: () => Promise<T> | T,
  done: (value: T) => boolean,
): Promise<{ value: T; afterMs: number }> {
  const began = performance.now();
  for (;;) {
    const value = await ask();
    const afterMs = performance.now() - began;
    if (done(value)) return { value, afterMs };
    if (afterMs > withinMs) assert.fail(`not within ${withinMs} ms; at last: ${describe(value)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function describe(value: unknown): string {
  const isResponse = typeof value === 'object' && value !== null && 'head' in value;
  return isResponse ? String(value.head) : (JSON.stringify(value) ?? String(value));
}
