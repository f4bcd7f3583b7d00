/**
 * The robot of a WeCom group chat. It has no duplicate check: where it is not clear whether a message arrived
 * it is sent again, since a line that is there twice is better than one that is missing; but not for a day, where it
 * is a response that nobody can read.
 */

import { parseBase } from '../../../net/base-url.ts';
import type { Send } from '../../../net/http-client.ts';
import { failure, type Result, success } from '../../../util/result.ts';
import type { Steps } from '../../../util/turns.ts';
import type { Message } from '../../message.ts';
import type { Attempt, Channel, Delivery, Rate } from '../channel.ts';
import { PieceMaker } from '../pieces.ts';
import { DEFAULT_BASE, endpointUnder } from '../wecom/base.ts';
import { failureOfWecomCode, isSuccess, readResponse } from '../wecom/codes.ts';
import { piecesOf, type Style, TEXT_MAX_BYTES, type TextPiece } from '../wecom/pieces.ts';

export interface WecomRobotSettings {
  readonly name: string;
  /** Default {@link DEFAULT_BASE}. */
  readonly base?: string;
  /** Secret: the `key` in the robot's URL. */
  readonly key: string;
  /** Default: as the message is formatted. */
  readonly style?: Style;
  /** User ids, or `@all`; texts only. */
  readonly mentionUsers?: readonly string[];
  /** Mobile numbers, or `@all`; texts only. */
  readonly mentionMobiles?: readonly string[];
}

export const WECOM_ROBOT_TIMEOUT_MS = 30_000;
/** What a robot takes; 45009 beyond it. */
export const WECOM_ROBOT_RATES: readonly Rate[] = [{ calls: 20, windowMs: 60_000 }];
const MARKDOWN_MAX_BYTES = 4096;

export function createWecomRobotChannel(
  settings: WecomRobotSettings,
  send: Send,
  nowMs: () => number = Date.now,
): Result<Channel, string> {
  if (/^https?:/.test(settings.key)) return failure("key: only what stands after key= in the robot's URL");
  const base = parseBase(settings.base ?? DEFAULT_BASE);
  if (!base.ok) return base;
  const url = endpointUnder(base.value, 'webhook/send', { key: settings.key });
  const headers = { 'content-type': 'application/json' };
  const post = async (body: string, message: Message, { number, signal }: Attempt): Promise<Delivery> => {
    const outcome = await send({ method: 'POST', url, headers, body, signal });
    const response = readResponse(outcome, nowMs(), { number, ageMs: nowMs() - message.acceptedMs });
    if (response.kind !== 'response') return response;
    return isSuccess(response) ? { kind: 'delivered' } : failureOfWecomCode(response);
  };
  const pieces = new PieceMaker((message) => robotPieces(message, settings));
  return success({
    name: settings.name,
    timeoutMs: WECOM_ROBOT_TIMEOUT_MS,
    rates: WECOM_ROBOT_RATES,
    callsFor: (message, done) => pieces.countRemaining(message, done),
    deliver: (message, attempt) =>
      pieces.deliver(message, attempt, (piece) =>
        post(bodyOf(piece, piece.style, piece.first ? settings : {}), message, attempt),
      ),
  });
}

type RobotPiece = TextPiece & { readonly style: Style; readonly first: boolean };

function* robotPieces(message: Message, { style = message.format }: WecomRobotSettings): Steps<RobotPiece[]> {
  const maxBytes = style === 'markdown' ? MARKDOWN_MAX_BYTES : TEXT_MAX_BYTES;
  const pieces = yield* piecesOf(message, style, maxBytes);
  return pieces.map((piece, i) => ({ ...piece, style, first: i === 0 }));
}

type Mentions = Pick<WecomRobotSettings, 'mentionUsers' | 'mentionMobiles'>;

/** Who is mentioned is mentioned once, with the first part. */
function bodyOf({ content }: TextPiece, style: Style, { mentionUsers, mentionMobiles }: Mentions): string {
  if (style === 'markdown') return JSON.stringify({ msgtype: style, markdown: { content } });
  return JSON.stringify({
    msgtype: style,
    text: {
      content,
      ...(mentionUsers?.length && { mentioned_list: mentionUsers }),
      ...(mentionMobiles?.length && { mentioned_mobile_list: mentionMobiles }),
    },
  });
}
