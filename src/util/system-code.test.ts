import assert from 'node:assert/strict';
import { openSync } from 'node:fs';
import { constants } from 'node:os';
import { test } from 'node:test';
import { getSystemErrorMap } from 'node:util';
import { systemCode } from './system-code.ts';

/** As Node makes it of an error that it does not know. */
const unknown = (errno: number) =>
  Object.assign(new Error(), { errno, code: `Unknown system error ${errno}` });

test('the codes that Node does not know', {
  skip: process.platform !== 'linux' && 'numbers of Linux',
}, () => {
  for (const code of ['ESTALE', 'EDQUOT'] as const) {
    const errno = -constants.errno[code];
    assert.equal(getSystemErrorMap().has(errno), false);
    assert.equal(systemCode(unknown(errno)), code);
  }
});

test('any other error has the code that it says, or none', () => {
  assert.equal(systemCode(unknown(-999)), 'Unknown system error -999');
  assert.equal(systemCode(new Error()), undefined);
  assert.throws(
    () => openSync('/none/such', 'r'),
    (error) => systemCode(error) === 'ENOENT',
  );
});
