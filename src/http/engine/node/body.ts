/** The bounded reader of request bodies. */
import type { IncomingMessage } from 'node:http';
import { HttpError } from '../../errors.ts';

/** The initial buffer of a body: a declared length alone is no reason to allocate memory. */
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
 * Reads the whole body into memory, in proportion to its bytes and independent of the size of its chunks: an object
 * for each chunk would take 400 bytes for a chunk of one byte.
 * @throws HttpError `content_too_large` as soon as more than `maxBytes` are declared or received.
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
    // Timeouts of node:http and aborts by the client; nobody waits for a response any more.
    req.once('error', reject);
    req.once('close', () => reject(new Error('the client closed before the body was complete')));
  });
}

/** A buffer of at least `needed` bytes and twice the size, so that copying stays proportional. */
function grown(room: Buffer, used: number, needed: number, maxBytes: number): Buffer {
  const wanted = Math.max(needed, 2 * room.length, FIRST_ROOM_BYTES);
  const larger = Buffer.allocUnsafeSlow(Math.min(wanted, maxBytes));
  room.copy(larger, 0, 0, used);
  return larger;
}
