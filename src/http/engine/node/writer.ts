/** Writes the responses of the engine `node`: a plan becomes calls of `node:http`. */
import type { ServerResponse } from 'node:http';
import { defaultsBeside } from '../../middleware/default-headers.ts';
import {
  closeQuietly,
  Gone,
  type Outlet,
  type SendProgress,
  type SourceBody,
  sendSource,
} from '../../send.ts';
import type { HeaderList, Plan } from '../../types.ts';

/** Sends 100 Continue to a client that waits for it before it sends the body (RFC 9110 §15.2.1). */
export function sendContinue(res: ServerResponse): void {
  res.writeContinue();
}

/** Carries out `plan`. Returns at once; `res` emits `close` when everything is sent or the client has left. */
export function send(
  res: ServerResponse,
  method: string,
  plan: Plan,
  common: HeaderList,
  progress: SendProgress,
): void {
  const { body, close } = plan;
  const merged = plan.headers.concat(defaultsBeside(plan, common));
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

async function stream(res: ServerResponse, body: SourceBody, progress: SendProgress): Promise<void> {
  const write = writerOf(res, progress);
  await sendSource({ write, end: () => res.end(), abort: () => res.destroy() }, body, progress);
}

/** A write that settles when the bytes are in the kernel, so that their buffer can be reused. */
function writerOf(res: ServerResponse, progress: SendProgress): Outlet['write'] {
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
