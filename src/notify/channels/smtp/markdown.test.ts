import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { htmlOf, MAX_MARKDOWN_UNITS } from './markdown.ts';

describe('Markdown', () => {
  const cases: readonly [name: string, markdown: string, html: string][] = [
    ['marks', '**a** _b_ `c<d`', '<p><strong>a</strong> <em>b</em> <code>c&lt;d</code></p>\n'],
    ['lines', 'a\nb', '<p>a<br>b</p>\n'],
    ['tasks', '- [x] a\n- [ ] b', '<ul>\n<li>☑ a</li>\n<li>☐ b</li>\n</ul>\n'],
    ['code', '```sh\n<b>\n```', '<pre><code class="language-sh">&lt;b&gt;\n</code></pre>\n'],
    [
      'HTML within a line',
      'a <b onclick="x()">c</b>',
      '<p>a &lt;b onclick=&quot;x()&quot;&gt;c&lt;/b&gt;</p>\n',
    ],
    ['a block of HTML', '<script>\nx()\n</script>', '<p>&lt;script&gt;<br>x()<br>&lt;/script&gt;</p>\n'],
    [
      'HTML that never ends',
      '<pre> <img src=x onerror=x()//',
      '<p>&lt;pre&gt; &lt;img src=x onerror=x()//</p>\n',
    ],
    ['a comment', '<!-- a -->', '<p>&lt;!-- a --&gt;</p>\n'],
    ['HTML in references', '&lt;b&gt; &#60;b&#62;', '<p>&lt;b&gt; &lt;b&gt;</p>\n'],
    ['a link', '[a](https://b.example/?c=1&d=2)', '<p><a href="https://b.example/?c=1&amp;d=2">a</a></p>\n'],
    ['a bare link', 'https://b.example', '<p><a href="https://b.example">https://b.example</a></p>\n'],
    ['an address', '<a@b.example>', '<p><a href="mailto:a@b.example">a@b.example</a></p>\n'],
    ['a script as a link', '[**a**](javascript:x())', '<p><strong>a</strong></p>\n'],
    ['a script in references', '[a](&#106;avascript:x())', '<p>a</p>\n'],
    ['data as a link', '[a](data:text/html,b)', '<p>a</p>\n'],
    ['a link within the page', '[a](/b)', '<p>a</p>\n'],
    [
      'a link that breaks out',
      '[a](<https://b.example/"onclick="x()>)',
      '<p><a href="https://b.example/&quot;onclick=&quot;x()">a</a></p>\n',
    ],
    [
      'an image',
      '![a "b"](https://c.example/d.png)',
      '<p><a href="https://c.example/d.png">a &quot;b&quot;</a></p>\n',
    ],
    [
      'an image without a word',
      '![](https://c.example/d.png)',
      '<p><a href="https://c.example/d.png">https://c.example/d.png</a></p>\n',
    ],
    ['an image of data', '![a<b>](data:image/png;base64,AA)', '<p>a&lt;b&gt;</p>\n'],
    [
      'a language that breaks out',
      '```"><b>\na\n```',
      '<pre><code class="language-&quot;&gt;&lt;b&gt;">a\n</code></pre>\n',
    ],
  ];
  for (const [name, markdown, html] of cases) {
    test(name, () => assert.equal(htmlOf(markdown), html));
  }

  test('too long for the parser', () => {
    assert.equal(typeof htmlOf('a'.repeat(MAX_MARKDOWN_UNITS)), 'string');
    assert.equal(htmlOf('a'.repeat(MAX_MARKDOWN_UNITS + 1)), undefined);
  });

  test('nested too deep', () => assert.equal(htmlOf('> '.repeat(MAX_MARKDOWN_UNITS / 2)), undefined));

  test('takes a moment at worst', () => {
    const startMs = performance.now();
    for (const piece of ['_a_', '**a', '[', '<', '*a ', '`a``', '|']) {
      htmlOf(piece.repeat(MAX_MARKDOWN_UNITS / piece.length));
    }
    assert.ok(performance.now() - startMs < 10_000);
  });

  test('becomes nothing but known tags with known attributes', () => {
    const pieces = [
      ...[
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
      ],
      ...[
        'script',
        'img src=x onerror=x()',
        'a',
        ' ',
        'javascript:',
        'https://b.example',
        '- [x] ',
        '# ',
        '<pre>',
      ],
      ...['[a]: ', '<!--', '-->', '\\', '\n|-|-|\n', '~~', '> ', 'www.', '@b.example', '1. ', '\t', '    '],
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
