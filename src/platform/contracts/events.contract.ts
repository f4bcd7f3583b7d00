/** EventEmitter, timers, promise jobs, abort signals: who is called, in which order. */
import { EventEmitter, once } from 'node:events';
import { line } from './fixtures.ts';

function* emitters(): Generator<string> {
  const emitter = new EventEmitter();
  const seen: unknown[] = [];
  const a = (one: unknown, two: unknown) => seen.push(['a', one, two]);
  const adder = () => {
    seen.push('adder');
    emitter.on('x', a);
    emitter.off('x', remover);
  };
  const remover = () => seen.push('remover');
  emitter.on('x', a).once('x', adder).on('x', remover).on('x', a);
  yield line(
    emitter.emit('x', 1, 2),
    emitter.emit('x', 3),
    emitter.listeners('x').length,
    emitter.emit('none'),
  );
  emitter.off('x', a);
  yield line(emitter.emit('x'), emitter.listeners('x').length, seen);
  emitter.removeAllListeners('x');
  yield line(emitter.emit('x'), emitter.listeners('x').length);
  const broken = new RangeError('e');
  try {
    emitter.emit('error', broken);
  } catch (error) {
    yield line((error as Error).name, error === broken);
  }
  const self: unknown[] = [];
  emitter.on('self', function (this: unknown) {
    self.push(this === emitter);
  });
  emitter.emit('self');
  emitter.on('throws', () => {
    throw new TypeError('t');
  });
  emitter.on('throws', () => self.push('not reached'));
  try {
    emitter.emit('throws');
  } catch (error) {
    yield line((error as Error).message, self);
  }
}

async function order(): Promise<string> {
  const seen: unknown[] = [];
  const controller = new AbortController();
  setTimeout(() => {
    seen.push('timeout 1');
    queueMicrotask(() => seen.push('job of timeout 1'));
    setImmediate(() => {
      seen.push('immediate of timeout 1');
      setTimeout(() => seen.push('timeout 2'), 1);
    });
  }, 1);
  const cleared = setTimeout(() => seen.push('cleared'), 1);
  clearTimeout(cleared);
  let count = 0;
  const interval = setInterval(() => {
    count += 1;
    seen.push(`interval ${count}`);
    if (count === 2) clearInterval(interval);
  }, 60);
  controller.signal.addEventListener('abort', () =>
    seen.push(`aborted ${(controller.signal.reason as Error).name}`),
  );
  setTimeout(() => controller.abort(), 30);
  const refreshed = setTimeout(() => seen.push('refreshed'), 200);
  setTimeout(() => refreshed.refresh(), 40);
  await Promise.resolve().then(() => seen.push('job'));
  await new Promise((resolve) => setTimeout(resolve, 400));
  return line(seen, controller.signal.aborted);
}

async function* waits(): AsyncGenerator<string> {
  const emitter = new EventEmitter();
  setTimeout(() => emitter.emit('done', 1, 2), 1);
  yield line(
    await once(emitter, 'done'),
    emitter.listeners('done').length,
    emitter.listeners('error').length,
  );
  setTimeout(() => emitter.emit('error', new RangeError('broken')), 1);
  yield line(await once(emitter, 'done').catch((error) => error.message));
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 1);
  yield line(await once(emitter, 'done', { signal: controller.signal }).catch((error) => error.name));
  yield line(await once(emitter, 'done', { signal: controller.signal }).catch((error) => error.name));
  yield line(await once(emitter, 'done', { signal: AbortSignal.timeout(1) }).catch((error) => error.name));
}

export async function* contract(): AsyncGenerator<string> {
  const alive = setInterval(() => undefined, 1000);
  yield* emitters();
  yield await order();
  yield* waits();
  clearInterval(alive);
}
