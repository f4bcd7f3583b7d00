/** Slack's mrkdwn as Markdown (https://docs.slack.dev/messaging/formatting-message-text). Pure. */
import { withLineBreaks } from './message-input.ts';

const entities: Readonly<Record<string, string>> = { '&lt;': '<', '&gt;': '>', '&amp;': '&' };
/** Mattermost sends Markdown to the same API: what is Markdown stays so. Code keeps its characters. */
const code = /(```[\s\S]*?```|`[^`\n]+`)/;

export function fromMrkdwn(text: string): string {
  return text
    .replace(/\r\n?/g, '\n')
    .split(code)
    .map((part, index) => (index % 2 === 1 ? decodeEntities(part) : markdownOf(part)))
    .join('');
}

/** For text that is not markup, within Markdown. */
export function fromPlain(text: string): string {
  const escaped = decodeEntities(text)
    .replace(/\r\n?/g, '\n')
    .replace(/[\\`*_~[\]]/g, '\\$&');
  return withLineBreaks(withoutHtml(escaped));
}

/** Once: `&amp;lt;` stands for `&lt;`. */
export function decodeEntities(text: string): string {
  return text.replace(/&(?:lt|gt|amp);/g, (entity) => entities[entity] ?? entity);
}

function markdownOf(text: string): string {
  const marked = text
    .replace(bold, '$1**$2**')
    .replace(strike, '$1~~$2~~')
    .replace(/<([^<>\n]+)>/g, (whole, inside: string) => referenceText(inside) ?? whole)
    .replace(urlOrTilde, (_, url?: string) => url ?? '\\~');
  return withLineBreaks(withoutHtml(decodeEntities(marked)));
}

/** Chinese has no blanks around words, but marks of its own around sentences. */
const bold =
  /(^|[\s(_~\u3001-\u3011\uff01-\uff1f])\*(?!\s)([^*\n]*[^*\s])\*(?=$|[\s.,:;!?)_~\u3001-\u3011\uff01-\uff1f])/g;
const strike =
  /(^|[\s(_*\u3001-\u3011\uff01-\uff1f])~(?!\s)([^~\n]*[^~\s])~(?=$|[\s.,:;!?)_*\u3001-\u3011\uff01-\uff1f])/g;

/** Outside of URLs, the first of two tildes that strike in Markdown and are text in Slack, as in `{a=~"b",c=~"d"}`. */
const urlOrTilde = /(https?:\/\/[^\s<>|]+)|(?<!~)~(?=[^\s~](?:[^~\n]*[^\s~])?~(?!~))/g;

/** What Slack shows as text must not become a tag or a character reference, which are not shown. */
function withoutHtml(markdown: string): string {
  return markdown.replace(/<(?=[a-z/!?])|&(?=(?:\w+|#\d+);)/gi, '\\$&');
}

const reference =
  /^(?:https?:|mailto:|tel:|[a-z][a-z\d+.-]*:\/\/|[@#]\w|!(?:here|channel|everyone|group)\b|!(?:date|subteam)\^)/i;

/** What stands between `<` and `>`: a link, a mention, a date. `undefined` for anything else, which is text. */
function referenceText(inside: string): string | undefined {
  if (!reference.test(inside)) return undefined;
  const bar = inside.indexOf('|');
  const target = bar < 0 ? inside : inside.slice(0, bar);
  const label = bar < 0 ? '' : inside.slice(bar + 1);
  if (target.startsWith('!date^')) return label;
  if (target.startsWith('!')) return label || `@${target.slice(1)}`;
  if (target.startsWith('@') || target.startsWith('#'))
    return label === '' ? target : `${target.charAt(0)}${label.replace(/^[@#]/, '')}`;
  if (label === '' || label === target) return target;
  return `[${label.replace(/[[\]]/g, '\\$&')}](${target.replaceAll('(', '%28').replaceAll(')', '%29')})`;
}
