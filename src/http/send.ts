/**
 * What both engines need to send responses: streaming with back-pressure, the closing of byte sources, and refusals
 * that are written without a request. Each engine has a `writer.ts` for the rest.
 */
import type { Duplex } from 'node:stream';
import { reasonPhrase } from './errors.ts';
import { defaultsBeside } from './middleware/default-headers.ts';
import { Streams } from './streams.ts';
import type { Body, ByteSource, HeaderList, Plan } from './types.ts';

/** One process is one server. */
const streams = new Streams();
/** How long, and how much, a refused client may go on sending before its connection is cut. */
const LINGER_MS = 1000;
const LINGER_BYTES = 1024 * 1024;

export type SourceBody = Extract<Body, { kind: 'source' }>;

/** How much of a response has been sent; `send` updates it as it writes. */
export interface SendProgress {
  bodyBytes: number;
  /** Why the server cut the response short; absent if the client left. */
  fault?: string;
}

/** The client has left. This is not a fault of the server. */
export class Gone extends Error {}

/** Where the bytes of one response go. */
export interface Outlet {
  /** Settles when the bytes are in the kernel; rejects with `Gone` if the client has left. */
  readonly write: (bytes: Uint8Array) => Promise<void>;
  readonly end: () => void;
  readonly abort: () => void;
}

/** Sends the pieces one after another and closes the source; cuts the connection if bytes are missing. */
export async function sendSource(outlet: Outlet, body: SourceBody, progress: SendProgress): Promise<void> {
  try {
    await streams.run(() => pump(outlet.write, body));
    outlet.end();
  } catch (error) {
    // Content-Length has been sent: only cutting the connection shows that the response is incomplete.
    if (!(error instanceof Gone)) progress.fault = (error as Error).message;
    outlet.abort();
  } finally {
    await closeQuietly(body.source);
  }
}

/** Errors are ignored: nothing depends on the source any more. */
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

/** `chunk`, or a new one if it is off by a factor of two: the size depends on the number of streams. */
function fitting(chunk: Buffer | undefined, size: number): Buffer {
  return chunk && chunk.length < 2 * size && size < 2 * chunk.length ? chunk : Buffer.allocUnsafeSlow(size);
}

function longest(pieces: SourceBody['pieces']): number {
  return Math.max(...pieces.map((piece) => (piece instanceof Uint8Array ? 0 : piece.end + 1 - piece.start)));
}

/**
 * Responds on a connection without a usable request (malformed, too large, too many), then closes it.
 * It lingers for a moment and reads on: closing with unread input would reset the connection, and the client could
 * lose the response before reading it (RFC 9112 §9.6).
 */
export function refuse(socket: Duplex, plan: Plan, common: HeaderList): void {
  if (socket.destroyed || socket.writableEnded) return;
  const { body } = plan;
  const text = body.kind === 'text' ? body.text : '';
  const bytes = body.kind === 'bytes' ? body.bytes : [];
  // Among the listeners is the parser of node:http; further input is only read and discarded.
  socket.removeAllListeners('data');
  socket.end(Buffer.concat([Buffer.from(`${headText(plan, common)}${text}`, 'latin1'), Buffer.from(bytes)]));
  linger(socket);
}

/** Reads on for a moment after the last response, whose end has been sent. */
export function linger(socket: Duplex): void {
  // A client that has closed its half sends nothing any more.
  if (socket.readableEnded) socket.once('finish', () => socket.destroy());
  let left = LINGER_BYTES;
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once('close', () => clearTimeout(timer));
  socket.once('end', () => socket.destroy());
  socket.on('error', () => socket.destroy());
  socket.on('data', (bytes: Uint8Array) => {
    left -= bytes.length;
    // Closing now would be the reset that takes the response away; the timer closes it soon enough.
    if (left < 0) socket.pause();
  });
  socket.resume();
}

function headText(plan: Plan, common: HeaderList): string {
  const headers = [
    ...plan.headers,
    ...defaultsBeside(plan, common),
    'Connection',
    'close',
    'Date',
    new Date().toUTCString(),
  ];
  let text = `HTTP/1.1 ${plan.status} ${reasonPhrase(plan.status)}\r\n`;
  for (let i = 0; i < headers.length; i += 2) text += `${headers[i]}: ${headers[i + 1]}\r\n`;
  return `${text}\r\n`;
}
