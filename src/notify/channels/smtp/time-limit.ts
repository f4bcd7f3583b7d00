/** Time limits of operations that end when a signal is aborted. */
import { NetworkFault } from '../../../net/network-fault.ts';

/** The operation's value, if it comes in time; `late` is the fault if not. It may lift the limit. */
export async function within<T>(
  timeoutMs: number,
  late: string,
  signal: AbortSignal,
  operation: (limit: AbortSignal, lift: () => void) => Promise<T>,
): Promise<T> {
  const limit = new AbortController();
  const abort = () => limit.abort();
  const timer = setTimeout(abort, timeoutMs);
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  try {
    return await operation(limit.signal, () => clearTimeout(timer));
  } catch (error) {
    throw limit.signal.aborted && !signal.aborted ? new NetworkFault(late) : error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
  }
}
