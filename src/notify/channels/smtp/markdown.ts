/**
 * Markdown as HTML for mail, where it may come from anybody: HTML in it is shown, not taken; links lead to
 * `http:`, `https:` and `mailto:` only; images are links, since a reader would fetch them without being asked.
 */
import { Marked } from 'marked';

export const MAX_MARKDOWN_UNITS = 16 * 1024;
/**
 * The time that parsing takes can grow with the square of the length: each mark may make the parser look through all
 * that follows it. So this is counted, in characters that lie before the parser, and whoever wants more gets plain
 * text. Some 20 ms of a core; what people write takes a fraction.
 */
const MAX_INLINE_WORK = 400_000;
const MAX_BLOCK_WORK = 300_000;
/** The parser looks at each line of a container with several patterns, however short it is. */
const WORK_OF_A_LINE = 150;

/** What is left to the text that is being parsed, which is one at a time. */
const left = { inline: 0, block: 0 };

class TooMuchWork extends Error {}

/** As a tokenizer: counts, and leaves the rest to the parser. */
function work(kind: keyof typeof left, length: number): false {
  left[kind] -= length;
  if (left[kind] < 0) throw new TooMuchWork();
  return false;
}

const containerMark = /^ {0,3}(?:>|(?:[-+*]|\d{1,9}[.)])(?:[ \t]|\n|$))/;
/** Where lists and quotations end at the latest: a paragraph behind an empty line. */
const containerEnd = /\n[ \t]*\n(?!\s|[-+*][ \t\n]|[>\d])/;

function containerWork(src: string): false {
  if (!containerMark.test(src)) return false;
  const end = src.search(containerEnd);
  const container = end < 0 ? src : src.slice(0, end);
  return work('block', container.length + WORK_OF_A_LINE * container.split('\n').length);
}

const followed = /^(?:https?:\/\/|mailto:)[^\s]/i;

const marked = new Marked({
  gfm: true,
  // Senders end lines where they mean to.
  breaks: true,
  tokenizer: {
    // No token is ever HTML; so it is text, and escaped like all text.
    html: () => undefined,
    tag: () => undefined,
    // The parser asks this one first for every piece of a line …
    escape: (src) => work('inline', src.length),
    // … and these for every list and quotation, which it then parses once more.
    list: containerWork,
    blockquote: containerWork,
  },
  renderer: {
    link({ href, tokens }) {
      const label = this.parser.parseInline(tokens);
      return followed.test(href) ? anchor(href, label) : label;
    },
    image: ({ href, text }) =>
      followed.test(href) ? anchor(href, escapeHtml(text || href)) : escapeHtml(text),
    checkbox: ({ checked }) => (checked ? '☑ ' : '☐ '),
  },
});

/** `undefined` for what is too long, takes too long, or is nested deeper than the parser can follow. */
export function htmlOf(markdown: string): string | undefined {
  if (markdown.length > MAX_MARKDOWN_UNITS) return undefined;
  Object.assign(left, { inline: MAX_INLINE_WORK, block: MAX_BLOCK_WORK });
  try {
    return marked.parse(markdown, { async: false });
  } catch {
    return undefined;
  }
}

export function linkTo(url: string): string {
  return anchor(url, escapeHtml(url));
}

function anchor(href: string, label: string): string {
  return `<a href="${escapeHtml(href)}">${label}</a>`;
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? '');
}
