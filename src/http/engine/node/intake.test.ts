import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { tick, until, Wire } from '../../fixtures.ts';
import { InputTurns } from '../input-turns.ts';
import { type Consumer, type Demand, Intake } from './intake.ts';

const SLICE_BYTES = 4096;
const FRAMING_BYTES = 16 * 1024;

/** A connection that wants what the test says. */
function intakeOf(t: TestContext, inputTurns = new InputTurns()) {
  const wire = new Wire({ allowHalfOpen: true });
  t.after(() => wire.destroy());
  const parsed: string[] = [];
  const told: string[] = [];
  const consumer = {
    demand: 'head' as Demand,
    bodyBytes: 0,
    onExcessFraming: () => {
      told.push('framing');
      consumer.demand = 'over';
    },
    onOverload: () => {
      told.push('overload');
      consumer.demand = 'over';
    },
    /** What happens to the connection with every piece. */
    onParsed: (_piece: string) => undefined as unknown,
  } satisfies Consumer & Record<string, unknown>;
  // As node:http leaves it.
  wire.on('data', (chunk: Buffer) => {
    parsed.push(chunk.toString('latin1'));
    consumer.onParsed(chunk.toString('latin1'));
  });
  const intake = new Intake(wire as unknown as Socket, consumer, inputTurns);
  return { wire, parsed, told, consumer, intake };
}

const get = (path: string) => `GET ${path} HTTP/1.1\r\nX: ${'x'.repeat(300)}\r\n\r\n`;

describe('requests', () => {
  test('a small one is passed on at once', async (t) => {
    const { wire, parsed } = intakeOf(t);
    wire.push('GET / HTTP/1.1\r\n\r\n');
    await tick();
    assert.deepEqual(parsed, ['GET / HTTP/1.1\r\n\r\n']);
  });

  test('a large one too, in the pieces in which it comes', async (t) => {
    const { wire, parsed } = intakeOf(t);
    const text = get('/'.padEnd(7000, 'x'));
    wire.push(text.slice(0, 5000));
    await tick();
    wire.push(text.slice(5000));
    await until(() => parsed.length === 2, 'both');
    assert.equal(parsed.join(''), text);
  });

  test('the next one waits for the answer to the one before it', async (t) => {
    const { wire, parsed, consumer, intake } = intakeOf(t);
    consumer.onParsed = () => {
      consumer.demand = 'nothing';
    };
    const texts = ['/a', '/b', '/c'].map(get);
    wire.push(texts.join(''));
    for (let answered = 0; answered < 3; answered++) {
      await until(() => parsed.length === answered + 1, 'one more');
      for (let i = 0; i < 5; i++) await tick();
      assert.deepEqual(parsed, texts.slice(0, answered + 1));
      consumer.demand = 'head';
      intake.resume();
    }
  });

  test('the end of the connection is heard after what came before it', async (t) => {
    const { wire, parsed, consumer, intake } = intakeOf(t);
    let ended = false;
    wire.on('end', () => {
      ended = true;
    });
    consumer.onParsed = () => {
      consumer.demand = 'nothing';
    };
    wire.push(get('/a') + get('/b'));
    wire.push(null);
    await until(() => parsed.length === 1, 'the first');
    for (let i = 0; i < 5; i++) await tick();
    assert.ok(!ended);
    consumer.demand = 'head';
    intake.resume();
    await until(() => parsed.length === 2, 'the second');
    consumer.demand = 'head';
    intake.resume();
    await until(() => ended, 'the end');
  });

  test('nothing comes through on a connection that is over', async (t) => {
    const { wire, parsed, consumer } = intakeOf(t);
    consumer.onParsed = () => {
      consumer.demand = 'over';
    };
    wire.push(get('/a') + get('/b'));
    await tick();
    wire.push(get('/c'));
    for (let i = 0; i < 5; i++) await tick();
    assert.deepEqual(parsed, [get('/a')]);
  });
});

describe('bodies', () => {
  test('come in slices, whole', async (t) => {
    const { wire, parsed, consumer, intake } = intakeOf(t);
    consumer.demand = 'body';
    consumer.onParsed = (piece: string) => {
      consumer.bodyBytes += piece.length;
    };
    intake.beginBody();
    const text = 'x'.repeat(3 * SLICE_BYTES + 5);
    wire.push(text);
    await until(() => parsed.length === 4, 'all');
    assert.deepEqual(
      parsed.map(({ length }) => length),
      [SLICE_BYTES, SLICE_BYTES, SLICE_BYTES, 5],
    );
  });

  test('what could be the end of one is cut there, so that no request goes through with it', async (t) => {
    const { wire, parsed, consumer } = intakeOf(t);
    consumer.demand = 'body';
    wire.push('1\r\nx\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n');
    await until(() => parsed.length === 2, 'both');
    assert.deepEqual(parsed, ['1\r\nx\r\n0\r\n\r\n', 'GET / HTTP/1.1\r\n\r\n']);
  });

  test('more framing than there is reason for ends the reading', async (t) => {
    const { wire, parsed, told, consumer, intake } = intakeOf(t);
    consumer.demand = 'body';
    intake.beginBody();
    wire.push('1;'.padEnd(10 * FRAMING_BYTES, 'e'));
    await until(() => told.length > 0, 'told');
    assert.deepEqual(told, ['framing']);
    assert.ok(parsed.join('').length <= FRAMING_BYTES + SLICE_BYTES);
  });
});

test('when too much waits in all, who has more than a fair share is told', async (t) => {
  const inputTurns = new InputTurns();
  const large = intakeOf(t, inputTurns);
  const modest = intakeOf(t, inputTurns);
  for (const { consumer } of [large, modest]) consumer.demand = 'nothing';
  inputTurns.waitingBytes = 32 * 1024 * 1024;
  large.wire.push('x'.repeat(20_000));
  modest.wire.push('x'.repeat(10_000));
  await tick();
  assert.deepEqual([large.told, modest.told], [['overload'], []]);
  for (const { wire } of [large, modest]) wire.destroy();
  await tick();
  assert.equal(inputTurns.waitingBytes, 32 * 1024 * 1024);
});
