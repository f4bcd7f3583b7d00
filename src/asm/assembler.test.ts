import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  address,
  align,
  ascii,
  assemble,
  type Block,
  block,
  bytes,
  data,
  distance,
  type Fragment,
  label,
  listing,
  type Program,
} from './assembler.ts';
import { assembleWithBinutils, missingBinutils } from './fixtures.ts';
import { add, at, call, eax, jb, je, jmp, lea, loop, mov, nop, push, rax } from './x64.ts';

function hexOf(fragments: readonly Fragment[], options: Partial<Program> = {}): string {
  const program = { blocks: [block('start', fragments)], origin: 0, jump: jmp, ...options };
  return Buffer.from(assemble(program).bytes).toString('hex');
}

const fill = (count: number) => bytes(Buffer.alloc(count, 0x90), `.fill ${count}, 1, 0x90`);

describe('the shortest encoding that fits', () => {
  const cases: readonly (readonly [
    name: string,
    fragments: readonly Fragment[],
    jump: string,
    at: number,
  ])[] = [
    ['forward by 127', [jmp('end'), fill(127), label('end')], 'eb7f', 0],
    ['forward by 128', [jmp('end'), fill(128), label('end')], 'e980000000', 0],
    ['backward by 128', [fill(126), jmp('start')], 'eb80', 126],
    ['backward by 129', [fill(127), jmp('start')], 'e97cffffff', 127],
    ['to itself', [jmp('start')], 'ebfe', 0],
    ['a condition, near', [je('end'), fill(128), label('end')], '0f8480000000', 0],
    [
      'one jump that grows makes the other grow',
      [jmp('far'), jmp('end'), fill(125), label('far'), fill(3), label('end')],
      'e982000000',
      0,
    ],
    ['a distance in a byte', [add(rax, distance('start', 'end')), fill(1), label('end')], '4883c005', 0],
    ['a distance in a word', [add(eax, distance('start', 'end')), fill(200), label('end')], '05cd000000', 0],
    ['a displacement of zero', [mov(eax, at(rax, distance('start', 'start')))], '8b00', 0],
    ['an address', [mov(rax, address('start'))], 'b800004000', 0],
    ['a high address', [mov(rax, address('high'))], '48b80000000001000000', 0],
    ['a negative address', [mov(rax, address('low'))], '48c7c0f0ffffff', 0],
    ['a pushed distance', [push(distance('start', 'end')), fill(126), label('end')], '6883000000', 0],
  ];
  for (const [name, fragments, expected, offset] of cases) {
    test(name, () => {
      const externals = { high: 2 ** 32, low: -16 };
      const hex = hexOf(fragments, { origin: 0x400000, externals });
      assert.equal(hex.slice(offset * 2, offset * 2 + expected.length), expected);
    });
  }

  test('relative to rip, counted from the end of the constant after it', () => {
    assert.equal(hexOf([lea(rax, at('end')), label('end')]), '488d0500000000');
    assert.equal(hexOf([add(at('end'), eax), nop, label('end')]), '01050100000090');
  });

  test('a jump to an external label', () => {
    assert.equal(hexOf([jmp('outside')], { origin: 0x1000, externals: { outside: 0x3000 } }), 'e9fb1f0000');
  });
});

describe('data', () => {
  const cases: readonly (readonly [name: string, fragments: readonly Fragment[], hex: string])[] = [
    [
      'numbers',
      [data(1, 255, -1), data(2, 0xabcd), data(4, -2), data(8, 1n << 63n)],
      'ffffcdabfeffffff0000000000000080',
    ],
    ['addresses', [data(4, address('start')), data(8, address('start'))], '000040000000400000000000'],
    ['distances', [data(8, distance('end', 'start')), label('end')], 'f8ffffffffffffff'],
    ['text', [ascii('a"b\0é')], '61226200e9'],
    ['alignment', [nop, align(8), nop], '900000000000000090'],
    ['alignment where none is needed', [align(8), nop], '90'],
  ];
  for (const [name, fragments, hex] of cases) {
    test(name, () => assert.equal(hexOf(fragments, { origin: 0x400000 }), hex));
  }
});

describe('blocks', () => {
  const blocks: readonly Block[] = [
    block('first', [mov(eax, 1)], 'second'),
    block('second', [mov(eax, 2)], 'first'),
    block('table', [data(1, 7)]),
  ];

  test('a block falls through to its successor, and jumps if another block follows', () => {
    assert.equal(hexOf([], { blocks }), 'b801000000b802000000ebf407');
    assert.equal(hexOf([], { blocks, order: ['second', 'first', 'table'] }), 'b802000000b801000000ebf407');
    assert.equal(
      hexOf([], { blocks, order: ['first', 'table', 'second'] }),
      'b801000000eb0107b802000000ebf1',
    );
  });

  test('a conditional jump at the end is inverted if its target follows', () => {
    const fork: readonly Block[] = [
      block('fork', [je('left')], 'right'),
      block('left', [data(1, 1)]),
      block('right', [data(1, 2)]),
    ];
    assert.equal(hexOf([], { blocks: fork, order: ['fork', 'right', 'left'] }), '7401' + '02' + '01');
    assert.equal(hexOf([], { blocks: fork, order: ['fork', 'left', 'right'] }), '7501' + '01' + '02');
    assert.equal(hexOf([], { blocks: fork, order: ['left', 'fork', 'right'] }), '01' + '74fd' + '02');
    assert.equal(
      hexOf([], { blocks: fork, order: ['left', 'right', 'fork'] }),
      '01' + '02' + '74fc' + 'ebfb',
    );
  });

  for (const order of [
    ['first', 'second'],
    ['first', 'second', 'third'],
    ['first', 'first', 'second'],
  ]) {
    test(`the order ${order.join(' ')} is refused`, () => {
      assert.throws(
        () => hexOf([], { blocks, order }),
        /the order has to name every block once|no block is named third/,
      );
    });
  }
});

describe('errors', () => {
  const cases: readonly (readonly [name: string, fragments: readonly Fragment[], message: RegExp])[] = [
    ['a missing label', [jmp('nowhere')], /no label is named nowhere/],
    ['a duplicate label', [label('a'), label('a')], /two labels are named a/],
    [
      'a target that is too far',
      [loop('end'), fill(128), label('end')],
      /no encoding of "loop end" at 0x0 holds/,
    ],
    ['a number that is too big', [data(1, 256)], /no encoding of ".byte 256" at 0x0 holds/],
    ['a constant that is too big', [add(eax, 2 ** 32)], /no encoding of "add eax, 4294967296"/],
  ];
  for (const [name, fragments, message] of cases) {
    test(name, () => assert.throws(() => hexOf(fragments), { name: 'AssemblyError', message }));
  }
});

test('the listing shows address, bytes and source of everything', () => {
  const fragments = [mov(eax, 5), label('wait'), jmp('wait'), ascii('hello, world')];
  const { rows } = assemble({ blocks: [block('start', fragments)], origin: 0x400070, jump: jmp });
  assert.equal(
    listing(rows),
    [
      '00400070                    start:',
      '00400070  b805000000        mov eax, 5',
      '00400075                    wait:',
      '00400075  ebfe              jmp wait',
      '00400077  68656c6c6f2c2077  .ascii "hello, world"',
      '0040007f  6f726c64',
      '',
    ].join('\n'),
  );
});

/** Programs of jumps and padding; every step is also a label. */
const steps = fc.array(
  fc.record({ kind: fc.constantFrom('jmp', 'je', 'jb', 'call', 'fill'), number: fc.nat(160) }),
  { minLength: 1, maxLength: 60 },
);

function programOf(list: readonly { kind: string; number: number }[]): Fragment[] {
  const jumps: Readonly<Record<string, (target: string) => Fragment>> = { jmp, je, jb, call };
  return list.flatMap(({ kind, number }, index) => [
    label(`l${index}`),
    jumps[kind]?.(`l${number % list.length}`) ?? fill(number),
  ]);
}

describe('any program', () => {
  test('is listed byte by byte, and no jump is longer than necessary', () => {
    fc.assert(
      fc.property(steps, (list) => {
        const program = { blocks: [block('start', programOf(list))], origin: 0x1000, jump: jmp };
        const { bytes: code, rows, addressOf } = assemble(program);
        let end = program.origin;
        for (const { address: start, bytes: part, text } of rows) {
          assert.equal(start, end);
          end += part.length;
          const [, target = ''] = /^(?:jmp|je|jb) (\w+)$/.exec(text) ?? [];
          if (part.length < 5 || target === '') continue;
          const reach = addressOf(target) - end;
          // For a backward jump, its own length counts, too, so a shorter form would reach further.
          assert.ok(reach > 127 || reach + part.length - 2 < -128, `${text} at ${start}`);
        }
        assert.equal(end - program.origin, code.length);
      }),
    );
  });

  test('data matches the output of GNU as for the listing', { skip: missingBinutils() }, () => {
    const fragments = [
      ascii('a"\\\n\0é7'),
      data(1, 255, -1),
      data(2, -2, 0xabcd),
      data(4, -3),
      data(8, 1n << 62n),
    ];
    const { rows } = assemble({ blocks: [block('start', fragments)], origin: 0, jump: jmp });
    const own = rows.map(({ bytes: part }) => Buffer.from(part).toString('hex'));
    assert.deepEqual(own, assembleWithBinutils(rows.map(({ text }) => `${text}\n`).join('')));
  });

  test('matches the output of GNU as for the listing', { skip: missingBinutils() }, () => {
    fc.assert(
      fc.property(steps, (list) => {
        const fragments = programOf(list);
        const program = { blocks: [block('start', fragments)], origin: 0, jump: jmp };
        const { rows } = assemble(program);
        const own = rows.map(({ bytes: part }) => Buffer.from(part).toString('hex'));
        const theirs = assembleWithBinutils(rows.map(({ text }) => `${text}\n`).join(''));
        // `as` only lists a part of long fills; a wrong length would affect the jumps across them.
        const code = (hex: string) => !/^(90)+$/.test(hex);
        assert.deepEqual(own.filter(code), theirs.filter(code));
      }),
      { numRuns: 25 },
    );
  });
});
