import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { JsonValue } from '../../../util/json.ts';
import { resultOf } from '../../../util/turns.ts';
import { messageOf } from '../fixtures.ts';
import { names, settings } from './fixtures.ts';
import { bodyOf, presetPieces as presetSteps } from './pieces.ts';

const presetPieces = (...args: Parameters<typeof presetSteps>) => resultOf(presetSteps(...args));

import { presets } from './presets.ts';
import type { Limit, Preset, Values } from './row.ts';

/** What a provider counts of a piece. */
function lengthOf({ of }: Limit, { text }: Values, body: JsonValue | undefined): number {
  const json = JSON.stringify(body);
  if (of === 'json') return Buffer.byteLength(json);
  if (of === 'go json') return Buffer.byteLength(json.replace(/[<>&]/g, '\\u003c'));
  return of === 'bytes' ? Buffer.byteLength(String(text)) : String(text).length;
}

const titles = ['', 'Disk', '*'.repeat(300), '<&>'.repeat(110), '信'.repeat(300)];
const characters = ['```\n', 'x', '😀', '👨‍👩‍👧', 'e\u0301', '"', '*', '\n', '<', '信'];

describe('no piece is longer than its provider allows, whatever it consists of', () => {
  for (const name of names) {
    const preset: Preset = presets[name];
    const { limit } = preset;
    const configured = settings[name]('https://h.example');
    // Telegram counts what is left of the marks, which `nothing of a long text is lost` looks at.
    if (limit.of === 'source') continue;
    for (const format of ['text', 'markdown'] as const) {
      test(`${name}: ${format}`, () => {
        const texts = [-40, -20, -1, 0, 1].flatMap((more) =>
          titles.flatMap((title) =>
            characters.map((one) => ({
              title,
              text: one.repeat(Math.max(1, Math.floor((limit.max - 2 * title.length) / one.length) + more)),
            })),
          ),
        );
        for (const { title, text } of texts) {
          for (const { values } of presetPieces(preset, configured, messageOf({ title, text, format }))) {
            const length = lengthOf(limit, values, bodyOf(preset, format === 'markdown', values));
            assert.ok(length <= limit.max, `${length} of ${title.slice(0, 4)} and ${text.slice(0, 4)}`);
          }
        }
      });
    }
  }
});

describe('what fits is one message, and one character more is two', () => {
  for (const name of ['slack', 'discord', 'telegram', 'mattermost', 'pushplus', 'ntfy'] as const) {
    const { limit } = presets[name];
    test(name, () => {
      const count = (length: number) =>
        presetPieces(
          presets[name],
          settings[name]('https://h.example'),
          messageOf({ title: '', text: 'x'.repeat(length) }),
        ).length;
      assert.deepEqual([limit.max - 1, limit.max, limit.max + 1].map(count), [1, 1, 2]);
    });
  }
});

test('a long title in bold begins Markdown only', () => {
  const title = 'Disk '.repeat(50).trim();
  const textOf = (format: 'text' | 'markdown') =>
    presetPieces(presets.feishu, settings.feishu('https://h.example'), messageOf({ title, format }))[0]
      ?.values.text;
  assert.equal(textOf('text'), `${title}\n\non web1`);
  assert.equal(textOf('markdown'), `**${title}**\n\non web1`);
});
