/**
 * Envelopes, receipts and notes as the text of files. Pure. What comes back is checked: a file may be older than the
 * program, newer, cut short, or not ours at all.
 */

import { isObject, type JsonObject } from '../../util/json.ts';
import { failure, type Result, success } from '../../util/result.ts';
import type { Delivery, EndedPart } from '../channels/channel.ts';
import type { Message } from '../message.ts';
import type { ChannelProgress, Envelope, Idempotency, Note, Receipt } from '../queue/envelope.ts';

const MAX_DATE_MS = 8.64e15;
/** Goes up when old programs would misread new files. */
const VERSION = 1;

/** One line of JSON. */
export function envelopeText(envelope: Envelope): string {
  return lineOf(envelope);
}

export function receiptText(receipt: Receipt): string {
  return lineOf(receipt);
}

export function noteText(note: Note): string {
  return lineOf(note);
}

function lineOf(content: object): string {
  return `${JSON.stringify({ version: VERSION, ...content })}\n`;
}

/** The notes in `text`, without what a power cut left of the last ones. */
export function parseNotes(text: string): Note[] {
  return text.split('\n').flatMap((line) => {
    const note = parse<Note>(line, isNote);
    return note.ok ? [note.value] : [];
  });
}

export function parseEnvelope(text: string): Result<Envelope, string> {
  return parse(text, isEnvelope);
}

export function parseReceipt(text: string): Result<Receipt, string> {
  return parse(text, isReceipt);
}

/** The content of `text`, or what is wrong with it as the end of a sentence about the file. */
function parse<T>(
  text: string,
  isComplete: (value: JsonObject) => value is JsonObject & T,
): Result<T, string> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return failure(text.trim() === '' ? 'empty' : 'not JSON, or truncated');
  }
  if (!isObject(value)) return failure('not an object');
  const { version, ...rest } = value;
  if (version !== VERSION) {
    return failure(`written in format version ${String(version)}; this program reads version ${VERSION}`);
  }
  const content = withTypedParts(rest);
  return isComplete(content) ? success(content as T) : failure('not in the format that mote writes');
}

// Parts as the first releases wrote them: `part`, and `!part reason` for one that was given up.

/** `done` of a note, of its delivery, and of each channel's progress. */
function withTypedParts(content: JsonObject): JsonObject {
  const { delivery, progress } = content;
  return {
    ...withTypedDone(content),
    ...(isObject(delivery) && { delivery: withTypedDone(delivery) }),
    ...(Array.isArray(progress) && {
      progress: progress.map((one) => (isObject(one) ? withTypedDone(one) : one)),
    }),
  };
}

function withTypedDone(holder: JsonObject): JsonObject {
  const { done } = holder;
  if (!Array.isArray(done)) return holder;
  return { ...holder, done: done.map((one) => (isText(one) ? typedPart(one) : one)) };
}

function typedPart(text: string): EndedPart {
  const givenUp = /^!(\S*) ?(.*)$/s.exec(text);
  if (!givenUp) return { part: text, state: 'delivered' };
  const [, part = '', reason = ''] = givenUp;
  return { part, state: 'given up', reason };
}

const isText = (value: unknown): value is string => typeof value === 'string';
const isTextOrAbsent = (value: unknown): boolean => value === undefined || isText(value);
const isTexts = (value: unknown): value is string[] => Array.isArray(value) && value.every(isText);
const isParts = (value: unknown): value is EndedPart[] => Array.isArray(value) && value.every(isPart);
const isPartsOrAbsent = (value: unknown): boolean => value === undefined || isParts(value);
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
/** Dates know no others (ECMA-262, Time Values). */
const isTime = (value: unknown): value is number => isCount(value) && value <= MAX_DATE_MS;

function isPart(value: unknown): value is EndedPart {
  if (!isObject(value) || !isText(value.part)) return false;
  return value.state === 'delivered' || (value.state === 'given up' && isText(value.reason));
}

function isEnvelope(value: JsonObject): value is JsonObject & Envelope {
  return isCommon(value) && isMessage(value.message);
}

function isReceipt(value: JsonObject): value is JsonObject & Receipt {
  return isCommon(value) && isText(value.id) && isTime(value.endedMs) && isTextOrAbsent(value.heading);
}

function isCommon({ user, idempotency, round, roundMs, progress }: JsonObject): boolean {
  if (!isText(user) || !isCount(round) || !isTime(roundMs)) return false;
  if (idempotency !== undefined && !isIdempotency(idempotency)) return false;
  if (!Array.isArray(progress) || progress.length === 0 || !progress.every(isProgress)) return false;
  return new Set(progress.map(({ channel }) => channel)).size === progress.length;
}

function isIdempotency(value: unknown): value is Idempotency {
  return isObject(value) && isText(value.key) && isText(value.fingerprint);
}

function isMessage(value: unknown): value is Message {
  if (!isObject(value)) return false;
  const { id, title, text, format, url, priority, tags, acceptedMs } = value;
  return (
    [id, title, text].every(isText) &&
    (format === 'text' || format === 'markdown') &&
    isTextOrAbsent(url) &&
    [1, 2, 3, 4, 5].includes(priority as number) &&
    isTexts(tags) &&
    isTime(acceptedMs)
  );
}

/** The checks of each kind of progress; the mapped type makes sure that none is left out. */
const progressChecks: { readonly [K in ChannelProgress['kind']]: (value: JsonObject) => boolean } = {
  pending: ({ nextMs, done, reason }) => isTime(nextMs) && isParts(done) && isTextOrAbsent(reason),
  delivered: ({ atMs, providerId, note }) =>
    isTime(atMs) && isTextOrAbsent(providerId) && isTextOrAbsent(note),
  failed: ({ atMs, reason, done }) => isTime(atMs) && isText(reason) && isParts(done),
};

function isProgress(value: unknown): value is ChannelProgress {
  if (!isObject(value) || !isText(value.channel) || !isCount(value.attempts)) return false;
  const { kind } = value;
  return isText(kind) && Object.hasOwn(progressChecks, kind) && progressChecks[kind as 'failed'](value);
}

function isNote(value: JsonObject): value is JsonObject & Note {
  const { id, round, channel, number, done, mayBeSent, part, delivery } = value;
  return (
    isText(id) &&
    isCount(round) &&
    isText(channel) &&
    isCount(number) &&
    isParts(done) &&
    typeof mayBeSent === 'boolean' &&
    isTextOrAbsent(part) &&
    (delivery === undefined || isDelivery(delivery))
  );
}

/** The checks of each way that an attempt ends. */
const deliveryChecks: { readonly [K in Delivery['kind']]: (value: JsonObject) => boolean } = {
  delivered: ({ providerId, note }) => isTextOrAbsent(providerId) && isTextOrAbsent(note),
  retry: ({ reason, afterMs, done }) =>
    isText(reason) && (afterMs === undefined || typeof afterMs === 'number') && isPartsOrAbsent(done),
  rejected: ({ reason, done }) => isText(reason) && isPartsOrAbsent(done),
};

function isDelivery(value: unknown): value is Delivery {
  if (!isObject(value)) return false;
  const { kind } = value;
  return isText(kind) && Object.hasOwn(deliveryChecks, kind) && deliveryChecks[kind as 'retry'](value);
}
