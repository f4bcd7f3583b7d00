import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { longestStepMs, MAX_TURN_MS } from '../../test/support/cpu.ts';
import { resultOf } from '../util/turns.ts';
import { readmeAmong } from './readme.ts';
import { renderReadme } from './render-readme.ts';

const html = (text: string) => resultOf(renderReadme('README.md', text)).html;

/** What hostile texts are made of. */
const pieces = [
  '<',
  '>',
  '"',
  "'",
  '&#106;',
  '&colon;',
  '/',
  '`',
  '*',
  '[',
  ']',
  '(',
  ')',
  '!',
  '\n',
  '\t',
  ' ',
  '# ',
]
  .concat([
    'script',
    'img src=x onerror=x()',
    '<a href="',
    'javascript:',
    'java\u0000script:',
    'data:',
    '<!--',
    '-->',
  ])
  .concat([
    'https://b.example',
    '- [x] ',
    '[a]: ',
    '|-|-|\n',
    '> ',
    '[![',
    '](b)',
    '<svg/onload=x()>',
    '<pre>',
    '<code>',
    '<a>',
    '<img src=x onerror=x()//',
    '</section>',
    '<style>',
    '\\',
    'x',
  ]);
/** All tags that may come of them, with all attributes. */
const known =
  /^(?:[^<>]|<\/?(?:p|em|strong|del|code|pre|blockquote|ul|li|h[2-6]|table|thead|tbody|tr|a)>|<[bh]r>|<\/?ol>|<ol start="\d+">|<t[hd](?: align="(?:left|right|center)")?>|<\/t[hd]>|<code class="language-[^"<>]*">|<h[2-6] id="readme-[^"<>]*">|<a href="[^"<>]*">)*$/;

describe('Markdown', () => {
  const cases: readonly (readonly [what: string, text: string, expected: string])[] = [
    ['headings begin at the second level', '# A b', '<h2 id="readme-a-b">A b</h2>\n'],
    [
      'and end at the sixth',
      '# 1\n## 2\n### 3\n#### 4\n##### 5\n###### 6',
      '<h2 id="readme-1">1</h2>\n<h3 id="readme-2">2</h3>\n<h4 id="readme-3">3</h4>\n<h5 id="readme-4">4</h5>\n<h6 id="readme-5">5</h6>\n<h6 id="readme-6">6</h6>\n',
    ],
    ['an anchor', '[x](#A-b)', '<p><a href="#readme-a-b">x</a></p>\n'],
    ['an anchor is there once', '# A\n# A', '<h2 id="readme-a">A</h2>\n<h2>A</h2>\n'],
    [
      'the anchor of marks',
      '# `a`, *b* & [c](d)',
      '<h2 id="readme-a-b--c"><code>a</code>, <em>b</em> &amp; <a href="d">c</a></h2>\n',
    ],
    ['the anchor of markup', '# <b id="x">"é"</b>', '<h2 id="readme-é">&quot;é&quot;</h2>\n'],
    ['a relative link', '[x](docs/a%20b.md#c)', '<p><a href="docs/a%20b.md#c">x</a></p>\n'],
    ['a link with a colon in its path', '[x](./a:b)', '<p><a href="./a:b">x</a></p>\n'],
    ['another site', '<https://a.example>', '<p><a href="https://a.example">https://a.example</a></p>\n'],
    ['an image is a link', '![a "b"](c.png)', '<p><a href="c.png">a &quot;b&quot;</a></p>\n'],
    ['a badge is one link', '[![a](b.svg)](c)', '<p><a href="c">a</a></p>\n'],
    [
      'a badge without words',
      '[![](b.svg)](https://c.example)',
      '<p><a href="https://c.example">b.svg</a></p>\n',
    ],
    ['a badge among words', '[x *![a](b.svg)* y](c)', '<p><a href="c">x <em>a</em> y</a></p>\n'],
    ['a badge that leads nowhere', '[![a](b.svg)](javascript:x())', '<p>a</p>\n'],
    [
      'a link without words shows where it leads',
      '[](c "t") [<b></b>](d)',
      '<p><a href="c">c</a> <a href="d">d</a></p>\n',
    ],
    ['no heading without words', '#\n\n# <a id="x"></a>\n\na', '<p>a</p>\n'],
    [
      'no level is left out',
      '### A\n# B\n### C\n#### D',
      '<h2 id="readme-a">A</h2>\n<h2 id="readme-b">B</h2>\n<h3 id="readme-c">C</h3>\n<h4 id="readme-d">D</h4>\n',
    ],
    [
      'a column without a head',
      '||b|\n|-|:-|\n|1|2|',
      '<table>\n<thead>\n<tr>\n<td></td>\n<th align="left">b</th>\n</tr>\n</thead>\n<tbody><tr>\n<td>1</td>\n<td align="left">2</td>\n</tr>\n</tbody></table>',
    ],
    ['tags go, text stays', '<p align="center"><b>Hi</b></p>', 'Hi'],
    ['inline tags too', 'a <b onclick="x()">c</b> d', '<p>a c d</p>\n'],
    ['comments go', '<!-- a\n\nb -->\nc', '\n<p>c</p>'],
    ['a comment without an end', '<!-- a', ''],
    ['character references stay', '<p>&copy; &#169; & x</p>', '&copy; &#169; &amp; x'],
    ['tasks', '- [x] a', '<ul>\n<li>☑ a</li>\n</ul>\n'],
    // gohttpserver #237 and others: what is put into the page of all who look.
    ['a script', '<script>alert(1)</script>', 'alert(1)'],
    ['an event handler', '<img src=x onerror=alert(1)>', ''],
    [
      'an event handler without an end',
      '<img src=x onerror=alert(1)//',
      '<p>&lt;img src=x onerror=alert(1)//</p>\n',
    ],
    ['a script in a script', '<scr<script>ipt>alert(1)</script>', '<p>&lt;script&gt;alert(1)</p>\n'],
    ['a frame', '<iframe srcdoc="<script>1</script>"></iframe>', '&lt;iframe srcdoc=&quot;1&quot;&gt;'],
    [
      'what the parser takes for HTML',
      'a <pre> <img src=x onerror=x()//',
      '<p>a  &lt;img src=x onerror=x()//</p>\n',
    ],
    ['a script as a link', '[a](javascript:x())', '<p>a</p>\n'],
    ['in other letters', '[a](JavaScript:x())', '<p>a</p>\n'],
    ['with a tab', '[a](<java\tscript:x()>)', '<p>a</p>\n'],
    ['in an autolink', '<javascript:x()>', '<p>javascript:x()</p>\n'],
    ['in a definition', '[a]\n\n[a]: vbscript:x', '<p>a</p>\n'],
    ['in an image', '![a](data:text/html,x)', '<p>a</p>\n'],
    ['a quote in a link', '[a](<b"onclick="x()>)', '<p><a href="b&quot;onclick=&quot;x()">a</a></p>\n'],
  ];
  for (const [what, text, expected] of cases) {
    test(what, () => assert.equal(html(text).replace(/\n$/, ''), expected.replace(/\n$/, '')));
  }

  for (const [markdown, made] of [
    ['[![\t](b)', '[<a href="b">b</a>'],
    ['[ ]()', ''],
    ['![ ]()', ''],
  ] as const)
    test(`without a label: ${JSON.stringify(markdown)}`, () =>
      assert.equal(html(markdown).replace(/<\/?p>|\n/g, ''), made));

  test('becomes only known tags with known attributes, and links that run nothing', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 30 }), (chosen) => {
        const made = html(chosen.join(''));
        assert.match(made, known);
        assert.doesNotMatch(
          made,
          /<a [^>]*>(?:(?!<\/a>)[\s\S])*<a |<(a|th|h\d)\b[^>]*>\s*<\/\1>/,
          'in each other, or empty',
        );
        for (const [, href = ''] of made.matchAll(/href="([^"]*)"/g)) {
          const decoded = href
            .replace(/&quot;/g, '"')
            .replace(/&#39;/g, "'")
            .replace(/&lt;/g, '<')
            .replace(/&gt;/g, '>');
          const url = URL.parse(decoded.replace(/&amp;/g, '&'), 'http://x.example/');
          if (url) assert.match(url.protocol, /^(?:https?|mailto):$/);
        }
      }),
      { numRuns: 2000 },
    );
  });

  test('that takes too long or is nested too deeply is shown as text', () => {
    assert.match(html('> '.repeat(8000)), /^<pre>&gt; &gt;/);
    assert.match(html('a'.repeat(64 * 1024)), /^<pre>a/);
  });

  test('takes no longer than a turn, whatever it is', () => {
    for (const piece of [
      '*\u200d"',
      '|a|\n|-|\n|',
      '<a ',
      '<!--',
      '<div>\n',
      '=\n',
      '# <a>\n',
      '[a](#b)',
      '`a``',
      '<?',
      '&amp;',
    ]) {
      html(piece.repeat(100));
      for (const length of [2500, 16_000, 44_000]) {
        const text = piece.repeat(length / piece.length);
        const tookMs = longestStepMs(() => renderReadme('README.md', text));
        assert.ok(tookMs < MAX_TURN_MS, `${JSON.stringify(piece)} of ${length}: ${tookMs} ms`);
      }
    }
  });
});

test('other text is shown as it is', () => {
  const { html: made } = resultOf(renderReadme('README.txt', '# a\n<script>"&amp;"\n'));
  assert.equal(made, '<pre># a\n&lt;script&gt;&quot;&amp;amp;&quot;\n</pre>\n');
});

test('one of several is shown', () => {
  assert.equal(readmeAmong(['README.txt', 'readme', 'Readme.md', 'README.markdown', 'x.md']), 'Readme.md');
  assert.equal(readmeAmong(['README.md', 'readme.md']), 'README.md');
  assert.equal(readmeAmong(['README.TXT', 'README.html']), 'README.TXT');
  assert.equal(readmeAmong(['README.md.bak', 'MYREADME.md', 'readme/']), undefined);
});
