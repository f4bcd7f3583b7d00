/**
 * Markdown to HTML by marked, in bounded time. Parsing can take quadratic time, because the parser may scan all
 * remaining text for each mark: so the sum of the remaining characters over all marks is limited.
 */
import { Lexer, Marked, type MarkedExtension, type Token } from 'marked';

export interface MarkdownBounds {
  readonly maxUnits: number;
  /** In characters that the parser may have to look at: 400,000 take about 20 ms of a core. */
  readonly maxInlineWork: number;
  readonly maxBlockWork: number;
  /** The sum of the remaining characters over all blocks, each of which copies the rest of the text. */
  readonly maxRestWork: number;
}

export interface MarkdownForm {
  /** A single line break is one in the result. */
  readonly breaks: boolean;
  /** What becomes of HTML: text like any other, or tokens for the renderer. */
  readonly html: 'text' | 'token';
  readonly renderer: NonNullable<MarkedExtension['renderer']>;
}

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

/**
 * A function that gives the HTML of a text; `undefined` if the text is too long, takes too long, or is nested too deeply
 * for the parser.
 */
export function markdownReader(
  { breaks, html, renderer }: MarkdownForm,
  { maxUnits, maxInlineWork, maxBlockWork, maxRestWork }: MarkdownBounds,
): (markdown: string) => string | undefined {
  const marked: Marked = new Marked({
    gfm: true,
    breaks,
    renderer,
    tokenizer: {
      ...(html === 'text' && { html: () => undefined, tag: () => undefined }),
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
  });
  return (markdown) => {
    if (markdown.length > maxUnits) return undefined;
    Object.assign(left, { inline: maxInlineWork, block: maxBlockWork, rest: maxRestWork });
    try {
      return marked.parse(markdown, { async: false });
    } catch {
      return undefined;
    }
  };
}
