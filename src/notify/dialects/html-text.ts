/** HTML as text, for channels that show only text. Not a sanitiser: the output is text, not HTML. Pure. */
import { MAX_HTML_UNITS } from '../api/effort.ts';

const entities: ReadonlyMap<string, string> = new Map([
  ['amp', '&'],
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['apos', "'"],
  ['nbsp', '\u00a0'],
]);

/** Its parts are short, so that the search takes linear time. */
const link =
  /<a\s[^<>]{0,200}?\bhref=["']?(https?:\/\/[^"'\s<>]{1,2000})(?=["'\s>])[^<>]{0,200}>([^<>]{1,500})<\/a>/gi;

/** The text of a fragment of HTML, with line breaks where blocks end. */
export function htmlToText(html: string): string {
  const text = html
    .slice(0, MAX_HTML_UNITS)
    .replace(/[ \t\r\n]{2,}|[\t\r\n]/g, ' ')
    .replace(/<li\b[^<>]*>/gi, '\n- ')
    .replace(/<(?:br|hr)\b[^<>]*>|<\/(?:p|div|h[1-6]|tr|table|ul|ol|pre|blockquote)\s*>/gi, '\n')
    .replace(link, (_, target: string, label: string) => (label === target ? label : `${label} (${target})`))
    .replace(/<\/?[a-z][^<>]*>/gi, '')
    .replace(/ ?\n ?/g, '\n')
    .replace(/\n{3,}/g, '\n\n')
    .replace(
      /&(#\d{1,7}|#x[0-9a-f]{1,6}|[a-z]{2,4});/gi,
      (entity, name: string) => characterOf(name) ?? entity,
    )
    .trim();
  return html.length > MAX_HTML_UNITS ? `${text}\n\n…` : text;
}

function characterOf(name: string): string | undefined {
  if (!name.startsWith('#')) return entities.get(name.toLowerCase());
  const point = /^#x/i.test(name) ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1));
  return point <= 0x10ffff ? String.fromCodePoint(point) : undefined;
}
