/**
 * The README below a listing. It may be by anybody: no HTML of it is taken over, links do not run scripts, and images
 * become links, since the page loads nothing.
 */
import { MAX_MARKDOWN_STEP_WORK } from '../util/effort.ts';
import { escapeHtml } from '../util/html.ts';
import { type MarkdownForm, markdownSteps } from '../util/markdown.ts';
import type { Steps } from '../util/turns.ts';
import type { Readme } from './readme.ts';

/** Markdown beyond these is shown as text; parsing it up to there takes less than 50 ms of a core with Node. */
const bounds = {
  maxUnits: 44 * 1024,
  maxInlineWork: 800_000,
  maxBlockWork: 400_000,
  maxRestWork: Number.POSITIVE_INFINITY,
  maxStepWork: MAX_MARKDOWN_STEP_WORK,
};

/** The text of a README as HTML. */
export function* renderReadme(name: string, text: string): Steps<Readme> {
  const isMarkdown = /\.(?:md|markdown)$/i.test(name);
  const html = isMarkdown ? yield* markdownSteps(text, newForm(), bounds) : undefined;
  return { name, html: html ?? `<pre>${escapeHtml(text)}</pre>\n` };
}

/** For one text. */
function newForm(): MarkdownForm {
  const anchors = new Set<string>();
  // The level of the last heading; that of the page is the first.
  let lastLevel = 1;
  return {
    breaks: false,
    html: 'token',
    renderer: {
      html: ({ text }) => escapeText(text.replace(TAGS, '')),
      // Behind `<pre>` and the like the parser takes text for HTML.
      text(token) {
        const inner = 'tokens' in token ? token.tokens : undefined;
        return inner ? this.parser.parseInline(inner) : escapeText(token.text);
      },
      heading({ tokens, depth }) {
        const content = this.parser.parseInline(tokens);
        if (content.trim() === '') return '';
        // The page has its own first heading, and who reads by headings misses what lies between two levels.
        const level = Math.min(depth + 1, lastLevel + 1, 6);
        lastLevel = level;
        const text = this.parser.parseInline(tokens, this.parser.textRenderer).replace(TAGS, '');
        return `<h${level}${anchorOf(text, anchors)}>${content}</h${level}>\n`;
      },
      link({ href, tokens }) {
        // A badge is a picture in a link; a link in a link would end it.
        const label = this.parser.parseInline(tokens).replace(LINKS, '');
        return isSafe(href) ? linkTo(inPage(href), label) : label;
      },
      tablecell({ header, align, tokens }) {
        const content = this.parser.parseInline(tokens);
        const name = header && content.trim() !== '' ? 'th' : 'td';
        return `<${name}${align ? ` align="${align}"` : ''}>${content}</${name}>\n`;
      },
      image: ({ href, text }) => (isSafe(href) ? linkTo(href, escapeHtml(text)) : escapeHtml(text)),
      checkbox: ({ checked }) => (checked ? '☑ ' : '☐ '),
    },
  };
}

/** A link without a label shows where it leads; what shows nothing is none. */
function linkTo(href: string, label: string): string {
  const shown = label.trim() === '' ? escapeHtml(href) : label;
  return shown.trim() === '' ? '' : `<a href="${escapeHtml(href)}">${shown}</a>`;
}

/** What {@link renderReadme} makes of links: nothing else in its HTML has a `<`. */
const LINKS = /<\/?a(?: [^>]*)?>/g;
const TAGS = /<!--[\s\S]*?(?:-->|$)|<[/!?]?[a-z][^<>]*>/gi;

/** What looks like a character reference stays one. */
function escapeText(text: string): string {
  return escapeHtml(text).replace(/&amp;(#?\w{1,32};)/g, '&$1');
}

/** What browsers leave out of a URL before they read its scheme (URL Standard §4.4). */
const IGNORED = /[\0-\x20\x7f-\x9f]/g;
const SCHEME = /^[a-z][a-z0-9+.-]*:/i;
const SAFE_SCHEME = /^(?:https?|mailto):/i;

/** Whether it leads to another page: it is relative, or has a scheme that runs nothing. */
function isSafe(href: string): boolean {
  const read = href.replace(IGNORED, '');
  return !SCHEME.test(read) || SAFE_SCHEME.test(read);
}

/** The anchors of the README have a prefix, so that they cannot be those of the page. */
const PREFIX = 'readme-';

function inPage(href: string): string {
  return href.startsWith('#') && href.length > 1 ? `#${PREFIX}${href.slice(1).toLowerCase()}` : href;
}

const NOT_IN_ANCHORS = /[^\p{L}\p{M}\p{N}_\s-]/gu;

/** As GitHub makes them: in lower case, blanks as hyphens, without other marks. */
function anchorOf(heading: string, anchors: Set<string>): string {
  const slug = heading.toLowerCase().replace(NOT_IN_ANCHORS, '').trim().replace(/\s/g, '-');
  if (slug === '' || anchors.has(slug)) return '';
  anchors.add(slug);
  return ` id="${PREFIX}${slug}"`;
}
