import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { leastCpuMs, MAX_TURN_MS } from '../../../../test/support/cpu.ts';
import { resultOf } from '../../../util/turns.ts';
import { htmlOf as htmlSteps, MAX_MARKDOWN_UNITS } from './markdown.ts';

const htmlOf = (markdown: string) => resultOf(htmlSteps(markdown));

const hostilePieces = [
  '*a_',
  '_a*',
  'a_',
  '_a_',
  '__a',
  '**a',
  '***a',
  'a*',
  'a_b',
  '!',
  '[',
  '![',
  '[a](',
  '[]',
  '<',
  '`a``',
  '> ',
  '>',
  '- ',
  '- - ',
  '+ ',
  '1) ',
  '* > ',
  '- a\n\n',
  '  - a\n',
  '1. a\n',
  '|',
  '|a|\n|-|\n|',
  '~~a',
  'www.a.',
  'a@',
  'http://a',
  '&',
  '\\',
  '#',
  'a\n',
  '=\n',
  '。*',
  '*\u200d"',
  '``~\t\\',
  '``<a[a',
  '_|-|\n|-|\n``<a',
  '||-|\n|-|\n&][a]: http://',
  '|-|\n=(|-|\n',
  '`\n\n',
  '\n=',
  '_\u200b\\\\',
  '[a]: a\n[a]',
];

describe('Markdown', () => {
  const cases: readonly [name: string, markdown: string, html: string][] = [
    ['marks', '**a** _b_ `c<d`', '<p><strong>a</strong> <em>b</em> <code>c&lt;d</code></p>\n'],
    ['lines', 'a\nb', '<p>a<br>b</p>\n'],
    ['tasks', '- [x] a\n- [ ] b', '<ul>\n<li>☑ a</li>\n<li>☐ b</li>\n</ul>\n'],
    ['code', '```sh\n<b>\n```', '<pre><code class="language-sh">&lt;b&gt;\n</code></pre>\n'],
    ['inline HTML', 'a <b onclick="x()">c</b>', '<p>a &lt;b onclick=&quot;x()&quot;&gt;c&lt;/b&gt;</p>\n'],
    ['a block of HTML', '<script>\nx()\n</script>', '<p>&lt;script&gt;<br>x()<br>&lt;/script&gt;</p>\n'],
    [
      'HTML without an end',
      '<pre> <img src=x onerror=x()//',
      '<p>&lt;pre&gt; &lt;img src=x onerror=x()//</p>\n',
    ],
    ['a comment', '<!-- a -->', '<p>&lt;!-- a --&gt;</p>\n'],
    ['HTML in character references', '&lt;b&gt; &#60;b&#62;', '<p>&lt;b&gt; &lt;b&gt;</p>\n'],
    ['a link', '[a](https://b.example/?c=1&d=2)', '<p><a href="https://b.example/?c=1&amp;d=2">a</a></p>\n'],
    ['a bare link', 'https://b.example', '<p><a href="https://b.example">https://b.example</a></p>\n'],
    ['an address', '<a@b.example>', '<p><a href="mailto:a@b.example">a@b.example</a></p>\n'],
    ['a script as a link', '[**a**](javascript:x())', '<p><strong>a</strong></p>\n'],
    ['a script in character references', '[a](&#106;avascript:x())', '<p>a</p>\n'],
    ['data as a link', '[a](data:text/html,b)', '<p>a</p>\n'],
    ['a relative link', '[a](/b)', '<p>a</p>\n'],
    [
      'a link that tries to add an attribute',
      '[a](<https://b.example/"onclick="x()>)',
      '<p><a href="https://b.example/&quot;onclick=&quot;x()">a</a></p>\n',
    ],
    [
      'an image',
      '![a "b"](https://c.example/d.png)',
      '<p><a href="https://c.example/d.png">a &quot;b&quot;</a></p>\n',
    ],
    [
      'an image without a description',
      '![](https://c.example/d.png)',
      '<p><a href="https://c.example/d.png">https://c.example/d.png</a></p>\n',
    ],
    ['an image with a data URL', '![a<b>](data:image/png;base64,AA)', '<p>a&lt;b&gt;</p>\n'],
    [
      'a language that tries to add an attribute',
      '```"><b>\na\n```',
      '<pre><code class="language-&quot;&gt;&lt;b&gt;">a\n</code></pre>\n',
    ],
  ];
  for (const [name, markdown, html] of cases) {
    test(name, () => assert.equal(htmlOf(markdown), html));
  }

  test('that is too long is not parsed', () => {
    assert.equal(typeof htmlOf('a'.repeat(MAX_MARKDOWN_UNITS)), 'string');
    assert.equal(htmlOf('a'.repeat(MAX_MARKDOWN_UNITS + 1)), undefined);
  });

  test('that is nested too deeply is not parsed', () =>
    assert.equal(htmlOf('> '.repeat(MAX_MARKDOWN_UNITS / 2)), undefined));

  describe('ordinary messages stay within the limit', () => {
    const words = 'lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor ';
    const marked = `${words}**bold** and _it_ and \`code\` [x](https://a.example/b?c=d_e) ${words}`;
    const written: readonly [name: string, markdown: string][] = [
      ['a list', `- ${words}\n`.repeat(200)],
      ['a list of short lines', `- ${words.slice(0, 17)}\n`.repeat(750)],
      ['a loose list', `1. ${words}\n\n`.repeat(190)],
      ['paragraphs', `${marked}\n\n`.repeat(70)],
      ['a paragraph', `${marked}\n`.repeat(12)],
      ['a table', `| a | b | c |\n|---|---|---|\n${'| lorem ipsum | **x** | `y` |\n'.repeat(400)}`],
      ['code', `\`\`\`json\n${'  {"a_b": [1,2,"*x*"], "c": "d"},\n'.repeat(450)}\`\`\`\n`],
      [
        'a group of alerts',
        '**HostDown** on `web-1.example.com`\n- severity: critical\n- instance: 10.0.0.1:9100\n- [source](https://prom.example/graph?g0.expr=up+%3D%3D+0)\n\n'.repeat(
          110,
        ),
      ],
    ];
    for (const [name, markdown] of written) {
      test(name, () => assert.equal(typeof htmlOf(markdown.slice(0, MAX_MARKDOWN_UNITS)), 'string'));
    }
  });

  test('is parsed quickly even in the worst case', () => {
    // The first run is slow because nothing is compiled yet.
    for (const piece of hostilePieces) htmlOf(piece.repeat(100));
    for (const length of [1000, 2500, MAX_MARKDOWN_UNITS]) {
      for (const piece of hostilePieces) {
        for (const text of [piece, `${piece}xxxxxxx`]) {
          const markdown = `${text.repeat(Math.floor((length - 1) / text.length))}a`;
          const tookMs = leastCpuMs(() => htmlOf(markdown));
          assert.ok(tookMs < MAX_TURN_MS, `${JSON.stringify(text)} of ${length}: ${tookMs} ms`);
        }
      }
    }
  });

  test('becomes only known tags with known attributes', () => {
    const pieces = [
      '<',
      '>',
      '"',
      "'",
      '&',
      '&#60;',
      '&lt;',
      '/',
      '=',
      '`',
      '```\n',
      '*',
      '_',
      '[',
      ']',
      '(',
      ')',
      '!',
      '|',
      '\n',
      'script',
      'img src=x onerror=x()',
      'a',
      ' ',
      'javascript:',
      'https://b.example',
      '- [x] ',
      '# ',
      '<pre>',
      '[a]: ',
      '<!--',
      '-->',
      '\\',
      '\n|-|-|\n',
      '~~',
      '> ',
      'www.',
      '@b.example',
      '1. ',
      '\t',
      '    ',
    ];
    const safe =
      /^(?:[^<>]|<\/?(?:p|em|strong|del|code|pre|blockquote|ul|li|h[1-6]|table|thead|tbody|tr|a)>|<[bh]r>|<ol(?: start="\d+")?>|<\/ol>|<t[hd](?: align="(?:left|right|center)")?>|<\/t[hd]>|<code class="language-[^"<>]*">|<a href="(?:https?:\/\/|mailto:)[^"<>]*">)*$/i;
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 30 }), (chosen) => {
        assert.match(htmlOf(chosen.join('')) ?? '', safe);
      }),
      { numRuns: 2000 },
    );
  });
});
