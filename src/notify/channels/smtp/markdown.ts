/**
 * Markdown as HTML for mail, where it may come from anybody: HTML in it is shown, not taken; links lead to
 * `http:`, `https:` and `mailto:` only; images are links, since a reader would fetch them without being asked.
 */
import { Marked } from 'marked';

/** The time that parsing takes can grow with the square of the length. */
export const MAX_MARKDOWN_UNITS = 16 * 1024;

const followed = /^(?:https?:\/\/|mailto:)[^\s]/i;

const marked = new Marked({
  gfm: true,
  // Senders end lines where they mean to.
  breaks: true,
  tokenizer: {
    // No token is ever HTML; so it is text, and escaped like all text.
    html: () => undefined,
    tag: () => undefined,
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

/** `undefined` for what is too long, or nested deeper than the parser can follow. */
export function htmlOf(markdown: string): string | undefined {
  if (markdown.length > MAX_MARKDOWN_UNITS) return undefined;
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
