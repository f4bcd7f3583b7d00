/** The bounded reader of request bodies. */
import type { IncomingMessage } from 'node:http';
import { HttpError } from './errors.ts';

/** Where the room for a body begins: a declared length is a promise, not yet a reason to set memory aside. */
const FIRST_ROOM_BYTES = 4096;

/** How much of a body has been read. */
export interface Received {
  bytes: number;
}

/** Whether a body follows the header section (RFC 9112 §6.3). */
export function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';
}

/**
 * Reads the whole body into memory, which it takes in proportion to its bytes, however they are cut: an object for
 * each chunk would cost a chunk of one byte four hundred.
 * @throws HttpError `content_too_large` as soon as more than `maxBytes` are declared or have come.
 */
export function receiveBody(
  req: IncomingMessage,
  maxBytes: number,
  received: Received = { bytes: 0 },
): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const declared = Number(req.headers['content-length'] ?? 0);
    if (declared > maxBytes) return reject(new HttpError('content_too_large'));
    let room: Buffer = Buffer.alloc(0);
    req.on('data', (chunk: Uint8Array) => {
      const size = received.bytes + chunk.length;
      if (size > maxBytes) {
        room = Buffer.alloc(0);
        return reject(new HttpError('content_too_large'));
      }
      if (size > room.length) room = grown(room, received.bytes, size, maxBytes);
      room.set(chunk, received.bytes);
      received.bytes = size;
    });
    req.once('end', () => resolve(room.subarray(0, received.bytes)));
    // The timers of node:http and aborts by the client end here; nobody waits for an answer any more.
    req.once('error', reject);
    req.once('close', () => reject(new Error('the client closed before the body was complete')));
  });
}

/** Room for at least `needed` bytes, and twice as much as before, so that copying stays in proportion. */
function grown(room: Buffer, used: number, needed: number, maxBytes: number): Buffer {
  const wanted = Math.max(needed, 2 * room.length, FIRST_ROOM_BYTES);
  const larger = Buffer.allocUnsafeSlow(Math.min(wanted, maxBytes));
  room.copy(larger, 0, 0, used);
  return larger;
}
