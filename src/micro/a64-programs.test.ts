import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { b, w2 } from '../asm/a64.ts';
import { type Assembled, assemble, block } from '../asm/assembler.ts';
import { assembleWithBinutils, missingBinutils } from '../asm/fixtures.ts';
import { assembleA64Full, assembleA64Site } from './a64-full.ts';
import { set } from './a64-idioms.ts';
import { assembleA64Record } from './a64-record.ts';
import { assembleA64Standard } from './a64-server.ts';

const page = { content: Buffer.from('<p>hello'.repeat(20)), contentType: 'text/html;charset=utf-8' };
/** More responses than a byte can count. */
const filesOf = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ ...page, segments: [`${index}.html`] }));
const programs: readonly (readonly [name: string, program: Assembled])[] = [
  ['record', assembleA64Record(page.content)],
  ['standard', assembleA64Standard({ page, port: 8080 })],
  ['full', assembleA64Full({ page, port: 8080 })],
  ['site', assembleA64Site({ files: filesOf(300), port: 8080 })],
];

for (const [name, { rows }] of programs) {
  describe(`profile ${name}`, () => {
    test('every instruction is what GNU as makes of the listing', { skip: missingBinutils('arm64') }, () => {
      const isCode = (text: string) => /^[a-z]/.test(text) && !/^(the|a) |:$/.test(text);
      const lines = rows.map(({ text, bytes: part }) =>
        isCode(text) || text.endsWith(':') ? text : `.skip ${part.length}`,
      );
      const theirs = assembleWithBinutils(`${lines.join('\n')}\n`, 'arm64');
      const code = rows.flatMap(({ text, bytes: part }, index) =>
        isCode(text) ? [[text, Buffer.from(part).toString('hex'), theirs[index]] as const] : [],
      );
      assert.ok(code.length > 30);
      for (const [text, own, other] of code) assert.equal(own, other, text);
    });

    test('every instruction stands at a multiple of four', () => {
      const odd = rows.filter(({ text, address }) => /^[a-z.]+ [wx]\d/.test(text) && address % 4 !== 0);
      assert.deepEqual(odd, []);
    });
  });
}

describe('set', () => {
  const cases: readonly (readonly [value: number, instructions: readonly string[]])[] = [
    [0, ['mov w2, #0']],
    [0xffff, ['mov w2, #65535']],
    [0x10000, ['mov w2, #65536']],
    [0x12345, ['mov w2, #9029', 'movk w2, #1, lsl #16']],
    [20_000_100, ['mov w2, #11620', 'movk w2, #305, lsl #16']],
  ];
  for (const [value, instructions] of cases) {
    test(`of ${value}`, () => {
      const { rows } = assemble({ blocks: [block('start', set(w2, value))], origin: 0, jump: b });
      assert.deepEqual(
        rows.map(({ text }) => text),
        ['start:', ...instructions],
      );
    });
  }
});
