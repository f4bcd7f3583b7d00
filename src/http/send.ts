/**
 * The only writer of a response. It owns the status line, back-pressure, aborts, HEAD and the closing of
 * byte sources, so that everything before it can be plain data.
 */
import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { reasonOf } from './errors.ts';
import { withoutOverridden } from './middleware/default-headers.ts';
import { Streams } from './streams.ts';
import type { Body, ByteSource, HeaderList, Plan } from './types.ts';

/** One process is one server. */
const streams = new Streams();
/** How long, and for how much, a refused client may go on talking before its connection is cut. */
const LINGER_MS = 1000;
const LINGER_BYTES = 1024 * 1024;

export type SourceBody = Extract<Body, { kind: 'source' }>;

/** What became of an answer; `send` keeps it up to date while bytes leave. */
export interface Progress {
  bodyBytes: number;
  /** Why the server cut the answer short; absent where the client just left. */
  fault?: string;
}

/** The client went away. Nobody is left to tell, so this is not a fault. */
export class Gone extends Error {}

/** Asks for the body of a request that waits to be asked (RFC 9110 §15.2.1). The plan comes after it. */
export function sendContinue(res: ServerResponse): void {
  res.writeContinue();
}

/** Carries out `plan`. Returns at once; `res` emits `close` when all is done or the client has gone. */
export function send(
  res: ServerResponse,
  method: string,
  plan: Plan,
  common: HeaderList,
  progress: Progress,
): void {
  const { body, close, overridesCommon } = plan;
  const merged = plan.headers.concat(overridesCommon ? withoutOverridden(common, plan.headers) : common);
  const headers = close ? [...merged, 'Connection', 'close'] : merged;
  try {
    res.writeHead(plan.status, headers);
  } catch (error) {
    if (body.kind === 'source') void closeQuietly(body.source);
    throw error;
  }
  if (body.kind === 'source') {
    void stream(res, method === 'HEAD' ? { ...body, pieces: [] } : body, progress);
  } else if (body.kind === 'none' || method === 'HEAD') {
    res.end();
  } else if (body.kind === 'text') {
    // Latin-1 text joins the header section in one buffer and one system call.
    progress.bodyBytes = body.text.length;
    res.end(body.text, 'latin1');
  } else {
    progress.bodyBytes = body.bytes.length;
    res.end(body.bytes);
  }
}

async function stream(res: ServerResponse, body: SourceBody, progress: Progress): Promise<void> {
  const write = writerOf(res, progress);
  await sendSource({ write, end: () => res.end(), abort: () => res.destroy() }, body, progress);
}

/** Where the bytes of one answer go. */
export interface Outlet {
  /** Settles when the bytes have left for the kernel; rejects with `Gone` where nobody takes them any more. */
  readonly write: (bytes: Uint8Array) => Promise<void>;
  readonly end: () => void;
  readonly abort: () => void;
}

/** Sends the pieces one after another and closes the source; cuts the connection if bytes are missing. */
export async function sendSource(outlet: Outlet, body: SourceBody, progress: Progress): Promise<void> {
  try {
    await streams.run(() => pump(outlet.write, body));
    outlet.end();
  } catch (error) {
    // The length is promised already: the only honest way left to say "incomplete" is to cut the connection.
    if (!(error instanceof Gone)) progress.fault = (error as Error).message;
    outlet.abort();
  } finally {
    await closeQuietly(body.source);
  }
}

/** Nothing depends on it any more, whatever the file system says. */
export function closeQuietly(source: ByteSource): Promise<void> {
  return source.close().catch(() => undefined);
}

async function pump(write: Outlet['write'], { source, pieces }: SourceBody): Promise<void> {
  const mostBytes = longest(pieces);
  let chunk: Buffer | undefined;
  for (const piece of pieces) {
    if (piece instanceof Uint8Array) {
      await write(piece);
      continue;
    }
    for (let position = piece.start; position <= piece.end; ) {
      chunk = fitting(chunk, Math.min(streams.chunkBytes, mostBytes));
      const wanted = chunk.subarray(0, Math.min(chunk.length, piece.end + 1 - position));
      const { count, left } = await streams.inTurn(async () => {
        const count = await source.read(wanted, position);
        return { count, left: count === 0 ? undefined : write(wanted.subarray(0, count)) };
      });
      if (count === 0) throw new Error(`the file ended at byte ${position}, ${piece.end + 1} were promised`);
      await left;
      position += count;
    }
  }
}

/** `chunk`, or a new one where it has become twice too large or too small: the number of streams changes. */
function fitting(chunk: Buffer | undefined, size: number): Buffer {
  return chunk && chunk.length < 2 * size && size < 2 * chunk.length ? chunk : Buffer.allocUnsafeSlow(size);
}

function longest(pieces: SourceBody['pieces']): number {
  return Math.max(...pieces.map((piece) => (piece instanceof Uint8Array ? 0 : piece.end + 1 - piece.start)));
}

/** A write that settles when the bytes have left for the kernel, so that their buffer can be used again. */
function writerOf(res: ServerResponse, progress: Progress): Outlet['write'] {
  let settle: ((error?: Error | null) => void) | undefined;
  res.once('close', () => settle?.(new Gone()));
  return (bytes) =>
    new Promise((resolve, reject) => {
      if (res.destroyed) return reject(new Gone());
      settle = (error) => (error ? reject(new Gone()) : resolve());
      progress.bodyBytes += bytes.length;
      res.write(bytes, settle);
    });
}

/**
 * Answers on a connection that has no usable request (malformed, too large, too many), then closes it.
 * It lingers for a moment, reading on: a close with unread input would reset the connection and could
 * take the answer away before the client has read it (RFC 9112 §9.6).
 */
export function refuse(socket: Duplex, plan: Plan, common: HeaderList): void {
  if (socket.destroyed || socket.writableEnded) return;
  const { body } = plan;
  const text = body.kind === 'text' ? body.text : '';
  const bytes = body.kind === 'bytes' ? body.bytes : [];
  // The parser of node:http is one of those who listen; what comes now costs no more than its reading.
  socket.removeAllListeners('data');
  socket.end(Buffer.concat([Buffer.from(`${headText(plan, common)}${text}`, 'latin1'), Buffer.from(bytes)]));
  linger(socket);
}

/** Reads on for a moment after the last answer, whose end has been sent. */
export function linger(socket: Duplex): void {
  // Who has closed its half says nothing any more.
  if (socket.readableEnded) socket.once('finish', () => socket.destroy());
  let left = LINGER_BYTES;
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once('close', () => clearTimeout(timer));
  socket.once('end', () => socket.destroy());
  socket.on('error', () => socket.destroy());
  socket.on('data', (bytes: Uint8Array) => {
    left -= bytes.length;
    // A close now would be the reset that takes the answer away; the time ends it soon enough.
    if (left < 0) socket.pause();
  });
  socket.resume();
}

function headText(plan: Plan, common: HeaderList): string {
  const headers = [...plan.headers, ...common, 'Connection', 'close', 'Date', new Date().toUTCString()];
  let text = `HTTP/1.1 ${plan.status} ${reasonOf(plan.status)}\r\n`;
  for (let i = 0; i < headers.length; i += 2) text += `${headers[i]}: ${headers[i + 1]}\r\n`;
  return `${text}\r\n`;
}
