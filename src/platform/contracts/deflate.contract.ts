/** Raw deflate (RFC 1951), whole and cut: blocks of each kind, codes of each length, the farthest distance. */
import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { inflateRawSync } from 'node:zlib';
import { line } from './fixtures.ts';

const MAX_BYTES = 100_000;

/** Made by Node's zlib. */
const inputs: readonly (readonly [name: string, base64: string])[] = [
  ['empty', 'AwA='],
  [
    'stored',
    'AYcAeP90aGUgcXVpY2sgYnJvd24gZm94IGp1bXBzIG92ZXIgdGhlIGxhenkgZG9nLiB0aGUgcXVpY2sgYnJvd24gZm94IGp1bXBzIG92ZXIgdGhlIGxhenkgZG9nLiB0aGUgcXVpY2sgYnJvd24gZm94IGp1bXBzIG92ZXIgdGhlIGxhenkgZG9nLiA=',
  ],
  ['fixed', 'K8lIVSgszUzOVkgqyi/PU0jLr1DIKs0tKFbIL0stUijJSFXISayqVEjJT9cD82ijGAA='],
  [
    'codes of all lengths',
    'BcGRgiVREAVBWFsbG3v2rK3t2rWysmPH0vL/eSLkExQruhDrNWd6v/gi+5ikbOVcMI1aUHtzEy/g2KOdb2J9reZoVrij0xrWgWVIm3G1bS8uVbSMXpxSq1aNQQwy1YSlC9nKrsOqEutYa1bEnU5stLiVzZoY9oa14xui0UiDpkq0WYvCzpbG0FeUl2G8qdeNifWpVpR0jXKpjqYv9Wj3i2KsZ1vbtVTEosvW2FKrkQ4onwTbtrWoQYdvyYpu2IZIUVG0jEpZf6EulpaCWxkOT9dxTLaWTAXbFFfBg3gopEm7grVbW9CKrICK8VMDXotqpggF0gHtGtqtTO/VfUqhqhqrzoYaFMLbFe1qo03VNiHFqBdYeWZ0Vj9oUNHpS6U0ZBUbCc0POoZ6wERNSwuq4GpF5VbVJbckCOKoUqRjVCXVsAqMq61hFWvhiKFi6bYKgAippGl88aSnKlFU0UYUDCJVuaUtcOzWm9VGKBgFBdSWxYLCU/hVUaruqEVwEwjLgEcMF0ZTVBW9SFWrBi6wVUSIaq1WcYsBFaxxiIox6g5gAZFB5NZ7k5eDJVqIERUxaLyoxGoViL7lAbOoIiuglmrVFt5ULWtEvatrRVX9Qdf6JVGtVvWB2iJFYShUrTJrBl9KrfXBAkpsp2irIl3u6K/IgSpofWWBdKH1Va1sVHHKaByxHr3qCzbbAGCsa0ROQV2RoKkFR7qKzAqpsxVQNWJpCugS0SrWtcYrKqoIiUSZNVzJKFo7W9SiAjf1OMaJQkAQhjWsEiF1qtsWTKVquuY/EJCuLmqrrh6lDDsXNIaoLSNW0VGiNiOgbrQqgqM12DVRVlXLVZ+gtqr4pK0OiKKGpQiqKL6IrEhSFWjjLfLEtYpoUQoHVrVa6lVUJpa0qqtHk9UYVVUFKlK0q9YedAGIKwP61mO7ljGyqhhBq/aiclVCabJYt4yLwkpEt+SuqhoKFlUkh3TIzKt4JFElVq2vitrVfC1WLNUKLUpL+ZYdvMH1tKIq9fa62OpkrRZHEHWVggLHkaW6Yv+1FQq9sKpcUtOvLrsx3nUXnxFqWpZV5h4Lwu3QHbDELoKsxf3Y1CD1aAGuig1IvWlHBV16wIZKve2qrdugOlbRGly9XqupCuqiRWLUyKlpfVN6lIktrWvjxTGqiaiV/QM=',
  ],
  [
    'a distance as far as can be',
    '7crLFYJAFETBVF4E5AQ6gIgMX0Wj9+jCDFhZtevTd21TTNvldI1qzo8h6rxHt93GJfI9zbG2Kfry9YxzborvOiYuAQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAPhba5ti2i6na1RzfgxR5z267TYuke9pjs/dl69nnHNTxHFxBQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA/LwB',
  ],
  [
    'several blocks',
    'KslIVSgszUzOVkgqyi/PU0jLr1DIKs0tKFbIL0stUijJSFXISayqVEjJT9cD82ijGAAAAP//KslIVSgszUzOVkgqyi/PU0jLr1DIKs0tKFbIL0stUijJSFXISayqVEjJT9cD82ijGAAAAP//AYcAeP90aGUgcXVpY2sgYnJvd24gZm94IGp1bXBzIG92ZXIgdGhlIGxhenkgZG9nLiB0aGUgcXVpY2sgYnJvd24gZm94IGp1bXBzIG92ZXIgdGhlIGxhenkgZG9nLiB0aGUgcXVpY2sgYnJvd24gZm94IGp1bXBzIG92ZXIgdGhlIGxhenkgZG9nLiA=',
  ],
];

function outcomeOf(bytes: Buffer, maxOutputLength: number): string {
  try {
    const content = inflateRawSync(bytes, { maxOutputLength });
    return `${content.length} ${createHash('sha256').update(content).digest('hex')}`;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ERR_BUFFER_TOO_LARGE' ? code : 'fails';
  }
}

export function* contract(): Iterable<string> {
  for (const [name, base64] of inputs) {
    const bytes = Buffer.from(base64, 'base64');
    yield line(name, [bytes.length], outcomeOf(bytes, MAX_BYTES));
    for (const most of [1, 100, 1000]) yield line(name, ['at most', most], outcomeOf(bytes, most));
    for (let length = 0; length < bytes.length; length += 1) {
      yield line(name, ['cut', length], outcomeOf(bytes.subarray(0, length), MAX_BYTES));
    }
  }
}
