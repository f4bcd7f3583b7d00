/** The bounded reader of request bodies. */
import type { IncomingMessage } from 'node:http';
import { HttpError } from './errors.ts';

const empty = new Uint8Array();

/** Whether a body follows the header section (RFC 9112 §6.3). */
export function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';
}

/**
 * Reads the whole body into memory.
 * @throws HttpError `content_too_large` as soon as more than `maxBytes` are declared or have come.
 */
export function readBody(req: IncomingMessage, maxBytes: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    if (Number(req.headers['content-length'] ?? 0) > maxBytes)
      return reject(new HttpError('content_too_large'));
    const chunks: Uint8Array[] = [];
    let size = 0;
    req.on('data', (chunk: Uint8Array) => {
      size += chunk.length;
      if (size > maxBytes) reject(new HttpError('content_too_large'));
      else chunks.push(chunk);
    });
    req.once('end', () => resolve(chunks.length === 0 ? empty : Buffer.concat(chunks, size)));
    // The timers of node:http and aborts by the client end here; nobody waits for an answer any more.
    req.once('error', reject);
    req.once('close', () => reject(new Error('the client closed before the body was complete')));
  });
}
