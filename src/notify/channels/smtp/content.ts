/**
 * Renders a message as Internet mail (RFC 5322), with the same bytes on every attempt. Pure. A message cannot
 * inject header fields: values are either checked settings or encoded words, which contain no line breaks.
 */
import { escapeHtml } from '../../../util/html.ts';
import type { Steps } from '../../../util/turns.ts';
import type { Message, Priority } from '../../message.ts';
import { asText, cutText, paragraphs } from '../text/split.ts';
import type { Mailbox } from './address.ts';
import { htmlOf, linkTo } from './markdown.ts';
import { encodedWords, folded, quotedPrintable } from './mime.ts';

export interface Letterhead {
  readonly from: Mailbox;
  readonly to: readonly string[];
}

/** Without a title, the beginning of the text becomes the subject. */
const MAX_BORROWED_SUBJECT_UNITS = 80;

/** The mail in ASCII, with CRLF line endings. */
export function* mailOf(message: Message, { from, to }: Letterhead): Steps<string> {
  const text = paragraphs({ ...message, title: '', text: message.text || message.title });
  const html = message.format === 'markdown' ? yield* documentOf(message) : undefined;
  const headers = [
    ['From', from.name === '' ? from.address : `${phrase(from.name)} <${from.address}>`],
    ['To', to.join(', ')],
    ['Subject', words(yield* subjectOf(message))],
    ['Date', dateOf(message.acceptedMs)],
    // The same on every attempt, so that duplicates can be recognised.
    ['Message-ID', `<${message.id}@${from.address.slice(from.address.lastIndexOf('@') + 1)}>`],
    // Suppresses automatic replies such as vacation notices (RFC 3834 §5).
    ['Auto-Submitted', 'auto-generated'],
    ...urgencyOf(message.priority),
    ...(message.tags.length > 0 ? [['Keywords', message.tags.map(phrase).join(', ')] as const] : []),
    ['MIME-Version', '1.0'],
  ] as const;
  const section = headers.map(([name, value]) => `${folded(`${name}: ${value}`)}\r\n`).join('');
  const plain = yield* part('plain', text);
  return section + (html === undefined ? plain : alternatives(plain, yield* part('html', html)));
}

function* subjectOf(message: Message): Steps<string> {
  if (message.title !== '') return message.title;
  const { text } = yield* asText(message);
  const borrowed = text.trim().split(/[\r\n]/, 1)[0] ?? '';
  return cutText(borrowed, MAX_BORROWED_SUBJECT_UNITS);
}

/** A date by RFC 5322 §3.3, in UTC. */
function dateOf(ms: number): string {
  return new Date(ms).toUTCString().replace('GMT', '+0000');
}

/**
 * Normal priority needs no headers. Mail programs show the non-standard X-Priority, which counts downwards.
 */
function urgencyOf(priority: Priority): (readonly [name: string, value: string])[] {
  if (priority === 3) return [];
  return [
    ['X-Priority', String(6 - priority)],
    ['Importance', priority > 3 ? 'high' : 'low'],
  ];
}

const CONTROLS = /[\p{Cc}\p{Zl}\p{Zp}]+/gu;

function encoded(text: string): string {
  // Some mail programs would treat a line break in the decoded text as the end of the field.
  return encodedWords(text.replace(CONTROLS, ' '));
}

/** Encodes the text unless it is ASCII, does not look encoded, and can be folded and unfolded. */
function words(text: string): string {
  return /^(?:[\x21-\x7e]{1,69}(?: [\x21-\x7e]{1,69})*)?$/.test(text) && !text.includes('=?')
    ? text
    : encoded(text);
}

/** A phrase (RFC 5322 §3.2.5): anything but plain words is encoded, which is simpler than quoting. */
function phrase(text: string): string {
  return /^[\w!#$%&'*+/=?^`{|}~ -]+$/.test(text) ? words(text) : encoded(text);
}

/** `=_` never occurs in quoted-printable text (RFC 2045 §6.7). */
const BOUNDARY = '=_alternative';

function alternatives(plain: string, html: string): string {
  const parts = [plain, html].map((body) => `--${BOUNDARY}\r\n${body}`);
  return `Content-Type: multipart/alternative; boundary="${BOUNDARY}"\r\n\r\n${parts.join('')}--${BOUNDARY}--\r\n`;
}

function* part(subtype: 'plain' | 'html', text: string): Steps<string> {
  const lines = `${text.trimEnd()}\n`.replace(/\r\n?|\n/g, '\r\n');
  return (
    `Content-Type: text/${subtype}; charset=utf-8\r\n` +
    `Content-Transfer-Encoding: quoted-printable\r\n\r\n${yield* quotedPrintable(lines)}`
  );
}

function* documentOf({ title, text, url }: Message): Steps<string | undefined> {
  const body = yield* htmlOf(text || title);
  if (body === undefined) return undefined;
  const link = url === undefined ? '' : `<p>${linkTo(url)}</p>\n`;
  return `<!DOCTYPE html>\n<meta charset="utf-8">\n<title>${escapeHtml(title)}</title>\n${body}${link}`;
}
