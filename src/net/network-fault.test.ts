import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ForbiddenDestination, NetworkFault, networkFaultOf } from './network-fault.ts';

const secret = 'https://a.example/hook?key=S3cret';
const coded = (code: unknown): Error => Object.assign(new Error(`${String(code)} ${secret}`), { code });

describe('what went wrong', () => {
  const cases: readonly [name: string, error: unknown, fault: string][] = [
    ['its own words', new NetworkFault('proxy: it responded with 407'), 'proxy: it responded with 407'],
    ['a refusal', new ForbiddenDestination('not allowed'), 'not allowed'],
    ['a known code', coded('ENOTFOUND'), 'the host name is not known'],
    ['a socket that is not there', coded('ENOENT'), 'there is no such socket'],
    ['of OpenSSL', coded('ERR_SSL_WRONG_VERSION_NUMBER'), 'TLS could not be agreed on'],
    ['an unknown code', coded(secret), 'the connection failed'],
    ['a property of all objects', coded('constructor'), 'the connection failed'],
    ['no code', new Error(secret), 'the connection failed'],
    ['nothing', undefined, 'the connection failed'],
    [
      'several addresses',
      new AggregateError([coded('ECONNREFUSED'), coded('EHOSTUNREACH')]),
      'the connection was refused',
    ],
    ['an abort', Object.assign(new Error(secret), { name: 'AbortError' }), 'it took too long'],
  ];
  for (const [name, error, fault] of cases) {
    test(name, () => assert.equal(networkFaultOf(error), fault));
  }
});
