/**
 * Markdown in the markup of a provider that has another one. Marks are always in pairs and never overlap, since some
 * providers refuse the message otherwise; what is not recognised is text. Works line by line. Pure.
 */
import { emphases, replaceParts } from '../text/readable.ts';

type Pair = readonly [open: string, close: string];

export interface Markup {
  readonly bold: Pair;
  readonly italic: Pair;
  readonly strike: Pair;
  readonly code: Pair;
  readonly block: Pair;
  readonly escape: (text: string) => string;
  /** Both are escaped already. */
  readonly link: (label: string, target: string) => string;
}

/** Marks finished parts. This noncharacter (Unicode §23.7) is removed from the input first. */
const HELD = '\uffff';
const held = /\uffff(\d+)\uffff/g;
const parts =
  /(?<ticks>`+)|!?\[(?<label>[^[\]]*)\]\((?<target>https?:[^()\s]*(?:\([^()\s]*\)[^()\s]*)*)\)|<?(?<url>https?:\/\/[^\s<>*]+)>?|\\(?<escaped>[!-/:-@[-`{-~])/g;

export function convertMarkdown(markdown: string, markup: Markup): string {
  let isBlank = true;
  const converted = convert(markdown, {
    ...markup,
    escape: (text) => {
      if (isBlank) isBlank = text.replace(held, '').trim() === '';
      return markup.escape(text);
    },
  });
  // Of marks around nothing, nothing would be left: providers refuse empty messages.
  return isBlank ? markup.escape(markdown) : converted;
}

function convert(markdown: string, markup: Markup): string {
  const out: string[] = [];
  let block: string[] | undefined;
  let fence = '';
  const close = () => {
    // An empty one would be longer than it was written.
    if (block?.length) out.push(markup.block[0] + markup.escape(block.join('\n')) + markup.block[1]);
    block = undefined;
  };
  for (const line of markdown.replaceAll(HELD, '').split('\n')) {
    const [, mark = ''] = /^ {0,3}(`{3,}|~{3,})/.exec(line) ?? [];
    if (block && mark.startsWith(fence) && line.trim() === mark) close();
    else if (block) block.push(line);
    else if (mark === '') out.push(lineOf(line, markup));
    else [block, fence] = [[], mark];
  }
  close();
  return out.join('\n');
}

function lineOf(line: string, markup: Markup): string {
  const [, heading] = /^ {0,3}#{1,6}[ \t]+(.+?)[ \t#]*$/.exec(line) ?? [];
  if (heading !== undefined) return wrap(markup.bold, inline(heading.replace(/\*\*|__/g, ''), markup));
  return inline(line.replace(/^(\s*)[*+-](?=[ \t])/, '$1•'), markup);
}

function inline(text: string, markup: Markup): string {
  const kept: string[] = [];
  const keep = (part: string): string => `${HELD}${kept.push(part) - 1}${HELD}`;
  const open = replaceParts(text, parts, {
    code: (code) => keep(wrap(markup.code, markup.escape(code.trim() || code))),
    other: ({ groups = {} }) => {
      const { label, target = '', url, escaped = '' } = groups;
      if (label?.trim()) return keep(markup.link(markup.escape(label), markup.escape(target)));
      return keep(markup.escape(url ?? (escaped || target)));
    },
  });
  return emphasised(open, 0, markup).replace(held, (_, index: string) => kept[Number(index)] ?? '');
}

/** Which marks each of {@link emphases} means. */
const meanings = [['bold', 'italic'], ['bold'], ['bold'], ['italic'], ['italic'], ['strike']] as const;

/** What all of {@link emphases} are made of. */
const emphasisMark = /[*_~]/;

/** The patterns from `index` on: what is inside a pair, and what is outside of it, is searched for the later ones. */
function emphasised(text: string, index: number, markup: Markup): string {
  const [pattern, names] = [emphases[index], meanings[index]];
  if (!pattern || !names || !emphasisMark.test(text)) return markup.escape(text);
  let out = '';
  let at = 0;
  // Not by `matchAll`, which compiles a pattern of its own for each text.
  pattern.lastIndex = 0;
  for (let found = pattern.exec(text); found; found = pattern.exec(text)) {
    const { 0: whole, 1: inner = '', index: start } = found;
    out += emphasised(text.slice(at, start), index + 1, markup);
    out += names.reduceRight(
      (content, name) => wrap(markup[name], content),
      emphasised(inner, index + 1, markup),
    );
    at = start + whole.length;
  }
  return out + emphasised(text.slice(at), index + 1, markup);
}

function wrap([open, close]: Pair, content: string): string {
  return open + content + close;
}
