import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, test } from 'node:test';
import { startStandIn } from '../../../../test/support/stand-in.ts';
import { createClient } from '../../../net/http-client.ts';
import { deliver, during, errorOf, messageOf, successOf } from '../fixtures.ts';
import { createWebhookChannel } from './channel.ts';
import { compileSignature, type RequestToSign, type SignatureSettings } from './signature.ts';

/** Published by who receives them. */
const published: readonly (readonly [
  name: string,
  settings: SignatureSettings,
  request: RequestToSign,
  headers: Readonly<Record<string, string>>,
])[] = [
  [
    // https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
    'GitHub, the default',
    { secret: "It's a Secret to Everybody" },
    { id: 'm', body: 'Hello, World!', nowMs: 0 },
    {
      'x-hub-signature-256': 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17',
    },
  ],
  [
    // https://docs.slack.dev/authentication/verifying-requests-from-slack
    'Slack',
    {
      secret: '8f742231b10e8888abcd99yyyzzz85a5',
      content: 'v0:{{timestamp}}:{{body}}',
      header: 'X-Slack-Signature',
      value: 'v0={{hex}}',
      timestampHeader: 'X-Slack-Request-Timestamp',
    },
    {
      id: 'm',
      body: 'token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c',
      nowMs: 1_531_420_618_999,
    },
    {
      'x-slack-request-timestamp': '1531420618',
      'x-slack-signature': 'v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503',
    },
  ],
  [
    // https://docs.svix.com/receiving/verifying-payloads/how-manual
    'Standard Webhooks',
    {
      secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
      content: '{{id}}.{{timestamp}}.{{body}}',
      header: 'webhook-signature',
      value: 'v1,{{base64}}',
      timestampHeader: 'webhook-timestamp',
      idHeader: 'webhook-id',
    },
    { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', body: '{"test": 2432232314}', nowMs: 1_614_265_330_000 },
    {
      'webhook-timestamp': '1614265330',
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    },
  ],
  [
    // RFC 2202, test case 2.
    'SHA-1, bare',
    { secret: 'Jefe', algorithm: 'sha1', value: '{{hex}}', header: 'X-Signature' },
    { id: 'm', body: 'what do ya want for nothing?', nowMs: 0 },
    { 'x-signature': 'effcdf6ae5eb2fa2d27416d5f184df9c259a7c79' },
  ],
];

describe('published signatures', () => {
  for (const [name, settings, request, headers] of published) {
    test(name, () => assert.deepEqual(successOf(compileSignature(settings))(request), headers));
  }
});

describe('what cannot be signed', () => {
  const faults: readonly (readonly [settings: Partial<SignatureSettings>, error: RegExp])[] = [
    [{ content: '{{text}}' }, /^signContent: allowed: ASCII with \{\{body}}, \{\{timestamp}}, \{\{id}}/],
    [{ content: 'nothing' }, /^signContent: /],
    [{ value: 'sha256=' }, /^signValue: allowed: ASCII with \{\{hex}}, \{\{base64}}/],
    [{ value: 'a\r\nX-Evil: {{hex}}' }, /^signValue: /],
    [{ header: 'X Y' }, /^signHeader: not the name of a header: X…$/],
    [{ timestampHeader: 'Content-Length' }, /^signTimestampHeader: Content-Length cannot be set$/],
    [{ idHeader: 'Host' }, /^signIdHeader: Host cannot be set$/],
  ];
  for (const [settings, error] of faults) {
    test(JSON.stringify(settings), () => {
      const refusal = errorOf(compileSignature({ secret: 's3cr3t', ...settings }));
      assert.match(refusal, error);
      assert.doesNotMatch(refusal, /s3cr3t/);
    });
  }
});

test('each attempt signs what it sends, with its own time', async (t) => {
  const hook = during(t, await startStandIn(() => ({ status: 204 })));
  let nowMs = 1_700_000_000_000;
  const sign = { secret: 's3cret', content: '{{timestamp}}.{{body}}', timestampHeader: 'X-Time' };
  const channel = successOf(
    createWebhookChannel({ name: 'hook', url: hook.origin, sign }, createClient(), () => nowMs),
  );
  const message = messageOf({ text: 'ü {{body}} 😀' });
  await deliver(channel, message);
  nowMs += 5000;
  await deliver(channel, message);
  const times = hook.received.map(({ headers, body }) => {
    const hex = createHmac('sha256', 's3cret').update(`${headers['x-time']}.`).update(body).digest('hex');
    assert.equal(headers['x-hub-signature-256'], `sha256=${hex}`);
    return headers['x-time'];
  });
  assert.deepEqual(times, ['1700000000', '1700000005']);
});

test('a request without a body is signed as an empty one', async (t) => {
  const hook = during(t, await startStandIn(() => ({})));
  const settings = { name: 'hook', url: hook.origin, method: 'GET', sign: { secret: 'k' } } as const;
  await deliver(successOf(createWebhookChannel(settings, createClient())));
  const hex = createHmac('sha256', 'k').update('').digest('hex');
  assert.equal(hook.received[0]?.headers['x-hub-signature-256'], `sha256=${hex}`);
});

test('no reason shows the secret', async (t) => {
  const hook = during(t, await startStandIn(() => ({ status: 400, body: 'your secret is Tr0ub4dor&3' })));
  const settings = { name: 'hook', url: hook.origin, sign: { secret: 'Tr0ub4dor&3' } };
  const delivery = await deliver(successOf(createWebhookChannel(settings, createClient())));
  assert.deepEqual(delivery, { kind: 'rejected', reason: 'HTTP 400: your secret is ***' });
});
