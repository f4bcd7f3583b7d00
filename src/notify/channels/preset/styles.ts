/** How a text is written for a provider. Pure. */
import { convertMarkdown, type Markup } from './markup.ts';

export interface TextStyle {
  /** A piece of the message. Of a single character never shorter than inside of a text. */
  readonly write: (text: string) => string;
  /** A title that begins the text. */
  readonly bold: (title: string) => string;
  /** A title in a place of its own; default: as it is. */
  readonly field?: (title: string) => string;
}

const as = (text: string): string => text;
const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
/** The three that Slack names; they also defuse `<!channel>` and `<@U1>`. */
const escapeSlack = (text: string): string => text.replace(/[&<>]/g, (mark) => entities[mark] ?? '');
const escapeHtml = (text: string): string => text.replace(/[&<>"]/g, (mark) => entities[mark] ?? '');

/**
 * What Markdown would change: marks outside of URLs, where backslashes are not taken for escapes; indented lines, which
 * would become code; numbers of lines, which would be counted anew; references of characters.
 */
const urlOrMark =
  /(https?:\/\/[^\s<>]+)|^( {4}|\t)|[\\`*_~[\]<>|#]|&(?=#?\w+;|$)|^( {0,3}(?:\d{1,9}(?=[.)](?:\s|$)))?)([-+=.)])(?=\s|\4|$)/gm;
function escapeMarkdown(text: string): string {
  return text.replace(urlOrMark, (mark, url?: string, indent?: string, before = '', bullet?: string) => {
    if (indent !== undefined) return `${NO_BREAK_SPACE}${indent.slice(1)}`;
    return url ?? (bullet === undefined ? `\\${mark}` : `${before}\\${bullet}`);
  });
}

/**
 * The few marks that Teams knows. Its apps for phones show the backslash too, so there is none where nothing would be
 * changed: inside of names, before letters, and where a line becomes an item of a list.
 */
const teamsMark =
  /(https?:\/\/[^\s<>]+)|\\(?=[!-/:-@[-`{-~]|$)|[*[]|(?<![^\W_])_|_(?![^\W_])|(?<=^ {0,3}\d{1,9})[.)](?=\s|$)|^[.)]$/gm;
const escapeTeams = (text: string): string =>
  text.replace(teamsMark, (mark, url?: string) => url ?? `\\${mark}`);

const NO_BREAK_SPACE = '\u00a0';
/** Behind it no name of people to notify is recognised. */
const ZERO_WIDTH_SPACE = '\u200b';
/** What notifies a whole channel, also in Slack's form `<!channel>`, which Mattermost translates. */
const unmention = (text: string): string =>
  text.replace(/@(?=(?:all|channel|here)\b)|@$|<(?=!)|<$/gi, `$&${ZERO_WIDTH_SPACE}`);
/** The tag of Feishu. */
const unmentionAt = (text: string): string => text.replace(/<(?=at\b)|<$/gi, `$&${ZERO_WIDTH_SPACE}`);

/** For who takes a single line break for none. */
const doubled = (text: string): string => text.replaceAll('\n', '\n\n');
const hardBreaks = (text: string): string => text.replaceAll('\n', '  \n');

const slackMarkup: Markup = {
  bold: ['*', '*'],
  italic: ['_', '_'],
  strike: ['~', '~'],
  code: ['`', '`'],
  block: ['```\n', '\n```'],
  escape: escapeSlack,
  link: (label, target) => `<${target}|${label.replaceAll('|', '/')}>`,
};
const telegramMarkup: Markup = {
  bold: ['<b>', '</b>'],
  italic: ['<i>', '</i>'],
  strike: ['<s>', '</s>'],
  code: ['<code>', '</code>'],
  block: ['<pre>', '</pre>'],
  escape: escapeHtml,
  link: (label, target) => `<a href="${target}">${label}</a>`,
};

const boldMarkdown = (title: string): string => `**${escapeMarkdown(title)}**`;
const boldSlack = (title: string): string => `*${escapeSlack(title)}*`;
const boldHtml = (title: string): string => `<b>${escapeHtml(title)}</b>`;
const boldMattermost = (title: string): string => unmention(boldMarkdown(title));

/** Those that end in `Text` are for texts, the others for Markdown; `plain` is for both. */
export const styles = {
  plain: { write: as, bold: as },
  slackText: { write: escapeSlack, bold: escapeSlack },
  slack: { write: (text) => convertMarkdown(text, slackMarkup), bold: boldSlack },
  telegramText: { write: escapeHtml, bold: boldHtml },
  telegram: { write: (text) => convertMarkdown(text, telegramMarkup), bold: boldHtml },
  markdownText: { write: escapeMarkdown, bold: boldMarkdown },
  markdown: { write: as, bold: boldMarkdown },
  mattermostText: { write: (text) => unmention(escapeMarkdown(text)), bold: boldMattermost },
  mattermost: { write: unmention, bold: boldMattermost },
  feishuText: { write: unmentionAt, bold: unmentionAt },
  feishu: { write: unmentionAt, bold: boldMarkdown },
  dingtalk: { write: hardBreaks, bold: boldMarkdown },
  teamsText: {
    write: (text) => doubled(escapeTeams(text)),
    bold: (title) => `**${escapeTeams(title)}**`,
    field: escapeTeams,
  },
  serverchanText: { write: (text) => doubled(escapeMarkdown(text)), bold: boldMarkdown },
} as const satisfies Readonly<Record<string, TextStyle>>;

export type StyleName = keyof typeof styles;
