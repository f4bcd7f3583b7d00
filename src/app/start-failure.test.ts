import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { StartError } from '../util/start-error.ts';
import { contentFailure, listenFailure } from './start-failure.ts';

const place = { path: 'site', host: '', port: 80 };
const systemError = (code: string) => Object.assign(new Error(code), { code });

describe('errors of the system have a stable code, a message and a hint', () => {
  const listening: readonly [error: string, host: string, code: string][] = [
    ['EADDRINUSE', '', 'port_in_use'],
    ['EACCES', '', 'port_not_permitted'],
    ['EADDRNOTAVAIL', '192.0.2.1', 'address_not_local'],
    ['ENOTFOUND', 'no.example', 'host_unknown'],
    ['EADDRINUSE', '/s', 'socket_in_use'],
    ['EACCES', '/s', 'socket_not_permitted'],
    ['EACCES', '/nowhere/s', 'socket_folder_missing'],
  ];
  for (const [error, host, code] of listening) {
    test(`${error} of ${host || 'every address'}`, () => {
      const failure = listenFailure(systemError(error), { ...place, host }, {}) as StartError;
      assert.deepEqual([failure.name, failure.code], ['StartError', code]);
      assert.match(failure.message, /^cannot listen on /);
      assert.notEqual(failure.hint, '');
    });
  }

  for (const [error, code] of [
    ['ENOENT', 'path_missing'],
    ['EPERM', 'path_not_permitted'],
  ] as const) {
    test(`${error} of the path`, () => {
      const failure = contentFailure(systemError(error), place, { path: 'MOTE_PATH' }) as StartError;
      assert.deepEqual([failure.name, failure.code], ['StartError', code]);
      assert.match(failure.message, /^cannot serve "site" \(from MOTE_PATH\): /);
      assert.notEqual(failure.hint, '');
    });
  }
});

describe('every other error is a defect and stays as it is', () => {
  for (const error of [
    new TypeError('x'),
    systemError('ERR_INVALID_ARG_TYPE'),
    new Error('x'),
    'x',
    undefined,
  ]) {
    test(String(error), () => {
      assert.equal(contentFailure(error, place, {}), error);
      assert.equal(listenFailure(error, place, {}), error);
    });
  }
});
