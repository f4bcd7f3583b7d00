import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, mock, test } from 'node:test';
import { HttpError } from './errors.ts';
import { type Line, MAX_RUNNING, MAX_WAITING, PATIENCE_MS, Turnstile } from './turnstile.ts';

/** Tasks that run until they are told to end, by name in the order in which they began. */
class Work {
  readonly turnstile = new Turnstile();
  readonly began: string[] = [];
  readonly refused: string[] = [];
  readonly #ends = new Map<string, () => void>();

  ask(task: string, line: Partial<Line> = {}): void {
    this.turnstile
      .pass({ address: 'a', name: 'n', suspect: false, ...line }, () => {
        this.began.push(task);
        return new Promise<void>((resolve) => this.#ends.set(task, resolve));
      })
      .catch((error) => {
        assert.ok(error instanceof HttpError);
        assert.deepEqual([error.code, error.headers], ['unavailable', ['Retry-After', '2']]);
        this.refused.push(task);
      });
  }

  async end(task: string): Promise<void> {
    const end = this.#ends.get(task);
    assert.ok(end, `${task} is not running`);
    end();
    await settled();
  }
}

async function settled(): Promise<void> {
  for (let i = 0; i < 10; i++) await Promise.resolve();
}

describe('the turnstile', () => {
  let work: Work;
  beforeEach(() => {
    // Nobody is waited for in truth.
    mock.timers.enable({ apis: ['setTimeout'] });
    work = new Work();
  });
  afterEach(() => mock.timers.reset());

  test('lets some in at once, and others as those leave', async () => {
    for (const task of ['1', '2', '3']) work.ask(task);
    assert.deepEqual(work.began, ['1', '2']);
    assert.equal(MAX_RUNNING, 2);
    await work.end('1');
    assert.deepEqual(work.began, ['1', '2', '3']);
    await work.end('2');
    await work.end('3');
    work.ask('4');
    assert.deepEqual(work.began, ['1', '2', '3', '4']);
  });

  test('serves the lines by turns', async () => {
    for (const task of ['1', '2', 'a1', 'a2', 'a3']) work.ask(task);
    work.ask('b', { address: 'b' });
    work.ask('c', { name: 'c' });
    for (const task of ['1', '2', 'a1', 'b', 'c']) await work.end(task);
    assert.deepEqual(work.began, ['1', '2', 'a1', 'b', 'c', 'a2', 'a3']);
  });

  test('lets suspects have no more than one place while others wait', async () => {
    const suspect = true;
    for (const task of ['s1', 's2', 's3', 's4']) work.ask(task, { suspect });
    assert.deepEqual(work.began, ['s1', 's2'], 'both while nobody else waits');
    for (const task of ['1', '2', '3']) work.ask(task);
    for (const task of ['s1', '1', '2']) await work.end(task);
    assert.deepEqual(work.began, ['s1', 's2', '1', '2', '3']);
    await work.end('s2');
    await work.end('3');
    assert.deepEqual(work.began, ['s1', 's2', '1', '2', '3', 's3', 's4']);
  });

  test('gives suspects a place as soon as one is free, however many others wait', async () => {
    for (const task of ['1', '2', '3', '4']) work.ask(task);
    work.ask('s', { suspect: true });
    await work.end('1');
    assert.equal(work.began.at(-1), 's');
  });

  test('turns away the first of the longest line when all are full', async () => {
    work.ask('1');
    work.ask('2');
    for (let i = 0; i < MAX_WAITING - 1; i++) work.ask(`guess ${i}`);
    work.ask('b', { address: 'b' });
    await settled();
    assert.deepEqual(work.refused, []);
    work.ask('c', { address: 'c' });
    work.ask('newest');
    await settled();
    assert.deepEqual(work.refused, ['guess 0', 'guess 1']);
    for (const task of ['1', '2', 'guess 2', 'b']) await work.end(task);
    assert.deepEqual(work.began, ['1', '2', 'guess 2', 'b', 'c', 'guess 3']);
  });

  test('goes on after a task that fails', async () => {
    const fails = work.turnstile.pass({ address: '', name: '', suspect: true }, () =>
      Promise.reject(new Error('x')),
    );
    await assert.rejects(fails, /x/);
    work.ask('1', { suspect: true });
    assert.deepEqual(work.began, ['1']);
  });
});

test('nobody waits for ever', async (t) => {
  mock.timers.enable({ apis: ['setTimeout'] });
  t.after(() => mock.timers.reset());
  const work = new Work();
  for (const task of ['1', '2', '3']) work.ask(task);
  mock.timers.tick(PATIENCE_MS - 1);
  await settled();
  assert.deepEqual(work.refused, []);
  mock.timers.tick(1);
  await settled();
  assert.deepEqual(work.refused, ['3']);
  await work.end('1');
  assert.deepEqual(work.began, ['1', '2']);
});
