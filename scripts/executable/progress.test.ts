import assert from 'node:assert/strict';
import { test } from 'node:test';
import { showProgress } from './progress.ts';

function record(isTTY: boolean): { isTTY: boolean; text: string; write(text: string): void } {
  return {
    isTTY,
    text: '',
    write(text) {
      this.text += text;
    },
  };
}

test('on a terminal, one line fills up and then ends', () => {
  const output = record(true);
  const progress = showProgress('base', output);
  for (let percent = 0; percent <= 100; percent += 0.1) progress.update(percent);
  progress.update(100);
  progress.end();
  const states = output.text.split('\r').slice(1);
  assert.equal(states[0], `base [${' '.repeat(30)}]   0 %`);
  assert.equal(states[50], `base [${'#'.repeat(15)}${' '.repeat(15)}]  50 %`);
  assert.equal(states.at(-1), `base [${'#'.repeat(30)}] 100 %\n`);
  assert.equal(states.length, 101);
});

test('elsewhere nothing is printed', () => {
  const output = record(false);
  const progress = showProgress('base', output);
  for (const percent of [10, 24.9, 25, 26, 80, 79, 100, 130]) progress.update(percent);
  progress.end();
  assert.equal(output.text, '');
});
