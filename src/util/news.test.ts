import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { News } from './news.ts';

describe('news', () => {
  const cases: readonly (readonly [string, readonly (readonly [text: string, nowMs: number])[], string])[] = [
    [
      'the first of each text',
      [
        ['a', 0],
        ['b', 0],
      ],
      'yes yes',
    ],
    [
      'not again within the silence',
      [
        ['a', 0],
        ['a', 99],
      ],
      'yes no',
    ],
    [
      'again after it',
      [
        ['a', 0],
        ['a', 100],
      ],
      'yes yes',
    ],
    [
      'the silence counts from what was told',
      [
        ['a', 0],
        ['a', 60],
        ['a', 110],
      ],
      'yes no yes',
    ],
    [
      'after the clock was set back',
      [
        ['a', 1000],
        ['a', 10],
      ],
      'yes yes',
    ],
  ];
  for (const [name, told, expected] of cases) {
    test(name, () => {
      const news = new News(100);
      assert.equal(
        told.map(([text, nowMs]) => (news.isNews(text, nowMs) ? 'yes' : 'no')).join(' '),
        expected,
      );
    });
  }

  test('all of it when the rest is forgotten', () => {
    const news = new News(100);
    news.isNews('a', 0);
    news.forget();
    assert.ok(news.isNews('a', 1));
  });
});
