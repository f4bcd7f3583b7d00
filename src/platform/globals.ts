/** The globals of Node that the engine lacks; the bundler puts them where they are used. */
import { host } from './host.ts';

export { AbortController, AbortSignal } from './abort.ts';
export { Buffer } from './buffer.ts';
export {
  clearInterval,
  clearTimeout,
  setImmediate,
  setInterval,
  setTimeout,
} from './loop.ts';
export { default as process } from './process.ts';
export { URL, URLSearchParams } from './url.ts';

export const performance = { now: host.now };

export const { queueMicrotask } = host;
