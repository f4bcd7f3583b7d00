/** The HMAC of a request in a header, as receivers of webhooks check it: GitHub's way, Slack's, or Standard Webhooks. */
import { createHmac } from 'node:crypto';
import { failure, type Result, success } from '../../../util/result.ts';
import { signingKey } from '../../../util/signing-key.ts';
import { faultOfName } from './request-template.ts';

export interface SignatureSettings {
  /** Secret. After `whsec_` it is base64, as Standard Webhooks write it. */
  readonly secret: string;
  /** Default `sha256`. */
  readonly algorithm?: 'sha256' | 'sha1' | 'sha512';
  /** What is signed: a text with `{{body}}`, `{{timestamp}}` and `{{id}}`. Default {@link BODY}. */
  readonly content?: string;
  /** Default {@link DEFAULT_HEADER}. */
  readonly header?: string;
  /** The value of this header: a text with `{{hex}}` or `{{base64}}`. Default `sha256={{hex}}`. */
  readonly value?: string;
  /** The headers of what the receiver has to know besides; default none. */
  readonly timestampHeader?: string;
  readonly idHeader?: string;
}

export interface RequestToSign {
  readonly id: string;
  readonly body: string;
  readonly nowMs: number;
}

/** The headers to add. */
export type SignRequest = (request: RequestToSign) => Readonly<Record<string, string>>;

const DEFAULT_HEADER = 'X-Hub-Signature-256';
const BODY = '{{body}}';
const placeholder = /\{\{\s*([^{}]*?)\s*\}\}/g;

export function compileSignature(settings: SignatureSettings): Result<SignRequest, string> {
  const { secret, algorithm = 'sha256', content = BODY, header = DEFAULT_HEADER } = settings;
  const { value = `${algorithm}={{hex}}`, timestampHeader, idHeader } = settings;
  const fault =
    faultOfTemplate('signContent', content, ['body', 'timestamp', 'id']) ??
    faultOfTemplate('signValue', value, ['hex', 'base64']) ??
    faultOfHeader('signHeader', header) ??
    faultOfHeader('signTimestampHeader', timestampHeader) ??
    faultOfHeader('signIdHeader', idHeader);
  if (fault !== undefined) return failure(fault);
  const key = signingKey(secret);
  return success(({ id, body, nowMs }) => {
    const timestamp = String(Math.floor(nowMs / 1000));
    const digest = createHmac(algorithm, key).update(fill(content, { id, body, timestamp })).digest();
    return {
      ...(timestampHeader && { [timestampHeader.toLowerCase()]: timestamp }),
      ...(idHeader && { [idHeader.toLowerCase()]: id }),
      [header.toLowerCase()]: fill(value, {
        hex: digest.toString('hex'),
        base64: digest.toString('base64'),
      }),
    };
  });
}

function fill(template: string, values: Readonly<Record<string, string>>): string {
  return template.replace(placeholder, (_, name: string) => values[name] ?? '');
}

/** At least one of the names, and no other one. */
function faultOfTemplate(key: string, template: string, names: readonly string[]): string | undefined {
  const used = [...template.matchAll(placeholder)].map(([, name = '']) => name);
  const isGood =
    used.length > 0 && used.every((name) => names.includes(name)) && /^[\x20-\x7e]+$/.test(template);
  const list = names.map((name) => `{{${name}}}`).join(', ');
  return isGood ? undefined : `${key}: allowed: ASCII with ${list}, at least one of them and no other`;
}

function faultOfHeader(key: string, name: string | undefined): string | undefined {
  const fault = name === undefined ? undefined : faultOfName(name);
  return fault === undefined ? undefined : `${key}: ${fault}`;
}
