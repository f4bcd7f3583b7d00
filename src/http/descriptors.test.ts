import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Descriptors } from './descriptors.ts';

const failure = (code: string) => Object.assign(new Error(code), { code });

test('what says that there are none left is reported, once a minute', (t) => {
  t.mock.method(performance, 'now', () => nowMs);
  let nowMs = 5;
  let reports = 0;
  const descriptors = new Descriptors(() => reports++);
  for (const error of [failure('EACCES'), new Error('other'), undefined, 'EMFILE'])
    descriptors.onError(error);
  assert.equal(reports, 0);
  descriptors.onError(failure('EMFILE'));
  descriptors.onError(failure('ENFILE'));
  assert.equal(reports, 1);
  nowMs += 60_000;
  descriptors.onError(failure('ENFILE'));
  assert.equal(reports, 2);
});
