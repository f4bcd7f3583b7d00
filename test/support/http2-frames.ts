/** HTTP/2 by hand (RFC 9113): frames as bytes, also those that no library would write, and what comes back. */
import { once } from 'node:events';
import { connect, type TLSSocket } from 'node:tls';

export const DATA = 0;
export const HEADERS = 1;
export const PRIORITY = 2;
export const RST_STREAM = 3;
export const SETTINGS = 4;
export const PING = 6;
export const GOAWAY = 7;
export const WINDOW_UPDATE = 8;
export const CONTINUATION = 9;

export const END_STREAM = 1;
export const ACK = 1;
export const END_HEADERS = 4;

/** Error codes (RFC 9113 §7). */
export const NO_ERROR = 0;
export const PROTOCOL_ERROR = 1;
export const FLOW_CONTROL_ERROR = 3;
export const STREAM_CLOSED = 5;
export const FRAME_SIZE_ERROR = 6;
export const CANCEL = 8;
export const COMPRESSION_ERROR = 9;
export const ENHANCE_YOUR_CALM = 11;

export const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
const FRAME_HEADER_BYTES = 9;
const READ_TIMEOUT_MS = 15_000;

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

export function frame(
  type: number,
  flags: number,
  stream: number,
  payload: Uint8Array | string = '',
): Buffer {
  const bytes = typeof payload === 'string' ? Buffer.from(payload, 'latin1') : payload;
  const head = Buffer.alloc(FRAME_HEADER_BYTES);
  head.writeUIntBE(bytes.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, bytes]);
}

export function number32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** A setting and its value. */
export function setting(id: number, value: number): Buffer {
  const bytes = Buffer.alloc(6);
  bytes.writeUInt16BE(id);
  bytes.writeUInt32BE(value, 2);
  return bytes;
}

/** Literal fields without compression (RFC 7541 §6.2.2). */
export function fieldBlock(fields: readonly (readonly [name: string, value: string])[]): Buffer {
  const text = (part: string) => Buffer.concat([lengthOf(part.length), Buffer.from(part, 'latin1')]);
  return Buffer.concat(
    fields.flatMap(([name, value]) => [Buffer.from([0]), text(name.toString()), text(value)]),
  );
}

function lengthOf(length: number): Buffer {
  const bytes = [Math.min(length, 127)];
  for (let rest = length - 127; rest >= 0; rest = rest < 128 ? -1 : rest >> 7)
    bytes.push(rest < 128 ? rest : (rest & 127) | 128);
  return Buffer.from(bytes);
}

type Fields = readonly (readonly [name: string, value: string])[];

export function requestFields(path: string, method = 'GET', more: Fields = []): Fields {
  const pseudo: Fields = [
    [':method', method],
    [':scheme', 'https'],
    [':authority', 'localhost'],
    [':path', path],
  ];
  return [...pseudo, ...more];
}

/** A request in one frame, which it ends. */
export function get(stream: number, path: string): Buffer {
  return frame(HEADERS, END_HEADERS | END_STREAM, stream, fieldBlock(requestFields(path)));
}

/** The digits of a status as Huffman codes (RFC 7541 Appendix B). */
const digitCodes = '00000 00001 00010 011001 011010 011011 011100 011101 011110 011111'.split(' ');
const indexedStatuses = [200, 204, 206, 304, 400, 404, 500];

/** The status at the beginning of a field block that refers to nothing before. */
export function statusIn(block: Buffer): number {
  const first = block.readUInt8(0);
  const indexed = indexedStatuses[first - 0x88];
  if (indexed !== undefined) return indexed;
  const length = block.readUInt8(1);
  const text = block.subarray(2, 2 + (length & 127));
  if (length < 128) return Number(text.toString('latin1'));
  let bits = [...text].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  let status = '';
  while (status.length < 3) {
    const digit = digitCodes.findIndex((code) => bits.startsWith(code));
    if (digit < 0) throw new Error(`no status in ${block.toString('hex')}`);
    status += digit;
    bits = bits.slice(digitCodes[digit]?.length);
  }
  return Number(status);
}

export class FrameClient {
  readonly socket: TLSSocket;
  readonly #waiting: Frame[] = [];
  #rest: Buffer = Buffer.alloc(0);
  #wake: () => void = () => undefined;
  #isClosed = false;

  private constructor(socket: TLSSocket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#isClosed = true;
      this.#wake();
    });
  }

  /** With the preface and these settings sent. */
  static async open(port: number, settings: Uint8Array | string = ''): Promise<FrameClient> {
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ALPNProtocols: ['h2'] });
    const client = new FrameClient(socket);
    await once(socket, 'secureConnect');
    socket.write(PREFACE, 'latin1');
    return client.write(frame(SETTINGS, 0, 0, settings));
  }

  write(...frames: readonly Uint8Array[]): this {
    if (!this.socket.destroyed) this.socket.write(Buffer.concat(frames));
    return this;
  }

  /** The next frame that fits; those before it are dropped. `undefined` if the connection ends first. */
  async next(fits: (frame: Frame) => boolean): Promise<Frame | undefined> {
    const timer = setTimeout(() => this.socket.destroy(), READ_TIMEOUT_MS);
    try {
      for (;;) {
        for (let found = this.#waiting.shift(); found; found = this.#waiting.shift())
          if (fits(found)) return found;
        if (this.#isClosed) return undefined;
        await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    } finally {
      clearTimeout(timer);
    }
  }

  /** The status of the response on `stream`, or the code of the error that ended it or the connection. */
  async outcome(stream: number): Promise<string> {
    const answer = await this.next(
      ({ type, stream: of }) =>
        (of === stream && (type === HEADERS || type === RST_STREAM)) || type === GOAWAY,
    );
    if (!answer) return 'closed';
    if (answer.type === HEADERS) return String(statusIn(answer.payload));
    const isReset = answer.type === RST_STREAM;
    return `${isReset ? 'reset' : 'goaway'} ${answer.payload.readUInt32BE(isReset ? 0 : 4)}`;
  }

  /** The code with which the connection ends. */
  async goaway(): Promise<number | undefined> {
    const last = await this.next(({ type }) => type === GOAWAY);
    return last?.payload.readUInt32BE(4);
  }

  destroy(): void {
    this.socket.destroy();
  }

  #take(chunk: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    while (this.#rest.length >= FRAME_HEADER_BYTES) {
      const end = FRAME_HEADER_BYTES + this.#rest.readUIntBE(0, 3);
      if (this.#rest.length < end) break;
      const [type, flags] = [this.#rest.readUInt8(3), this.#rest.readUInt8(4)];
      const stream = this.#rest.readUInt32BE(5) & 0x7fffffff;
      this.#waiting.push({ type, flags, stream, payload: this.#rest.subarray(FRAME_HEADER_BYTES, end) });
      this.#rest = this.#rest.subarray(end);
    }
    this.#wake();
  }
}
