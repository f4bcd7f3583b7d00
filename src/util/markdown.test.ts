import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { Marked } from 'marked';
import { type MarkdownBounds, markdownSteps } from './markdown.ts';
import { resultOf } from './turns.ts';

const unbounded: MarkdownBounds = {
  maxUnits: Number.POSITIVE_INFINITY,
  maxInlineWork: Number.POSITIVE_INFINITY,
  maxBlockWork: Number.POSITIVE_INFINITY,
  maxRestWork: Number.POSITIVE_INFINITY,
  maxStepWork: Number.POSITIVE_INFINITY,
};
const form = { breaks: true, html: 'token', renderer: {} } as const;
const stepped = (markdown: string, bounds: Partial<MarkdownBounds> = {}) =>
  markdownSteps(markdown, form, { ...unbounded, ...bounds });
const whole = new Marked({ gfm: true, breaks: true });

const release = `## v1.2.0 (2026-01-01)

Faster **starts**, see [notes]
and _more_
# not a paragraph

- **http:** answer \`HEAD\` ([#1](https://a.example/1))
  - nested

  loose
* another

> a quotation
continued

| a | b |
|---|---|
| 1 | 2 |

\`\`\`sh
mote  # a
\`\`\`
    code behind a fence
***
<div>html</div>
text
===
[notes]: https://a.example/notes "title"
    not code\r
`;

describe('in steps it becomes the same as at once', () => {
  test('a text of all blocks', () => {
    assert.equal(resultOf(stepped(release)), whole.parse(release));
    assert.equal(resultOf(stepped(release.repeat(5))), whole.parse(release.repeat(5)));
  });

  test('any text', () => {
    const pieces = [
      ...release.split(/(?<=[\s])/),
      '\n',
      '\n\n',
      '    ',
      '\t',
      '[notes]',
      '[a]: b\n',
      '~~',
      '<!--',
      '`',
    ];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 60 }), (chosen) => {
        const markdown = chosen.join('');
        assert.equal(resultOf(stepped(markdown)), whole.parse(markdown));
      }),
      { numRuns: 500 },
    );
  });
});

test('steps are short', () => {
  const paragraph = `${'lorem ipsum '.repeat(40)}\n\n`;
  const steps = (markdown: string) => [...stepped(markdown)].length;
  assert.ok(steps(paragraph.repeat(50)) >= 25 + 50 + 50);
  assert.ok(steps('- a\n'.repeat(50)) >= 50);
});

describe('what takes too much is not converted', () => {
  test('as a whole', () => {
    const paragraphs = '[a](b) '.repeat(20).concat('\n\n').repeat(20);
    assert.equal(resultOf(stepped(paragraphs, { maxInlineWork: 10_000 })), undefined);
    assert.equal(typeof resultOf(stepped(paragraphs, { maxStepWork: 10_000 })), 'string');
  });

  test('in one step', () => {
    const paragraph = '[a](b) '.repeat(400);
    assert.equal(resultOf(stepped(paragraph, { maxStepWork: 10_000 })), undefined);
    assert.equal(typeof resultOf(stepped(paragraph)), 'string');
  });
});
