/**
 * Markdown to HTML by marked, in bounded time and in short steps. Parsing can take quadratic time, because the parser may
 * scan all remaining text for each mark: so the sum of the remaining characters over all marks is limited.
 */
import {
  Lexer,
  Marked,
  type MarkedExtension,
  type MarkedOptions,
  Parser,
  type Token,
  type Tokenizer,
  type TokensList,
} from 'marked';
import { anchored } from './anchored.ts';
import type { Steps } from './turns.ts';

export interface MarkdownBounds {
  readonly maxUnits: number;
  /** In characters that the parser may have to look at: 400,000 take about 20 ms of a core. */
  readonly maxInlineWork: number;
  readonly maxBlockWork: number;
  /** The sum of the remaining characters over all blocks, each of which copies the rest of the text. */
  readonly maxRestWork: number;
  /** Of inline and block work, what one step may need: a paragraph, or the blocks of a list. */
  readonly maxStepWork: number;
}

export interface MarkdownForm {
  /** A single line break is one in the result. */
  readonly breaks: boolean;
  /** What becomes of HTML: text like any other, or tokens for the renderer. */
  readonly html: 'text' | 'token';
  readonly renderer: NonNullable<MarkedExtension['renderer']>;
}

/**
 * The HTML of a text; `undefined` if the text is too long, takes too long, or is nested too deeply for the parser.
 * A step is some short blocks, one long one such as a list, the text of a paragraph or of a cell.
 */
export function* markdownSteps(
  markdown: string,
  { breaks, html, renderer }: MarkdownForm,
  bounds: MarkdownBounds,
): Steps<string | undefined> {
  if (markdown.length > bounds.maxUnits) return undefined;
  const budget = new Budget(bounds);
  const { defaults } = new Marked({
    gfm: true,
    breaks,
    renderer,
    tokenizer: {
      ...countingTokenizer(budget, (rest) => lexer.beforeBlock(rest)),
      ...(html === 'text' && withoutHtml),
    },
  });
  const lexer: SteppedLexer = new SteppedLexer(defaults, budget);
  try {
    const tokens = yield* lexer.steps(markdown);
    const parser = new Parser(defaults);
    const blocks: string[] = [];
    for (const token of tokens) {
      blocks.push(parser.parse([token]));
      yield;
    }
    return blocks.join('');
  } catch {
    return undefined;
  }
}

class TooMuchWork extends Error {}

/** The work that is left. */
class Budget {
  readonly #maxStep: number;
  readonly #left: { inline: number; block: number; rest: number; step: number };

  constructor({ maxInlineWork, maxBlockWork, maxRestWork, maxStepWork }: MarkdownBounds) {
    this.#maxStep = maxStepWork;
    this.#left = { inline: maxInlineWork, block: maxBlockWork, rest: maxRestWork, step: maxStepWork };
  }

  startStep(): void {
    this.#left.step = this.#maxStep;
  }

  /** As a tokenizer it only counts, and leaves the text to the parser. */
  spend(kind: 'inline' | 'block', length: number): false {
    this.spendStep(length);
    return this.#take(kind, length);
  }

  spendStep(length: number): false {
    return this.#take('step', length);
  }

  spendRest(length: number): false {
    return this.#take('rest', length);
  }

  #take(kind: 'inline' | 'block' | 'rest' | 'step', length: number): false {
    this.#left[kind] -= length;
    if (this.#left[kind] < 0) throw new TooMuchWork();
    return false;
  }
}

const withoutHtml = { html: () => undefined, tag: () => undefined };

function countingTokenizer(
  budget: Budget,
  beforeBlock: (rest: string) => void,
): NonNullable<MarkedExtension['tokenizer']> {
  const container = (src: string) => budget.spend('block', containerWork(src));
  return {
    // The parser calls this first for every inline token …
    escape: (src) => budget.spend('inline', src.length),
    // … this for every block …
    space(src) {
      beforeBlock(src);
      return budget.spendRest(src.length);
    },
    // … and these for every list and quotation, whose contents it then parses again.
    list: container,
    blockquote: container,
    table(src) {
      const rows = rowsOf(src);
      budget.spendStep(rows.split('|').length * WORK_OF_A_CELL);
      return budget.spend('block', rows.length);
    },
    // Reads on for an end of its own.
    emStrong: (src) =>
      src.startsWith('*') || src.startsWith('_') ? budget.spend('inline', 2 * src.length) : false,
  };
}

/** The cost of a line of a container, however short: the parser applies several patterns to it. */
const WORK_OF_A_LINE = 150;

const containerMark = anchored(/^ {0,3}(?:>|(?:[-+*]|\d{1,9}[.)])(?:[ \t]|\n|$))/);
/** Lists and quotations end here at the latest: at a paragraph after an empty line. */
const containerEnd = /\n[ \t]*\n(?!\s|[-+*][ \t\n]|[>\d])/;

function containerWork(src: string): number {
  if (!containerMark.test(src)) return 0;
  const end = src.search(containerEnd);
  const container = end < 0 ? src : src.slice(0, end);
  return container.length + WORK_OF_A_LINE * container.split('\n').length;
}

/** A table without an end, or with another number of cells than columns, is read as a whole for each of its lines. */
const tableStart = anchored(/^[^\n]*\n {0,3}[|:-]/);
const tableEnd = /\n[ \t]*\n/;
/** All cells of a table are parsed, and rendered, in one step. */
const WORK_OF_A_CELL = 9;

function rowsOf(src: string): string {
  if (!tableStart.test(src)) return '';
  const end = src.search(tableEnd);
  return end < 0 ? src : src.slice(0, end);
}

/** Characters that the parser searches for the end of a span in the time of one unit of work. */
const SEARCHED_PER_UNIT = 5;

/** Of blocks that are parsed in one step. */
const BLOCKS_UNITS = 512;

/** Ends the parsing of blocks between two of them. */
class Interruption {
  readonly rest: string;

  constructor(rest: string) {
    this.rest = rest;
  }
}

/** The parser's own lexer, which stops between blocks, and between the texts of what blocks consist of. */
class SteppedLexer extends Lexer {
  readonly #budget: Budget;
  #depth = 0;
  /** How much was left of the text at the beginning of the step. */
  #startUnits = 0;

  constructor(options: MarkedOptions, budget: Budget) {
    super(options);
    this.#budget = budget;
    const { tokenizer } = this.options;
    if (tokenizer) tokenizer.rules = anchoredRules(tokenizer.rules);
  }

  /** As `lex`. */
  *steps(markdown: string): Steps<Token[]> {
    let rest = markdown.replace(/\r\n?/g, '\n');
    while (rest !== '') {
      this.#budget.startStep();
      rest = this.#blocksOf(rest);
      yield;
    }
    for (const { src, tokens } of this.inlineQueue) {
      this.#budget.startStep();
      this.state.inRawBlock = false;
      this.inlineTokens(src, tokens);
      yield;
    }
    return this.tokens;
  }

  /** Parses some blocks, and gives the rest. */
  #blocksOf(markdown: string): string {
    this.#startUnits = markdown.length;
    this.#depth = 0;
    try {
      this.blockTokens(markdown, this.tokens);
      return '';
    } catch (thrown) {
      if (thrown instanceof Interruption) return thrown.rest;
      throw thrown;
    }
  }

  /** @throws Interruption: not within a list or quotation, and not behind a paragraph, which may go on. */
  beforeBlock(rest: string): void {
    if (this.#depth > 1 || this.#startUnits - rest.length < BLOCKS_UNITS) return;
    if (this.tokens.at(-1)?.type !== 'paragraph') throw new Interruption(rest);
  }

  override blockTokens(src: string, tokens?: Token[], isClipped?: boolean): Token[];
  override blockTokens(src: string, tokens?: TokensList, isClipped?: boolean): TokensList;
  override blockTokens(src: string, tokens?: Token[], isClipped?: boolean): Token[] {
    this.#depth += 1;
    try {
      return super.blockTokens(src, tokens, isClipped);
    } finally {
      this.#depth -= 1;
    }
  }

  /** Before anything else the parser searches the whole text for the end of everything that may be code or a link. */
  override inlineTokens(src: string, tokens?: Token[]): Token[] {
    const starts = src.match(/`+|[[<]/g)?.length ?? 0;
    this.#budget.spend('inline', (starts * src.length) / SEARCHED_PER_UNIT);
    return super.inlineTokens(src, tokens);
  }
}

type Rules = Tokenizer['rules'];

function anchoredRules({ other, block, inline }: Rules): Rules {
  return { other: anchoredSet(other), block: anchoredSet(block), inline: anchoredSet(inline) };
}

/** Sets of rules are few, and the same for every text. */
const anchoredSets = new WeakMap<object, object>();

function anchoredSet<S extends object>(rules: S): S {
  const made = anchoredSets.get(rules) ?? Object.fromEntries(Object.entries(rules).map(anchoredRule));
  anchoredSets.set(rules, made);
  return made as S;
}

/** A pattern, or a function that makes one. */
type Rule = RegExp | ((...values: never[]) => RegExp);

function anchoredRule([name, rule]: [name: string, rule: Rule]): [string, Rule] {
  if (rule instanceof RegExp) return [name, anchored(rule)];
  return [name, (...values) => anchored(rule(...values))];
}
