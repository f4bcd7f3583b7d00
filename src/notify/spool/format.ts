/**
 * Envelopes, receipts and notes as the text of files. Pure. What comes back is checked: a file may be older than the
 * program, newer, cut short, or not ours at all.
 */
import type { Delivery } from '../channels/channel.ts';
import type { Message } from '../message.ts';
import type { ChannelProgress, Envelope, Idempotency, Note, Receipt } from '../queue/envelope.ts';

const MAX_DATE_MS = 8.64e15;
/** Goes up when old programs would misread new files. */
const VERSION = 1;

/** One line of JSON. */
export function envelopeText(envelope: Envelope): string {
  return `${JSON.stringify({ version: VERSION, ...envelope })}\n`;
}

export function receiptText(receipt: Receipt): string {
  return `${JSON.stringify({ version: VERSION, ...receipt })}\n`;
}

/** One line of JSON too. */
export function noteText(note: Note): string {
  return `${JSON.stringify({ version: VERSION, ...note })}\n`;
}

/** The notes in `text`, without what a power cut left of the last ones. */
export function parseNotes(text: string): Note[] {
  return text.split('\n').flatMap((line) => {
    const note = parse<Note>(line, isNote);
    return typeof note === 'string' ? [] : [note];
  });
}

/** The envelope in `text`, or what is wrong with it. */
export function parseEnvelope(text: string): Envelope | string {
  return parse(text, isEnvelope);
}

/** The receipt in `text`, or what is wrong with it. */
export function parseReceipt(text: string): Receipt | string {
  return parse(text, isReceipt);
}

type Json = Readonly<Record<string, unknown>>;

function parse<T>(text: string, isWhole: (value: Json) => value is Json & T): T | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return text.trim() === '' ? 'empty' : 'not JSON, or cut short';
  }
  if (!isObject(value)) return 'not an object';
  const { version, ...rest } = value;
  if (version !== VERSION) return `of version ${String(version)}, this program knows ${VERSION}`;
  return isWhole(rest) ? (rest as T) : 'not what mote writes';
}

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isText = (value: unknown): value is string => typeof value === 'string';
const isTextOrAbsent = (value: unknown): boolean => value === undefined || isText(value);
const isTexts = (value: unknown): value is string[] => Array.isArray(value) && value.every(isText);
const isTextsOrAbsent = (value: unknown): boolean => value === undefined || isTexts(value);
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
/** Dates know no others (ECMA-262, Time Values). */
const isTime = (value: unknown): value is number => isCount(value) && value <= MAX_DATE_MS;

function isEnvelope(value: Json): value is Json & Envelope {
  return isCommon(value) && isMessage(value.message);
}

function isReceipt(value: Json): value is Json & Receipt {
  return isCommon(value) && isText(value.id) && isTime(value.endedMs);
}

function isCommon({ user, idempotency, round, roundMs, progress }: Json): boolean {
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
const progressChecks: { readonly [K in ChannelProgress['kind']]: (value: Json) => boolean } = {
  pending: ({ nextMs, done, reason }) => isTime(nextMs) && isTexts(done) && isTextOrAbsent(reason),
  delivered: ({ atMs, providerId, note }) =>
    isTime(atMs) && isTextOrAbsent(providerId) && isTextOrAbsent(note),
  failed: ({ atMs, reason, done }) => isTime(atMs) && isText(reason) && isTexts(done),
};

function isProgress(value: unknown): value is ChannelProgress {
  if (!isObject(value) || !isText(value.channel) || !isCount(value.attempts)) return false;
  const { kind } = value;
  return isText(kind) && Object.hasOwn(progressChecks, kind) && progressChecks[kind as 'failed'](value);
}

function isNote(value: Json): value is Json & Note {
  const { id, round, channel, number, done, mayBeSent, part, delivery } = value;
  return (
    isText(id) &&
    isCount(round) &&
    isText(channel) &&
    isCount(number) &&
    isTexts(done) &&
    typeof mayBeSent === 'boolean' &&
    isTextOrAbsent(part) &&
    (delivery === undefined || isDelivery(delivery))
  );
}

/** The checks of each way that an attempt ends. */
const deliveryChecks: { readonly [K in Delivery['kind']]: (value: Json) => boolean } = {
  delivered: ({ providerId, note }) => isTextOrAbsent(providerId) && isTextOrAbsent(note),
  retry: ({ reason, afterMs, done }) =>
    isText(reason) && (afterMs === undefined || typeof afterMs === 'number') && isTextsOrAbsent(done),
  rejected: ({ reason, done }) => isText(reason) && isTextsOrAbsent(done),
};

function isDelivery(value: unknown): value is Delivery {
  if (!isObject(value)) return false;
  const { kind } = value;
  return isText(kind) && Object.hasOwn(deliveryChecks, kind) && deliveryChecks[kind as 'retry'](value);
}
