import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { tick, until, Wire } from './fixtures.ts';
import { type Appetite, Canteen, type Eater, Intake } from './intake.ts';

const SLICE_BYTES = 4096;
const FRAMING_BYTES = 16 * 1024;

/** A connection that eats what the test says it can. */
function table(t: TestContext, canteen = new Canteen()) {
  const wire = new Wire({ allowHalfOpen: true });
  t.after(() => wire.destroy());
  const eaten: string[] = [];
  const told: string[] = [];
  const eater = {
    appetite: 'head' as Appetite,
    bodyBytes: 0,
    onWaste: () => {
      told.push('waste');
      eater.appetite = 'over';
    },
    onGreed: () => {
      told.push('greed');
      eater.appetite = 'over';
    },
    /** What happens to the connection with every piece. */
    onEaten: (_piece: string) => undefined as unknown,
  } satisfies Eater & Record<string, unknown>;
  // As node:http leaves it.
  wire.on('data', (chunk: Buffer) => {
    eaten.push(chunk.toString('latin1'));
    eater.onEaten(chunk.toString('latin1'));
  });
  const intake = new Intake(wire as unknown as Socket, eater, canteen);
  return { wire, eaten, told, eater, intake };
}

const get = (path: string) => `GET ${path} HTTP/1.1\r\nX: ${'x'.repeat(300)}\r\n\r\n`;

describe('requests', () => {
  test('a small one is passed on at once', async (t) => {
    const { wire, eaten } = table(t);
    wire.push('GET / HTTP/1.1\r\n\r\n');
    await tick();
    assert.deepEqual(eaten, ['GET / HTTP/1.1\r\n\r\n']);
  });

  test('a large one too, in the pieces in which it comes', async (t) => {
    const { wire, eaten } = table(t);
    const text = get('/'.padEnd(7000, 'x'));
    wire.push(text.slice(0, 5000));
    await tick();
    wire.push(text.slice(5000));
    await until(() => eaten.length === 2, 'both');
    assert.equal(eaten.join(''), text);
  });

  test('the next one waits for the answer to the one before it', async (t) => {
    const { wire, eaten, eater, intake } = table(t);
    eater.onEaten = () => {
      eater.appetite = 'nothing';
    };
    const texts = ['/a', '/b', '/c'].map(get);
    wire.push(texts.join(''));
    for (let answered = 0; answered < 3; answered++) {
      await until(() => eaten.length === answered + 1, 'one more');
      for (let i = 0; i < 5; i++) await tick();
      assert.deepEqual(eaten, texts.slice(0, answered + 1));
      eater.appetite = 'head';
      intake.resume();
    }
  });

  test('the end of the connection is heard after what came before it', async (t) => {
    const { wire, eaten, eater, intake } = table(t);
    let ended = false;
    wire.on('end', () => {
      ended = true;
    });
    eater.onEaten = () => {
      eater.appetite = 'nothing';
    };
    wire.push(get('/a') + get('/b'));
    wire.push(null);
    await until(() => eaten.length === 1, 'the first');
    for (let i = 0; i < 5; i++) await tick();
    assert.ok(!ended);
    eater.appetite = 'head';
    intake.resume();
    await until(() => eaten.length === 2, 'the second');
    eater.appetite = 'head';
    intake.resume();
    await until(() => ended, 'the end');
  });

  test('nothing comes through on a connection that is over', async (t) => {
    const { wire, eaten, eater } = table(t);
    eater.onEaten = () => {
      eater.appetite = 'over';
    };
    wire.push(get('/a') + get('/b'));
    await tick();
    wire.push(get('/c'));
    for (let i = 0; i < 5; i++) await tick();
    assert.deepEqual(eaten, [get('/a')]);
  });
});

describe('bodies', () => {
  test('come in slices, whole', async (t) => {
    const { wire, eaten, eater, intake } = table(t);
    eater.appetite = 'body';
    eater.onEaten = (piece: string) => {
      eater.bodyBytes += piece.length;
    };
    intake.beginBody();
    const text = 'x'.repeat(3 * SLICE_BYTES + 5);
    wire.push(text);
    await until(() => eaten.length === 4, 'all');
    assert.deepEqual(
      eaten.map(({ length }) => length),
      [SLICE_BYTES, SLICE_BYTES, SLICE_BYTES, 5],
    );
  });

  test('what could be the end of one is cut there, so that no request goes through with it', async (t) => {
    const { wire, eaten, eater } = table(t);
    eater.appetite = 'body';
    wire.push('1\r\nx\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n');
    await until(() => eaten.length === 2, 'both');
    assert.deepEqual(eaten, ['1\r\nx\r\n0\r\n\r\n', 'GET / HTTP/1.1\r\n\r\n']);
  });

  test('more framing than there is reason for ends the reading', async (t) => {
    const { wire, eaten, told, eater, intake } = table(t);
    eater.appetite = 'body';
    intake.beginBody();
    wire.push('1;'.padEnd(10 * FRAMING_BYTES, 'e'));
    await until(() => told.length > 0, 'told');
    assert.deepEqual(told, ['waste']);
    assert.ok(eaten.join('').length <= FRAMING_BYTES + SLICE_BYTES);
  });
});

test('when too much waits in all, who has more than a fair share is told', async (t) => {
  const canteen = new Canteen();
  const greedy = table(t, canteen);
  const modest = table(t, canteen);
  for (const { eater } of [greedy, modest]) eater.appetite = 'nothing';
  canteen.waitingBytes = 32 * 1024 * 1024;
  greedy.wire.push('x'.repeat(20_000));
  modest.wire.push('x'.repeat(10_000));
  await tick();
  assert.deepEqual([greedy.told, modest.told], [['greed'], []]);
  for (const { wire } of [greedy, modest]) wire.destroy();
  await tick();
  assert.equal(canteen.waitingBytes, 32 * 1024 * 1024);
});
