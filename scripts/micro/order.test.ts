/** The search for the order of blocks in mote-micro: what it counts, and what it finds. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { assemble, block, bytes, label, type OrderedProgram } from '../../src/asm/assembler.ts';
import { je, jmp, loop } from '../../src/asm/x64.ts';
import { contentOfPage } from '../../src/micro/content.ts';
import { fullProgram } from '../../src/micro/full.ts';
import { standardProgram } from '../../src/micro/server.ts';
import { anneal, costOf, type Order, search } from './order.ts';

const page = { content: Buffer.from('a page'), contentType: 'text/plain' };
const standard = standardProgram({ page, port: 80 });
const full = fullProgram(contentOfPage(page), { port: 80 });
const steps = 20_000;

function costIn(program: OrderedProgram, order: readonly string[]): number {
  return costOf(program)(order.map((name) => program.order.indexOf(name)));
}

describe('counts as many bytes as the assembler writes', () => {
  for (const [name, program] of Object.entries({ standard, full })) {
    test(name, () => {
      const cost = costOf(program);
      const present = program.order.map((_, index) => index);
      // Below what a jump out of reach would add: the assembler refuses such an order.
      const allowed = cost(present) + 18;
      const tried: Order[] = [];
      const record = (order: Order) => {
        const found = cost([0, ...order]);
        if (found < allowed) tried.push([0, ...order]);
        return found;
      };
      anneal(present.slice(1), record, { seed: 1, steps });
      assert.ok(tried.length >= 20, `${tried.length}`);
      for (const indices of [present, ...tried.slice(-100)]) {
        const order = indices.map((index) => program.order[index] ?? '');
        assert.equal(cost(indices), assemble({ ...program, order }).bytes.length, order.join(' '));
      }
    });
  }
});

describe('toys', () => {
  const fill = (length: number) => bytes(Buffer.alloc(length));
  /** Each runs into the one before it, so that only the reverse needs no jump. */
  const names = ['a', 'b', 'c', 'd', 'e', 'f'];
  const chain: OrderedProgram = {
    blocks: [
      block('header', []),
      ...names.map((name, index) => block(name, [fill(1)], names[index - 1])),
      block('tokens', []),
    ],
    order: ['header', ...names, 'tokens'],
    origin: 0,
    jump: jmp,
  };

  test('a chain is put in its order', () => {
    const cost = costOf(chain);
    const best = anneal([0, 1, 2, 3, 4, 5, 6, 7], cost, { seed: 1, steps });
    assert.equal(cost(best), names.length);
    assert.deepEqual(
      best.filter((index) => index > 0 && index < 7),
      [6, 5, 4, 3, 2, 1],
    );
  });
  test('the header stays first and the data last', () => {
    const order = search(chain, 1, 0.01);
    assert.deepEqual(order, ['header', ...names.toReversed(), 'tokens']);
  });
  test('a conditional jump to the block that follows is turned round', () => {
    const blocks = [
      block('fork', [je('left')], 'right'),
      block('left', [fill(1), jmp('fork')]),
      block('right', [fill(1), jmp('fork')]),
    ];
    const program = { blocks, order: ['fork', 'left', 'right'], origin: 0, jump: jmp };
    assert.equal(costIn(program, ['fork', 'left', 'right']), 2 + 3 + 3);
    assert.equal(costIn(program, ['fork', 'right', 'left']), 2 + 3 + 3);
    assert.equal(costIn(program, ['left', 'right', 'fork']), 2 + 2 + 3 + 3);
  });
  test('a jump to somewhere far is longer, and one that cannot get there costs more than any', () => {
    const blocks = [
      block('near', [je('target'), label('inside'), loop('inside')]),
      block('gap', [fill(126)]),
      block('target', [loop('near')]),
    ];
    const program = { blocks, order: ['gap', 'near', 'target'], origin: 0, jump: jmp };
    assert.equal(costIn(program, ['gap', 'near', 'target']), 132);
    assert.ok(costIn(program, ['near', 'gap', 'target']) > 132 + 4);
  });
});

describe('annealing', () => {
  const cost = (order: Order) => order.reduce((sum, one, index) => sum + Math.abs(one - index), 0);
  const start = [7, 3, 1, 0, 6, 2, 5, 4];

  test('finds what is best', () => {
    for (const seed of [1, 2, 3]) assert.equal(cost(anneal(start, cost, { seed, steps })), 0);
  });
  test('never returns anything worse, however short the walk', () => {
    const sorted = start.toSorted();
    for (let seed = 0; seed < 50; seed += 1) {
      assert.deepEqual(anneal(sorted, cost, { seed, steps: 5 }), sorted);
    }
  });
  test('goes the same way with the same seed, and another with another', () => {
    const tried = (seed: number) => {
      const orders: Order[] = [];
      anneal(start, (order) => orders.push(order) && cost(order), { seed, steps: 20 });
      return orders;
    };
    assert.deepEqual(tried(1), tried(1));
    assert.notDeepEqual(tried(1), tried(2));
  });
});
