/**
 * Renders untrusted Markdown as HTML for mail: HTML in it is escaped, links only use `http:`, `https:` and
 * `mailto:`, and images become links, since mail programs would fetch them without consent.
 */
import { Lexer, Marked, type Token } from 'marked';
import { MAX_BLOCK_WORK, MAX_INLINE_WORK, MAX_REST_WORK } from '../text/effort.ts';

export const MAX_MARKDOWN_UNITS = 16 * 1024;
// Parsing can take quadratic time, because the parser may scan all remaining text for each mark. The limits of `effort.ts`
// take about 20 ms of a core, or 50 of an engine that interprets; ordinary messages need a fraction of them.

/** The cost of a line of a container, however short: the parser applies several patterns to it. */
const WORK_OF_A_LINE = 150;
/** Characters that the parser searches for the end of a span in the time of one unit of work. */
const SEARCHED_PER_UNIT = 5;

/** The remaining work for the current text; only one text is parsed at a time. */
const left = { inline: 0, block: 0, rest: 0 };

class TooMuchWork extends Error {}

/** A tokenizer that only counts and leaves the text to the parser. */
function work(kind: keyof typeof left, length: number): false {
  left[kind] -= length;
  if (left[kind] < 0) throw new TooMuchWork();
  return false;
}

const containerMark = /^ {0,3}(?:>|(?:[-+*]|\d{1,9}[.)])(?:[ \t]|\n|$))/;
/** Lists and quotations end here at the latest: at a paragraph after an empty line. */
const containerEnd = /\n[ \t]*\n(?!\s|[-+*][ \t\n]|[>\d])/;

function containerWork(src: string): false {
  if (!containerMark.test(src)) return false;
  const end = src.search(containerEnd);
  const container = end < 0 ? src : src.slice(0, end);
  return work('block', container.length + WORK_OF_A_LINE * container.split('\n').length);
}

/** A table without an end, or with another number of cells than columns, is read as a whole for each of its lines. */
const tableStart = /^[^\n]*\n {0,3}[|:-]/;
const tableEnd = /\n[ \t]*\n/;

function tableWork(src: string): false {
  if (!tableStart.test(src)) return false;
  const end = src.search(tableEnd);
  return work('block', end < 0 ? src.length : end);
}

/** Before anything else the parser searches the whole text for the end of everything that may be code or a link. */
class CountingLexer extends Lexer {
  override inlineTokens(src: string, tokens?: Token[]): Token[] {
    const starts = src.match(/`+|[[<]/g)?.length ?? 0;
    work('inline', (starts * src.length) / SEARCHED_PER_UNIT);
    return super.inlineTokens(src, tokens);
  }
}

const followed = /^(?:https?:\/\/|mailto:)[^\s]/i;

const marked: Marked = new Marked({
  gfm: true,
  // Line breaks in messages are intentional.
  breaks: true,
  tokenizer: {
    // HTML is never a token, so it stays text and is escaped.
    html: () => undefined,
    tag: () => undefined,
    // The parser calls this first for every inline token …
    escape: (src) => work('inline', src.length),
    // … this for every block …
    space: (src) => work('rest', src.length),
    // … and these for every list and quotation, whose contents it then parses again.
    list: containerWork,
    blockquote: containerWork,
    table: tableWork,
    // Reads on for an end of its own.
    emStrong: (src) => (/^[*_]/.test(src) ? work('inline', 2 * src.length) : false),
  },
  hooks: {
    provideLexer: () => (src) => new CountingLexer(marked.defaults).lex(src),
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

/** `undefined` if the text is too long, takes too long, or is nested too deeply for the parser. */
export function htmlOf(markdown: string): string | undefined {
  if (markdown.length > MAX_MARKDOWN_UNITS) return undefined;
  Object.assign(left, { inline: MAX_INLINE_WORK, block: MAX_BLOCK_WORK, rest: MAX_REST_WORK });
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
