/** What the codes of WeCom's API mean for a message. The accompanying texts are not relied on. */
import { isIP } from 'node:net';
import type { ClientResult } from '../../../net/http-client.ts';
import {
  type FailedDelivery,
  FIRST_BLOCK_MS,
  failureOfStatus,
  failureWithout,
  limited,
  objectIn,
  type Repetition,
  retry,
  retryUnread,
} from '../failure.ts';

export type WecomFields = Readonly<Record<string, unknown>>;

/** A response of the API: `errcode` and what came with it. */
export interface WecomResponse {
  readonly kind: 'response';
  readonly code: number;
  readonly fields: WecomFields;
}

const SUCCESS = 0;
/** Codes that a fresh access token can fix; 40001 only for calls that carry a token. */
const tokenCodes = new Set([40001, 40014, 41001, 42001]);
const BUSY = -1;
/** A concurrent write of the same data. */
const VERSION_CONFLICT = 6000;
const momentaryCodes = new Set([BUSY, VERSION_CONFLICT]);
/** Calls of the minute or of the hour used up; too many at a time. */
const blockedCodes = new Set([45009, 45033]);
const ADDRESS_NOT_TRUSTED = 60020;

const meanings: ReadonlyMap<number, string> = new Map([
  [BUSY, 'WeCom is busy'],
  [VERSION_CONFLICT, 'WeCom could not write it at that moment'],
  [40001, 'the secret is wrong'],
  [40013, 'the corporation id is wrong'],
  [40056, 'the agent id is wrong'],
  [40058, 'a parameter is wrong'],
  [45009, 'too many calls'],
  [45033, 'too many calls at a time'],
  [48002, 'the application may not use this API'],
  [
    ADDRESS_NOT_TRUSTED,
    'the address of this server is not trusted by the application: add it, or use a proxy',
  ],
  [81013, 'none of the recipients can receive messages of the application'],
  [93000, 'the key of the robot is wrong'],
]);

/**
 * WeCom reports failures with status 200 too, so the status counts only where no code can be read. `repetition` is for
 * calls that would do twice what is sent twice.
 */
export function readResponse(
  outcome: ClientResult,
  nowMs: number,
  repetition?: Repetition,
): WecomResponse | FailedDelivery {
  if (outcome.kind !== 'response') return failureWithout(outcome);
  const fields = objectIn(outcome);
  const code = fields?.errcode;
  if (fields && typeof code === 'number') return { kind: 'response', code, fields };
  if (outcome.status !== 200) return failureOfStatus(outcome, nowMs);
  const reason = 'the response cannot be read';
  return repetition ? retryUnread(reason, repetition) : retry(reason);
}

export function isSuccess({ code }: WecomResponse): boolean {
  return code === SUCCESS;
}

export function isTokenRefused({ code }: WecomResponse): boolean {
  return tokenCodes.has(code);
}

/** For a code that is neither a success nor fixed by a fresh token. */
export function failureOfWecomCode({ code, fields }: WecomResponse): FailedDelivery {
  const meaning = meanings.get(code);
  const reason = `WeCom ${code}${meaning ? `: ${meaning}` : ''}${addressHint(code, fields)}`;
  if (momentaryCodes.has(code)) return retry(reason);
  return blockedCodes.has(code) ? limited(reason, FIRST_BLOCK_MS) : { kind: 'rejected', reason };
}

/** The address that WeCom saw, which the operator has to add there. */
function addressHint(code: number, { errmsg }: WecomFields): string {
  if (code !== ADDRESS_NOT_TRUSTED || typeof errmsg !== 'string') return '';
  const address = /from ip: ?([\da-fA-F.:]+)/.exec(errmsg)?.[1] ?? '';
  return isIP(address) ? ` (${address})` : '';
}
