import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { assemble, block, type Item } from './assembler.ts';
import { assembleWithBinutils, everyForm, missingBinutils } from './fixtures.ts';
import * as x64 from './x64.ts';

/**
 * The output of GNU `as` for every form: bytes, two spaces, source. After changes to the forms,
 * `UPDATE_GOLDEN=1 node --test src/asm/x64.test.ts` rewrites it with the bytes of `as`, not with ours.
 */
const GOLDEN = new URL('x64.golden.txt', import.meta.url);

const forms = everyForm();

function bytesOf(item: Item): string {
  const program = { blocks: [block('start', [item])], origin: 0, jump: x64.jmp };
  return Buffer.from(assemble(program).bytes).toString('hex');
}

function goldenLines(): string[] {
  const texts = forms.map(({ text }) => text);
  return assembleWithBinutils(`${texts.join('\n')}\n`).map((hex, index) => `${hex}  ${texts[index]}`);
}

if (process.env.UPDATE_GOLDEN === '1') writeFileSync(GOLDEN, `${goldenLines().join('\n')}\n`);
const golden = readFileSync(GOLDEN, 'utf8').trimEnd().split('\n');

describe('every form', () => {
  test('has the golden bytes', () => {
    assert.ok(golden.length > 1000);
    assert.deepEqual(
      forms.map((form) => `${bytesOf(form)}  ${form.text}`),
      golden,
    );
  });

  test('matches the output of the installed GNU as', { skip: missingBinutils() }, () => {
    assert.deepEqual(goldenLines(), golden);
  });

  test('every instruction has a form in the table', () => {
    const mnemonics = new Set(forms.flatMap(({ text }) => text.split(/[ ,]+/)));
    const operands = new Set(['at', 'byte', 'word', 'dword', 'qword', 'scaled', 'tuple', 'lowerHalf']);
    const helpers = /^(is|show)[A-Z]/;
    const needLabels = /^(j[a-z]+|loop(n?e)?|repe?|repne)$/;
    const missing = Object.keys(x64).filter(
      (name) => !mnemonics.has(name) && !operands.has(name) && !helpers.test(name) && !needLabels.test(name),
    );
    assert.deepEqual(missing, []);
  });
});

describe('operands that the processor does not support are refused', () => {
  const cases: readonly (readonly [name: string, make: () => Item, message: RegExp])[] = [
    ['operands of two sizes', () => x64.mov(x64.rax as x64.Register, x64.ebx), /mov: .*different sizes/],
    ['memory without a size', () => x64.mov(x64.at(x64.rbx), 1), /mov: .*no size/],
    ['memory to memory', () => x64.add(x64.dword(x64.rbx), x64.at(x64.rcx)), /add: .*has to be a register/],
    ['ah beside a REX prefix', () => x64.mov(x64.ah, x64.sil), /exclude a REX prefix/],
    ['ah at an address with r8', () => x64.mov(x64.byte(x64.r8), x64.ah), /exclude a REX prefix/],
    ['rsp as an index', () => x64.mov(x64.eax, x64.at(x64.rax, x64.scaled(x64.rsp, 2))), /no address/],
    ['two indexes', () => x64.mov(x64.eax, x64.at(x64.rax, x64.rcx, x64.rdx)), /no address has the form rax/],
    ['a label beside a register', () => x64.mov(x64.eax, x64.at(x64.rax, 'start')), /no address/],
    ['a count in another register than cl', () => x64.shl(x64.eax, x64.dl), /only cl/],
    ['a shorter target', () => x64.movzx(x64.ax, x64.word(x64.rbx)), /from 8 or 16 bits to more/],
    ['half a register on the stack', () => x64.push(x64.dword(x64.rbx)), /push: an operand of 64 bits/],
  ];
  for (const [name, make, message] of cases) {
    test(name, () => assert.throws(make, { name: 'TypeError', message }));
  }
});
