import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { NetworkFault } from '../../../net/network-fault.ts';
import { failureOf, queueIdIn } from './replies.ts';

describe('the queue ID of an accepted message', () => {
  const cases: readonly [server: string, reply: string, id: string | undefined][] = [
    ['Postfix', '250 2.0.0 Ok: queued as 4Xn1vK2hZzz1wq', '4Xn1vK2hZzz1wq'],
    ['Exim', '250 OK id=1rZ8bC-0000Ab-2x', '1rZ8bC-0000Ab-2x'],
    ['OpenSMTPD', '250 2.0.0 4f3a2b1c Message accepted for delivery', '4f3a2b1c'],
    ['Sendmail', '250 2.0.0 3AEKMJx1012345 Message accepted for delivery', '3AEKMJx1012345'],
    ['Amazon', '250 Ok 0100018b5c3c0a4f-1b2c3d4e-000000', '0100018b5c3c0a4f-1b2c3d4e-000000'],
    [
      'Microsoft',
      '250 2.0.0 OK <AB1PR02MB1234@AB1PR02MB1234.eurprd02.prod.outlook.com> [Hostname=x]',
      'AB1PR02MB1234@AB1PR02MB1234.eurprd02.prod.outlook.com',
    ],
    ['nobody', '250 Ok', undefined],
    ['a server with unexpected characters', '250 Ok: queued as a"b', undefined],
    ['a server with a long text', `250 Ok: queued as ${'a'.repeat(65)}`, undefined],
  ];
  for (const [server, reply, id] of cases) {
    test(`by ${server}`, () => assert.equal(queueIdIn(reply), id));
  }
});

describe('a failure without a reply', () => {
  const cases: readonly [error: unknown, reason: string][] = [
    [{ code: 'ECONNREFUSED' }, 'the connection was refused'],
    [{ code: 'CERT_HAS_EXPIRED' }, 'the certificate has expired'],
    [{ code: 'S3cret' }, 'the connection failed'],
    [{ code: 'ENOTFOUND' }, 'the host name is not known'],
    [{ code: 'EAI_AGAIN' }, 'the host name could not be looked up'],
    [new NetworkFault('connecting took too long'), 'connecting took too long'],
    [{ code: 'ERR_SSL_WRONG_VERSION_NUMBER' }, 'TLS could not be agreed on'],
    [{}, 'the connection failed'],
  ];
  for (const [error, reason] of cases) {
    test(reason, () => assert.deepEqual(failureOf(error), { kind: 'retry', reason }));
  }
});
