import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { checkEnvironment } from './environment.ts';

describe('variables that would steer the Node inside', () => {
  for (const name of [
    'NODE_OPTIONS',
    'NODE_EXTRA_CA_CERTS',
    'NODE_V8_COVERAGE',
    'OPENSSL_CONF',
    'PKG_EXECPATH',
  ]) {
    test(`${name} is refused by name with the base of pkg, whose Node reads it`, () => {
      assert.throws(() => checkEnvironment('pkg', { PATH: '/bin', [name]: 'x' }), {
        code: 'environment_steers_node',
        message: new RegExp(`^${name} is set`),
        hint: /unset it/,
      });
    });
  }

  test('harmless ones, and empty ones, are not', () => {
    checkEnvironment('pkg', { NODE_ENV: 'production', NODE_VERSION: '24.21.0', NODE_OPTIONS: '' });
  });

  test('nor are they where they do nothing, or belong to the user', () => {
    for (const base of ['seal', 'bundle', 'source'] as const) checkEnvironment(base, { NODE_OPTIONS: '--x' });
  });
});
