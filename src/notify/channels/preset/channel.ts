/**
 * A provider by its row in the table of presets: one POST of JSON for each piece of a message. Most providers cannot
 * tell that they have a message already; it is sent again where it is not clear whether it arrived, since a line that is
 * there twice is better than one that is missing.
 */
import { createHmac } from 'node:crypto';
import { parseBase } from '../../../net/base-url.ts';
import { basicOf } from '../../../net/credentials.ts';
import type { ClientResponse, Send } from '../../../net/http-client.ts';
import { failure, type Result, success } from '../../../util/result.ts';
import type { Message } from '../../message.ts';
import type { Attempt, Channel, Delivery } from '../channel.ts';
import { compileExcerpt } from '../excerpt.ts';
import { failureWithout, identifier } from '../failure.ts';
import { PieceMaker } from '../pieces.ts';
import { bodyOf, type PresetPiece, presetPieces } from './pieces.ts';
import { judge, saidIn, takeFrom } from './responses.ts';
import type { Preset, SignatureRule, Values } from './row.ts';
import { fillText } from './template.ts';

export interface PresetSettings {
  readonly name: string;
  /** The keys of the row; texts among them may be secret. */
  readonly values: Values;
}

export const PRESET_TIMEOUT_MS = 30_000;

export function createPresetChannel(
  preset: Preset,
  { name, values }: PresetSettings,
  send: Send,
  nowMs: () => number = Date.now,
): Result<Channel, string> {
  const configured = { base: preset.base?.(values), ...values };
  const credentials = credentialsIn(preset, configured);
  if (!credentials.ok) return credentials;
  const pieces = new PieceMaker((message) => presetPieces(preset, configured, message));
  const post = poster(preset, configured, { send, nowMs, credentials: credentials.value });
  return success({
    name,
    timeoutMs: PRESET_TIMEOUT_MS,
    ...(preset.rates && { rates: preset.rates }),
    callsFor: (message, done) => pieces.countRemaining(message, done),
    deliver: (message, attempt) =>
      pieces.deliver(message, attempt, (piece) => deliver(preset, piece, message, attempt, post)),
  });
}

/** Those of the address, for `Authorization`; or what is wrong with it, which shows nothing of it: it may be secret. */
function credentialsIn(preset: Preset, values: Values): Result<string | undefined, string> {
  const key = values.url === undefined ? 'base' : 'url';
  const text = String(values[key]);
  const base = parseBase(text);
  if (!base.ok) return failure(base.error.replace(/^base/, key));
  if (preset.mistake?.[0].test(text)) return failure(`${key}: ${preset.mistake[1]}`);
  if (key === 'base' && /[?#]/.test(text)) return failure('base: has a query or a fragment; leave it out');
  const credentials = basicOf(base.value);
  return credentials.ok ? credentials : failure(`${key}: ${credentials.error}`);
}

interface Exchange {
  readonly delivery: Delivery;
  readonly response?: ClientResponse;
}

type Post = (values: Values, isMarkdown: boolean, message: Message, attempt: Attempt) => Promise<Exchange>;

/** Sends a piece, and once more where the response says how. */
async function deliver(
  { responses }: Preset,
  { values, plain }: PresetPiece,
  message: Message,
  attempt: Attempt,
  post: Post,
): Promise<Delivery> {
  const isMarkdown = message.format === 'markdown';
  const { delivery, response } = await post(values, isMarkdown, message, attempt);
  if (delivery.kind === 'delivered' || !response) return delivery;
  if (responses.plainIf?.test(saidIn(response, responses))) {
    return (await post({ ...values, text: plain, format: undefined }, false, message, attempt)).delivery;
  }
  const [at, key] = responses.moved ?? ['', ''];
  const moved = key && identifier(takeFrom(response, at));
  if (!moved) return delivery;
  const again = (await post({ ...values, [key]: moved }, isMarkdown, message, attempt)).delivery;
  return again.kind === 'delivered' ? { ...again, note: `${key} is ${moved} now: configure it` } : again;
}

interface PosterOptions {
  readonly send: Send;
  readonly nowMs: () => number;
  /** Unless the provider has a header for them. */
  readonly credentials: string | undefined;
}

function poster(preset: Preset, configured: Values, { send, nowMs, credentials }: PosterOptions): Post {
  const secrets = Object.values(configured).filter((value) => typeof value === 'string');
  const excerptOf = compileExcerpt([...secrets, credentials ?? '']);
  const common = {
    'content-type': 'application/json',
    ...(credentials !== undefined && { authorization: credentials }),
  };
  return async (values, isMarkdown, { acceptedMs }, { number, signal }) => {
    const signed = { ...values, ...signatureOf(preset.signature, values, nowMs()) };
    const url = urlOf(preset, signed);
    const body = JSON.stringify(bodyOf(preset, isMarkdown, signed));
    const headers = { ...common, ...filledFields(preset.headers, signed) };
    const outcome = await send({ method: 'POST', url, headers, body, signal });
    if (outcome.kind !== 'response') return { delivery: failureWithout(outcome) };
    const redact = (said: string) => excerptOf({ ...outcome, body: Buffer.from(said) });
    const context = { url, number, nowMs: nowMs(), ageMs: nowMs() - acceptedMs, redact };
    return { delivery: judge(preset, outcome, context), response: outcome };
  };
}

/** Some providers want the colon of their tokens as it is. */
function encodePart(value: string, name: string): string {
  if (name === 'url') return value;
  return name === 'base' ? value.replace(/\/+$/, '') : encodeURIComponent(value).replaceAll('%3A', ':');
}

function urlOf({ to, query }: Preset, values: Values): URL {
  const url = new URL(fillText(to, values, encodePart) ?? '');
  const added = filledFields(query, values);
  // An address may have been copied from an example with a signature of its own.
  const rest = url.search
    .slice(1)
    .split('&')
    .filter((pair) => !Object.hasOwn(added, pair.split('=', 1)[0] ?? ''));
  url.search = [...rest, new URLSearchParams(added).toString()].filter(Boolean).join('&');
  return url;
}

/** Those that have all of their values. */
function filledFields(
  fields: Readonly<Record<string, string>> | undefined,
  values: Values,
): Readonly<Record<string, string>> {
  const filled = Object.entries(fields ?? {}).map(([name, template]) => [name, fillText(template, values)]);
  return Object.fromEntries(filled.filter(([, value]) => value !== undefined));
}

function signatureOf(rule: SignatureRule | undefined, values: Values, nowMs: number): Values {
  if (!rule || values.secret === undefined) return {};
  const timestamp = String(Math.floor(nowMs / rule.unitMs));
  const given = { secret: values.secret, timestamp };
  const [key = '', content = ''] = [fillText(rule.key, given), fillText(rule.content, given)];
  return { timestamp, sign: createHmac('sha256', key).update(content).digest('base64') };
}
