/**
 * Signatures of senders (HMAC-SHA256 over the bytes of the body), compared in constant time. Those of GitHub and Gitea
 * have no time; those of Stripe and of Standard Webhooks are refused when it is far from ours.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { RequestFacts } from '../../http/types.ts';
import { failure, type Result, success } from '../../util/result.ts';
import { signingKey } from '../../util/signing-key.ts';

export type SignatureScheme = 'github' | 'gitea' | 'stripe' | 'standard';

export interface VerifierSettings {
  readonly secret: string;
  /** Default `github`. */
  readonly signature?: SignatureScheme;
  /** Default: that of the scheme. */
  readonly signatureHeader?: string;
}

/** Between the time of a signature and ours; as Stripe and Standard Webhooks recommend. */
export const TOLERANCE_SECONDS = 300;
/** While a secret is replaced there are two. */
const MAX_SIGNATURES = 8;
const MAX_HEADER_UNITS = 2048;

/** The header in which each scheme has its signature; `standard` has `webhook-` or `svix-` before all of its names. */
const HEADERS: Readonly<Record<SignatureScheme, string>> = {
  github: 'X-Hub-Signature-256',
  gitea: 'X-Gitea-Signature',
  stripe: 'Stripe-Signature',
  standard: 'webhook-signature',
};

export interface Verified {
  /** What nobody else can have signed: the same again is a repetition. Only where the signature has a time or an id. */
  readonly once: string | undefined;
}

export interface SignatureFault {
  /** Equal for the same mistake. */
  readonly mark: string;
  /** What is wrong and what to do about it. */
  readonly detail: string;
}

export type Verify = (
  facts: Pick<RequestFacts, 'headers' | 'body'>,
  nowMs: number,
) => Result<Verified, SignatureFault>;

interface Claim {
  /** In Unix seconds. */
  readonly time?: string;
  /** What the sender calls it, the same when it sends it again. */
  readonly id?: string;
  /** Signed before the body. */
  readonly before: string;
  readonly signatures: readonly string[];
  readonly encoding: 'hex' | 'base64';
}

export function compileVerifier({
  secret,
  signature: scheme = 'github',
  signatureHeader,
}: VerifierSettings): Verify {
  const header = signatureHeader ?? HEADERS[scheme];
  const key = scheme === 'standard' ? signingKey(secret) : Buffer.from(secret);
  return ({ headers, body = new Uint8Array() }, nowMs) => {
    const given = signatureOf(headers, header, scheme);
    if (given === '') {
      return refuse('', `This hook requires a signature in ${header}: set the secret at the sender too.`);
    }
    const claim = claimOf(scheme, given, headers);
    const digest = createHmac('sha256', key).update(claim.before).update(body).digest();
    if (!claim.signatures.map((one) => isEqual(one, digest, claim.encoding)).includes(true)) {
      return refuse(
        given,
        `The signature in ${header} is wrong: check that the secret is the same at the sender.`,
      );
    }
    if (claim.time === undefined) return success({ once: undefined });
    if (!(Math.abs(nowMs / 1000 - Number(claim.time)) <= TOLERANCE_SECONDS)) {
      const detail = `The signature is more than ${TOLERANCE_SECONDS} seconds old or early: check the clocks, or send it again with a new one.`;
      return refuse(given, detail);
    }
    // Not the header, which may be written in several ways. With an id the sender repeats it at another time.
    return success({ once: claim.id || digest.toString('hex') });
  };
}

function refuse(mark: string, detail: string): Result<never, SignatureFault> {
  return failure({ mark, detail });
}

function signatureOf(headers: RequestFacts['headers'], header: string, scheme: SignatureScheme): string {
  const given =
    headers[header.toLowerCase()] ?? (scheme === 'standard' ? headers['svix-signature'] : undefined) ?? '';
  return given.length > MAX_HEADER_UNITS ? '' : given.trim();
}

function claimOf(scheme: SignatureScheme, given: string, headers: RequestFacts['headers']): Claim {
  if (scheme === 'github' || scheme === 'gitea') {
    return { before: '', signatures: [given.replace(/^sha256=/i, '')], encoding: 'hex' };
  }
  if (scheme === 'stripe') {
    const parts = given.split(',').map((part) => part.trim());
    const time = parts.find((part) => part.startsWith('t='))?.slice(2) ?? '';
    return { time, before: `${time}.`, signatures: ofVersion1(parts, 'v1='), encoding: 'hex' };
  }
  const of = (name: string) => headers[`webhook-${name}`] ?? headers[`svix-${name}`] ?? '';
  const [id, time] = [of('id'), of('timestamp')];
  return {
    id,
    time,
    before: `${id}.${time}.`,
    signatures: ofVersion1(given.split(' '), 'v1,'),
    encoding: 'base64',
  };
}

function ofVersion1(parts: readonly string[], prefix: string): readonly string[] {
  return parts
    .filter((part) => part.startsWith(prefix))
    .slice(0, MAX_SIGNATURES)
    .map((part) => part.slice(prefix.length));
}

function isEqual(signature: string, digest: Uint8Array, encoding: 'hex' | 'base64'): boolean {
  const form = encoding === 'hex' ? /^[0-9a-f]{64}$/i : /^[A-Za-z0-9+/]{43}=?$/;
  return form.test(signature) && timingSafeEqual(Buffer.from(signature, encoding), digest);
}
