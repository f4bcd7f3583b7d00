import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, test } from 'node:test';
import { compileVerifier, TOLERANCE_SECONDS, type VerifierSettings } from './signature.ts';

const NOW = 1_700_000_000;
const body = Buffer.from('{"a":1}');
const hex = (secret: string, content: string) => createHmac('sha256', secret).update(content).digest('hex');
const stripe = (time: number | string, signed = hex('s3cret', `${time}.{"a":1}`)) => ({
  'stripe-signature': `t=${time},v1=${'0'.repeat(64)},v1=${signed},v0=x`,
});
const standardSecret = `whsec_${Buffer.from('s3cret').toString('base64')}`;
/** A published value of the scheme, for the key `s3cret`, the id `evt-1` and this time and body. */
const STANDARD = 'v1,Ha9h2/n443GB8iYck3hN9OSc9eeJKYHvc9C8BTvQs7w=';
const standard = (over: Record<string, string> = {}) => ({
  'webhook-id': 'evt-1',
  'webhook-timestamp': String(NOW),
  'webhook-signature': `v2,x ${STANDARD}`,
  ...over,
});
const svix = Object.fromEntries(
  Object.entries(standard()).map(([name, value]) => [name.replace('webhook', 'svix'), value]),
);
const GITEA = '5910e62016ef5034272c926c27071992a465c2335cecf41851bda071577f4f6d';
const gitea: VerifierSettings = { secret: 's3cret', signature: 'gitea' };
const github: VerifierSettings = { secret: "It's a Secret to Everybody" };
/** GitHub's published example. */
const GITHUB = 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17';
const hello = Buffer.from('Hello, World!');

const good: readonly [name: string, settings: VerifierSettings, headers: object, body?: Uint8Array][] = [
  ['GitHub', github, { 'x-hub-signature-256': GITHUB }, hello],
  ['Bitbucket', { ...github, signatureHeader: 'X-Hub-Signature' }, { 'x-hub-signature': GITHUB }, hello],
  ['Gitea', gitea, { 'x-gitea-signature': GITEA }],
  ['Gitea, in upper case', gitea, { 'x-gitea-signature': GITEA.toUpperCase() }],
  ['Forgejo', { ...gitea, signatureHeader: 'X-Forgejo-Signature' }, { 'x-forgejo-signature': GITEA }],
  ['Gitea, as GitHub', { secret: 's3cret' }, { 'x-hub-signature-256': `sha256=${GITEA}` }],
  ['Stripe', { secret: 's3cret', signature: 'stripe' }, stripe(NOW)],
  ['Stripe, at the edge', { secret: 's3cret', signature: 'stripe' }, stripe(NOW - TOLERANCE_SECONDS)],
  ['Standard Webhooks', { secret: standardSecret, signature: 'standard' }, standard()],
  ['Standard Webhooks, plain secret', { secret: 's3cret', signature: 'standard' }, standard()],
  ['Svix', { secret: standardSecret, signature: 'standard' }, svix],
];
test('over bytes, whatever text they are', () => {
  const bytes = Buffer.concat([
    Buffer.from('{"tier":"\u{1F60A}","file":"'),
    Buffer.from([0xff, 0xfe]),
    Buffer.from('"}'),
  ]);
  const digest = createHmac('sha256', 's3cret').update(bytes).digest('hex');
  const verify = compileVerifier({ secret: 's3cret' });
  const headers = { 'x-hub-signature-256': `sha256=${digest}` };
  assert.equal(verify({ headers, body: bytes }, 0).ok, true);
  // What decoding makes of them is not what was signed.
  assert.equal(verify({ headers, body: Buffer.from(bytes.toString()) }, 0).ok, false);
});

describe('good', () => {
  for (const [name, settings, headers, content = body] of good) {
    test(name, () => {
      const verify = compileVerifier(settings);
      assert.equal(verify({ headers: { ...headers }, body: content }, NOW * 1000).ok, true);
      const other = Buffer.concat([content, Buffer.from(' ')]);
      const changed = verify({ headers: { ...headers }, body: other }, NOW * 1000);
      assert.match(changed.ok ? 'taken' : changed.error.detail, /is wrong/);
    });
  }
});

const bad: readonly [name: string, settings: VerifierSettings, headers: object, detail: RegExp][] = [
  ['missing', github, {}, /requires a signature in X-Hub-Signature-256/],
  ['empty, as Gitea sends without a secret', gitea, { 'x-gitea-signature': '' }, /requires a signature/],
  ['too long', gitea, { 'x-gitea-signature': 'a'.repeat(3000) }, /requires a signature/],
  ['no digits', gitea, { 'x-gitea-signature': 'sha256=' }, /is wrong/],
  ['too short', gitea, { 'x-gitea-signature': GITEA.slice(2) }, /is wrong/],
  ['another header', gitea, { 'x-hub-signature-256': GITEA }, /requires a signature/],
  ['SHA-1', github, { 'x-hub-signature-256': `sha1=${'a'.repeat(40)}` }, /is wrong/],
  ['Stripe, old', { secret: 's3cret', signature: 'stripe' }, stripe(NOW - 301), /more than 300 seconds/],
  ['Stripe, early', { secret: 's3cret', signature: 'stripe' }, stripe(NOW + 301), /more than 300 seconds/],
  ['Stripe, no time', { secret: 's3cret', signature: 'stripe' }, stripe('x'), /more than 300 seconds/],
  [
    'Stripe, the time changed',
    { secret: 's3cret', signature: 'stripe' },
    stripe(NOW, hex('s3cret', `${NOW - 900}.{"a":1}`)),
    /is wrong/,
  ],
  [
    'Standard Webhooks, another id',
    { secret: standardSecret, signature: 'standard' },
    standard({ 'webhook-id': 'evt-2' }),
    /is wrong/,
  ],
];
describe('bad', () => {
  for (const [name, settings, headers, detail] of bad) {
    test(name, () => {
      const verified = compileVerifier(settings)({ headers: { ...headers }, body }, NOW * 1000);
      assert.match(verified.ok ? 'taken' : verified.error.detail, detail);
    });
  }
});
