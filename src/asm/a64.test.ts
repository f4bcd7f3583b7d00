import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import * as a64 from './a64.ts';
import { everyA64Form } from './a64-fixtures.ts';
import { assemble, block, type Item, label } from './assembler.ts';
import { assembleWithBinutils, missingBinutils } from './fixtures.ts';

/**
 * The output of GNU `as` for every form: bytes, two spaces, source. After changes to the forms,
 * `UPDATE_GOLDEN=1 node --test src/asm/a64.test.ts` rewrites it with the bytes of `as`, not with ours.
 */
const GOLDEN = new URL('a64.golden.txt', import.meta.url);

const forms = everyA64Form();

/** Labels such as `.+8` give the distance from the instruction. */
function bytesOf(item: Item): string {
  const [, target = '.+0'] = / (\.[+-]\d+)$/.exec(item.text) ?? [];
  const program = { blocks: [block('start', [item])], origin: 0, jump: a64.b };
  const externals = { [target]: Number(target.slice(1)) };
  return Buffer.from(assemble({ ...program, externals }).bytes).toString('hex');
}

function goldenLines(): string[] {
  const texts = forms.map(({ text }) => text);
  const bytes = assembleWithBinutils(`${texts.join('\n')}\n`, 'arm64');
  return bytes.map((hex, index) => `${hex}  ${texts[index]}`);
}

if (process.env.UPDATE_GOLDEN === '1') writeFileSync(GOLDEN, `${goldenLines().join('\n')}\n`);
const golden = readFileSync(GOLDEN, 'utf8').trimEnd().split('\n');

describe('every form', () => {
  test('has the golden bytes', () => {
    assert.ok(golden.length > 400);
    assert.deepEqual(
      forms.map((form) => `${bytesOf(form)}  ${form.text}`),
      golden,
    );
  });

  test('matches the output of the installed GNU as', { skip: missingBinutils('arm64') }, () => {
    assert.deepEqual(goldenLines(), golden);
  });

  test('every instruction has a form in the table', () => {
    const words = new Set(forms.flatMap(({ text }) => text.replace('b.', 'b').split(/[^a-z0-9]+/)));
    const helpers = /^(is|show)[A-Z]|^(at|after|before|indexed)$|^[wx]\d+$/;
    const missing = Object.keys(a64).filter((name) => !words.has(name) && !helpers.test(name));
    assert.deepEqual(missing, []);
  });
});

describe('operands that the processor does not support are refused', () => {
  const { x0, x1, w0, w1, sp, xzr, at, before } = a64;
  const cases: readonly (readonly [name: string, make: () => Item, message: RegExp])[] = [
    ['operands of two sizes', () => a64.mov(x0 as a64.Register, w1), /mov: .*different sizes/],
    ['a bitwise operation on sp', () => a64.and(x0, sp, 1), /and: sp cannot be used/],
    ['a base that is always zero', () => a64.ldr(x0, at(xzr)), /ldr: the zero register cannot be used/],
    ['a sum with the zero register and a constant', () => a64.add(x0, xzr, 1), /add: the zero register/],
    ['a pair that moves its base', () => a64.ldp(x0, x1, before(sp, 16)), /ldp: only a base and a number/],
    ['a bit that does not exist', () => a64.tbz(w0, 32, '.+0'), /tbz: no bit 32 in w0/],
  ];
  for (const [name, make, message] of cases) {
    test(name, () => assert.throws(make, { name: 'TypeError', message }));
  }
});

describe('numbers that do not fit are refused', () => {
  const { w0, w1, x0, x1, at, after, indexed } = a64;
  const cases: readonly (readonly [name: string, item: Item])[] = [
    ['a branch by half an instruction', a64.b('.+2')],
    ['a branch beyond 128 MiB', a64.b('.+134217728')],
    ['a call beyond 128 MiB', a64.bl('.-134217732')],
    ['a condition beyond 1 MiB', a64.beq('.+1048576')],
    ['a test for zero beyond 1 MiB', a64.cbz(w0, '.-1048580')],
    ['a test of a bit beyond 32 KiB', a64.tbz(w0, 3, '.+32768')],
    ['a test of a bit beyond 32 KiB, backwards', a64.tbnz(w0, 3, '.-32772')],
    ['an address beyond 1 MiB', a64.adr(x0, '.+1048576')],
    ['a word beyond 1 MiB', a64.ldr(w0, '.+1048576')],
    ['a word at an unaligned address', a64.ldr(w0, '.+6')],
    ['a constant of two pieces', a64.mov(w0, 0x12345)],
    ['a sum with 13 bits', a64.add(x0, x1, 4096)],
    ['a sum with a negative number', a64.sub(x0, x1, -1)],
    ['a shift by 32 of 32 bits', a64.add(w0, w1, w1, { lsl: 32 })],
    ['a number that is not a bit mask', a64.and(w0, w1, 5)],
    ['a mask without ones', a64.and(w0, w1, 0)],
    ['a mask without zeros', a64.and(w0, w1, 0xffffffff)],
    ['an offset that is too big', a64.ldrb(w0, at(x1, 4096))],
    ['an offset that is too far back', a64.ldr(w0, at(x1, -257))],
    ['an odd pair', a64.stp(w0, w1, at(x1, 2))],
    ['a step of more than 255', a64.ldrb(w0, after(x1, 256))],
    ['an index times two for an access of four bytes', a64.ldr(w0, indexed(x0, x1, 1))],
  ];
  for (const [name, item] of cases) {
    test(name, () =>
      assert.throws(() => bytesOf(item), { name: 'AssemblyError', message: /holds its numbers/ }),
    );
  }
});

test('a block without its successor after it gets a branch, and labels are resolved', () => {
  const blocks = [
    block('first', [a64.tbz(a64.w0, 1, 'third')], 'second'),
    block('third', [a64.adr(a64.x1, 'text'), a64.svc]),
    block('second', [a64.b('third'), label('text')]),
  ];
  const { bytes } = assemble({ blocks, origin: 0x4000000, jump: a64.b });
  assert.equal(
    Buffer.from(bytes).toString('hex'),
    ['40000836', '03000014', '61000010', '010000d4', 'feffff17'].join(''),
  );
});
