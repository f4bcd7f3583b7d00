/** What the codes of WeCom's API mean for a message. The texts that come with them are never relied on. */
import { isIP } from 'node:net';
import type { Answer, Outcome } from '../http/client.ts';
import {
  type Failure,
  FIRST_BLOCK_MS,
  failureOf,
  failureWithout,
  limited,
  objectIn,
  retry,
} from '../http/failure.ts';

export type Fields = Readonly<Record<string, unknown>>;

/** An answer of the API: `errcode` and what came with it. */
export interface Read {
  readonly kind: 'read';
  readonly code: number;
  readonly fields: Fields;
}

const SUCCESS = 0;
/** Those that a fresh access token can mend; 40001 only from calls that carry a token. */
const tokenCodes = new Set([40001, 40014, 41001, 42001]);
const BUSY = -1;
/** Calls of the minute or of the hour used up; too many at a time. */
const blockedCodes = new Set([45009, 45033]);
const ADDRESS_NOT_TRUSTED = 60020;

const meanings: ReadonlyMap<number, string> = new Map([
  [BUSY, 'WeCom is busy'],
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

/** WeCom answers failures with status 200 too, so the status counts only where no code can be read. */
export function readAnswer(outcome: Outcome, nowMs: number): Read | Failure {
  if (outcome.kind !== 'answered') return failureWithout(outcome);
  const fields = objectIn(outcome);
  const code = fields?.errcode;
  if (fields && typeof code === 'number') return { kind: 'read', code, fields };
  return unreadable(outcome, nowMs);
}

function unreadable(answer: Answer, nowMs: number): Failure {
  return answer.status === 200 ? retry('the answer cannot be read') : failureOf(answer, nowMs);
}

export function isSuccess({ code }: Read): boolean {
  return code === SUCCESS;
}

export function isTokenRefused({ code }: Read): boolean {
  return tokenCodes.has(code);
}

/** For a code that is neither success nor mended by a fresh token. */
export function failureOfCode({ code, fields }: Read): Failure {
  const meaning = meanings.get(code);
  const reason = `WeCom ${code}${meaning ? `: ${meaning}` : ''}${addressHint(code, fields)}`;
  if (code === BUSY) return retry(reason);
  return blockedCodes.has(code) ? limited(reason, FIRST_BLOCK_MS) : { kind: 'rejected', reason };
}

/** The address that WeCom saw, which is what has to be entered there. */
function addressHint(code: number, { errmsg }: Fields): string {
  if (code !== ADDRESS_NOT_TRUSTED || typeof errmsg !== 'string') return '';
  const address = /from ip: ?([\da-fA-F.:]+)/.exec(errmsg)?.[1] ?? '';
  return isIP(address) ? ` (${address})` : '';
}
