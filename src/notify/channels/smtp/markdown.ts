/**
 * Renders untrusted Markdown as HTML for mail: HTML in it is escaped, links only use `http:`, `https:` and
 * `mailto:`, and images become links, since mail programs would fetch them without consent.
 */
import { MAX_MARKDOWN_STEP_WORK } from '../../../util/effort.ts';
import { escapeHtml } from '../../../util/html.ts';
import { type MarkdownForm, markdownSteps } from '../../../util/markdown.ts';
import type { Steps } from '../../../util/turns.ts';

export const MAX_MARKDOWN_UNITS = 16 * 1024;
/** Ordinary messages need a fraction of it; a message beyond is sent as plain text. */
const bounds = {
  maxUnits: MAX_MARKDOWN_UNITS,
  maxInlineWork: 400_000,
  maxBlockWork: 300_000,
  maxRestWork: Number.POSITIVE_INFINITY,
  maxStepWork: MAX_MARKDOWN_STEP_WORK,
};

const followed = /^(?:https?:\/\/|mailto:)[^\s]/i;

const form: MarkdownForm = {
  // Line breaks in messages are intentional.
  breaks: true,
  // HTML is never a token, so it stays text and is escaped.
  html: 'text',
  renderer: {
    link({ href, tokens }) {
      const label = this.parser.parseInline(tokens);
      return followed.test(href) ? anchor(href, label) : label;
    },
    image: ({ href, text }) =>
      followed.test(href) ? anchor(href, escapeHtml(text || href)) : escapeHtml(text),
    checkbox: ({ checked }) => (checked ? '☑ ' : '☐ '),
  },
};

/** `undefined` if the text is too long, takes too long, or is nested too deeply for the parser. */
export const htmlOf = (markdown: string): Steps<string | undefined> => markdownSteps(markdown, form, bounds);

export function linkTo(url: string): string {
  return anchor(url, escapeHtml(url));
}

function anchor(href: string, label: string): string {
  return `<a href="${escapeHtml(href)}">${label}</a>`;
}
