/** Writes the responses of the engine `http2`: a plan becomes calls of `node:http2`. */
import type { OutgoingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { defaultsBeside } from '../../middleware/default-headers.ts';
import { closeQuietly, Gone, type Outlet, type SourceBody, sendSource } from '../../send.ts';
import type { HeaderList, Plan } from '../../types.ts';
import { notInValue, token } from '../../wire/grammar.ts';

/**
 * What a stream gives `node:http2` at a time. What waits there counts for the limit of a session (10 MB by default), so
 * that all streams of one together stay below it.
 */
export const MAX_WRITE_BYTES = 64 * 1024;
const NO_ERROR = 0;
const INTERNAL_ERROR = 2;

/** About one connection, of which HTTP/2 has other words (RFC 9113 §8.2.2). */
const connectionFields: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
]);

/** Told as a response proceeds. */
export interface Onlooker {
  readonly progress: { bodyBytes: number; fault?: string };
  /** The client has taken what was written. */
  onTaken(): void;
}

/** Sends 100 Continue to a client that waits for it before it sends the body (RFC 9110 §15.2.1). */
export function askForBody(stream: ServerHttp2Stream): void {
  stream.additionalHeaders({ ':status': 100 });
}

/**
 * Carries out `plan`. Returns at once; the stream emits `close` when everything is sent or the client has left.
 * @throws if the plan cannot be sent; then nothing has been sent.
 */
export function respond(
  stream: ServerHttp2Stream,
  method: string,
  plan: Plan,
  common: HeaderList,
  onlooker: Onlooker,
): void {
  const { body } = plan;
  const isEmpty = body.kind === 'none' || method === 'HEAD';
  try {
    stream.respond(fieldsOf(plan, common), { endStream: isEmpty && body.kind !== 'source' });
  } catch (error) {
    if (body.kind === 'source') void closeQuietly(body.source);
    throw error;
  }
  stream.once('finish', () => stopUpload(stream));
  if (body.kind === 'source') void streamSource(stream, isEmpty ? { ...body, pieces: [] } : body, onlooker);
  else if (!isEmpty) sendBytes(stream, bytesOf(body), onlooker);
}

/** The response is complete, and the rest of the request not wanted (RFC 9113 §8.1). */
function stopUpload(stream: ServerHttp2Stream): void {
  if (!stream.readableEnded && !stream.endAfterHeaders && !stream.closed) stream.close(NO_ERROR);
}

function bytesOf(body: Extract<Plan['body'], { kind: 'text' | 'bytes' }>): Uint8Array {
  return body.kind === 'text' ? Buffer.from(body.text, 'latin1') : body.bytes;
}

function sendBytes(stream: ServerHttp2Stream, bytes: Uint8Array, onlooker: Onlooker): void {
  if (bytes.length <= MAX_WRITE_BYTES) {
    onlooker.progress.bodyBytes += bytes.length;
    stream.end(bytes);
    return;
  }
  outletOf(stream, onlooker)
    .write(bytes)
    .then(
      () => stream.end(),
      // The client has left.
      () => undefined,
    );
}

function streamSource(stream: ServerHttp2Stream, body: SourceBody, onlooker: Onlooker): Promise<void> {
  const abort = () => stream.close(INTERNAL_ERROR);
  return sendSource(
    { ...outletOf(stream, onlooker), end: () => stream.end(), abort },
    body,
    onlooker.progress,
  );
}

/** A write that settles when the bytes are in the kernel, so that their buffer can be reused. */
function outletOf(stream: ServerHttp2Stream, onlooker: Onlooker): Pick<Outlet, 'write'> {
  let settle: ((error?: Error | null) => void) | undefined;
  stream.once('close', () => settle?.(new Gone()));
  const writePart = (bytes: Uint8Array) =>
    new Promise<void>((resolve, reject) => {
      if (stream.destroyed || stream.closed) return reject(new Gone());
      settle = (error) => (error ? reject(new Gone()) : resolve());
      onlooker.progress.bodyBytes += bytes.length;
      stream.write(bytes, settle);
    });
  return {
    write: async (bytes) => {
      for (let at = 0; at < bytes.length; at += MAX_WRITE_BYTES) {
        await writePart(bytes.subarray(at, at + MAX_WRITE_BYTES));
        onlooker.onTaken();
      }
    },
  };
}

/** Names in lower case while the list is referenced: those of cached files and the common ones recur. */
const known = new WeakMap<HeaderList, readonly (readonly [name: string, value: string])[]>();

function fieldsOf(plan: Plan, common: HeaderList): OutgoingHttpHeaders {
  const { status, headers, body } = plan;
  const fields: OutgoingHttpHeaders = { __proto__: null, ':status': status } as never;
  for (const [name, value] of entriesOf(headers)) add(fields, name, value);
  for (const [name, value] of entriesOf(defaultsBeside(plan, common))) add(fields, name, value);
  const isFramed = fields['content-length'] !== undefined || status === 204 || status === 304;
  if (!isFramed && body.kind !== 'source') fields['content-length'] = String(lengthOf(body));
  return fields;
}

function lengthOf(body: Exclude<Plan['body'], { kind: 'source' }>): number {
  if (body.kind === 'none') return 0;
  return body.kind === 'text' ? body.text.length : body.bytes.length;
}

function add(fields: OutgoingHttpHeaders, name: string, value: string): void {
  const before = fields[name];
  fields[name] = before === undefined ? value : [...[before].flat().map(String), value];
}

/** @throws TypeError for a field that could not be sent as it is. */
function entriesOf(list: HeaderList): readonly (readonly [name: string, value: string])[] {
  const before = known.get(list);
  if (before) return before;
  const entries: [string, string][] = [];
  for (let i = 0; i < list.length; i += 2) {
    const name = (list[i] as string).toLowerCase();
    const value = list[i + 1] as string;
    notInValue.lastIndex = 0;
    if (!token.test(name) || notInValue.test(value))
      throw new TypeError(`a header that cannot be sent: ${JSON.stringify(name)}`);
    if (!connectionFields.has(name)) entries.push([name, value]);
  }
  known.set(list, entries);
  return entries;
}
