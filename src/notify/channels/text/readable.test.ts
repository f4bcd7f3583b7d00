import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { leastCpuMs, MAX_TURN_MS } from '../../../../test/support/cpu.ts';
import { resultOf } from '../../../util/turns.ts';
import { readableOf as readableSteps } from './readable.ts';

const readableOf = (markdown: string) => resultOf(readableSteps(markdown));

describe('Markdown as text', () => {
  const cases: readonly [name: string, markdown: string, text: string][] = [
    ['plain text', 'a\nb\n\nc', 'a\nb\n\nc'],
    ['headings', '# A\n## B ##\n### **C**', 'A\nB\nC'],
    ['underlined headings', 'A\n===\n\nB\n---', 'A\n\nB'],
    ['a rule', 'a\n\n---\n\nb', 'a\n\n---\n\nb'],
    ['headings with number signs', '# C#\n# #\n#\n# a #b #', 'C#\n#\n#\na #b'],
    ['no heading', '#1 and #2\n#channel', '#1 and #2\n#channel'],
    ['emphasis', '**a** *b* __c__ _d_ ~~e~~ ***f***', 'a b c d e f'],
    ['emphasis in emphasis', '**a *b* c** *a **b** c*', 'a b c a b c'],
    ['emphasis without spaces', '这是**重点**和*次要*的', '这是重点和次要的'],
    ['emphasis before a colon', '**State**: _down_.', 'State: down.'],
    [
      'signs',
      '2*3*4, 2 * 3, a_b_c, __init__.py, rm *.log, 5 ** 2',
      '2*3*4, 2 * 3, a_b_c, __init__.py, rm *.log, 5 ** 2',
    ],
    ['code', '`a_b_ *c*` ``a`b``', 'a_b_ *c* a`b'],
    ['ticks that do not close', '``a` ```b', '``a` ```b'],
    ['ticks of other lengths inside', '`` ` `` ``a```b`` ` `` `', '` a```b `` '.trim()],
    ['a tick after a backslash', '\\``a`', '`a'],
    ['a block of code', 'x:\n```sh\nls *a* [b](c)\n\n# d\n```\ny', 'x:\nls *a* [b](c)\n\n# d\ny'],
    ['a block that never ends', '~~~\n*a*\n```', '*a*\n```'],
    ['lists', '* a\n+ b\n- **c**\n  * d\n1. e', '- a\n- b\n- c\n  - d\n1. e'],
    ['tasks', '- [ ] a\n- [x] b', '- [ ] a\n- [x] b'],
    ['a quotation', '> a **b**\n> * c', '> a b\n> - c'],
    ['a table', '| a | b |\n|---|:-:|\n| *c* | d \\| e |', 'a | b\nc | d | e'],
    ['a link', '[the *page*](https://a.example/b_c_d) x', 'the page (https://a.example/b_c_d) x'],
    ['a link with a title and brackets', '[a](<https://b.example/c_(d)> "e")', 'a (https://b.example/c_(d))'],
    ['a link whose label is its target', '[https://a.example](https://a.example)', 'https://a.example'],
    ['an address', '[a@b.example](mailto:a@b.example) <c@d.example>', 'mailto:a@b.example c@d.example'],
    ['a link in emphasis', '**[a](https://b.example/_c_)**', 'a (https://b.example/_c_)'],
    [
      'an image',
      '![a](https://b.example/c.png) ![](https://d.example)',
      'a (https://b.example/c.png) https://d.example',
    ],
    [
      'a bare link',
      '*https://a.example/b_c_d* <https://e.example/*f*>',
      'https://a.example/b_c_d https://e.example/*f*',
    ],
    ['escapes', '\\*a\\* \\[b\\](c) 1\\. \\\\ \\d', '*a* [b](c) 1. \\ \\d'],
    ['references', '&lt;b&gt; &amp;lt; &nbsp;&unknown;', '<b> &lt;  &unknown;'],
    ['colours of WeCom', '<font color="warning">a</font><br>b <@zhangsan>', 'a\nb <@zhangsan>'],
    ['angle brackets that are not tags', 'a < b > c <d>', 'a < b > c <d>'],
    ['hard breaks', 'a  \nb\\\nc', 'a\nb\nc'],
    ['noncharacters', '\uffff0\uffff *a*', '0 a'],
    ['nothing', '', ''],
  ];
  for (const [name, markdown, text] of cases) {
    test(name, () => assert.equal(readableOf(markdown), text));
  }

  test('no word is lost', () => {
    const marks = [
      '*',
      '**',
      '_',
      '`',
      '```\n',
      '[',
      '](',
      ')',
      '!',
      '<',
      '>',
      '#',
      '\\',
      '|',
      '\n',
      ' ',
      '&amp;',
      '~~',
    ];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...marks, 'wörd', '信息', 'x1'), { maxLength: 40 }), (chosen) => {
        const wordsOf = (text: string) => text.match(/wörd|信息|x1/g) ?? [];
        // The word after the opening fence of a block names its language.
        const written = chosen.join('').replace(/```\n/g, '```\n\n');
        if (/^ {0,3}(`{3,}|~{3,})/m.test(written)) return;
        assert.deepEqual(wordsOf(readableOf(written)), wordsOf(written), readableOf(written));
      }),
      { numRuns: 3000 },
    );
  });

  test('hostile text is processed quickly', () => {
    const units = 32 * 1024;
    const blank = ' '.repeat(units);
    for (const piece of [
      '**a',
      '*',
      '*a ',
      '[',
      '[a](',
      '`',
      '`a``',
      '<b',
      '<font ',
      '_a',
      '__',
      'a://',
      '~~a',
      '|',
      '&',
      '\\',
      '> ',
      '* ',
      '- ',
      '#',
      '\uffff',
      blank,
      `${blank}x`,
      `# ${blank}x`,
      `# a${'#'.repeat(units)}x`,
      `|${blank}|-|\n|${blank}x|`,
      `*a${blank}*b`,
      '\n',
      '`\n',
      Array.from({ length: 250 }, (_, i) => `${'`'.repeat(i + 1)}a`).join(''),
    ]) {
      const text = piece.length < units ? piece.repeat(units / piece.length) : piece;
      const tookMs = leastCpuMs(() => readableOf(text));
      assert.ok(tookMs < MAX_TURN_MS, `${JSON.stringify(piece.slice(0, 20))} took ${tookMs} ms`);
    }
  });
});
