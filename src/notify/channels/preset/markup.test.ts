import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { parseHtml } from '../../../../test/support/providers/presets.ts';
import { styles } from './styles.ts';

const telegram = styles.telegram.write;
const slack = styles.slack.write;
const RUNS = 2000;
/** Longer than any piece; quadratic time would show. */
const LONG_UNITS = 32_768;
const MAX_MS = 1000;

const markdown = fc
  .array(
    fc.constantFrom(
      ...'*_~`[]()<>&"\\#-+!|\n \tab1é😀',
      '**',
      '```\n',
      'https://a.example/?a&b',
      '\uffff0\uffff',
    ),
  )
  .map((parts) => parts.join(''));

describe('Markdown for Telegram and Slack', () => {
  test('its tags are in pairs, whatever the text is', () => {
    fc.assert(
      fc.property(markdown, (text) => assert.notEqual(parseHtml(telegram(text)), undefined)),
      { numRuns: RUNS },
    );
  });

  test('what has text before has text afterwards: empty messages are refused', () => {
    fc.assert(
      fc.property(markdown, (text) => {
        const isBlank = text.replaceAll('\uffff', '').trim() === '';
        assert.equal(parseHtml(telegram(text))?.trim() === '', isBlank);
      }),
      {
        numRuns: RUNS,
        examples: [['```\n```'], ['` `'], ['[ ](https://a.example/)'], ['# ** '], ['~~~\n \n']],
      },
    );
  });

  test('nothing notifies a Slack channel, whatever the text is', () => {
    fc.assert(
      fc.property(markdown, (text) => {
        const rest = slack(text).replace(/<https?:[^<>|]*\|[^<>|]*>/g, '');
        assert.doesNotMatch(rest, /[<>]|&(?!amp;|lt;|gt;)/);
      }),
      { numRuns: RUNS },
    );
  });

  test('a character is never longer within a text, by which pieces are measured', () => {
    const writers = Object.entries(styles).filter(([name]) => !/^(slack|telegram)$/.test(name));
    fc.assert(
      fc.property(fc.constantFrom(...writers), markdown, ([, { write }], text) => {
        const alone = [...text].reduce((length, character) => length + write(character).length, 0);
        assert.ok(write(text).length <= alone);
      }),
      { numRuns: RUNS },
    );
  });

  for (const unit of [
    '`',
    '` ``',
    '*',
    '**a',
    '_',
    '[',
    '[a](',
    '[a](https:(',
    '<',
    '\\',
    '~~',
    '# ',
    '    ',
    '- ',
    '@',
    '=',
  ]) {
    test(`${JSON.stringify(unit)} without end takes linear time`, () => {
      const text = unit.repeat(LONG_UNITS / unit.length);
      const startMs = performance.now();
      for (const { write } of Object.values(styles)) write(text);
      assert.ok(performance.now() - startMs < MAX_MS);
    });
  }

  const cases: readonly (readonly [source: string, html: string, mrkdwn: string])[] = [
    ['***a***', '<b><i>a</i></b>', '*_a_*'],
    ['**a *b** c*', '<b>a *b</b> c*', '*a *b* c*'],
    ['2*3*4 a_b_c', '2*3*4 a_b_c', '2*3*4 a_b_c'],
    ['`` a`b ``', '<code>a`b</code>', '`a`b`'],
    ['```sh\na <b>\n', '<pre>a &lt;b&gt;\n</pre>', '```\na &lt;b&gt;\n\n```'],
    ['a\n```\n```\nb', 'a\nb', 'a\nb'],
    ['[x](javascript:a)', '[x](javascript:a)', '[x](javascript:a)'],
    [
      '![i](https://a.example/i_j_k.png)',
      '<a href="https://a.example/i_j_k.png">i</a>',
      '<https://a.example/i_j_k.png|i>',
    ],
    ['\\*a\\* &lt;', '*a* &amp;lt;', '*a* &amp;lt;'],
    ['<https://a.example/>', 'https://a.example/', 'https://a.example/'],
  ];
  for (const [source, html, mrkdwn] of cases) {
    test(JSON.stringify(source), () => {
      assert.equal(telegram(source), html);
      assert.equal(slack(source), mrkdwn);
    });
  }
});
