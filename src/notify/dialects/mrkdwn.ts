/** Slack's mrkdwn as Markdown (https://docs.slack.dev/messaging/formatting-message-text). Pure. */

const entities: Readonly<Record<string, string>> = { '&lt;': '<', '&gt;': '>', '&amp;': '&' };
/** Mattermost sends Markdown to the same API: what is Markdown stays so. Code keeps its characters. */
const code = /(```[\s\S]*?```|`[^`\n]+`)/;

export function fromMrkdwn(text: string): string {
  return text
    .replace(/\r\n?/g, '\n')
    .split(code)
    .map((part, index) => decodeEntities(index % 2 === 1 ? part : markdownOf(part)))
    .join('');
}

/** For text that is not markup, within Markdown. */
export function fromPlain(text: string): string {
  return decodeEntities(text).replace(/[\\`*_~[\]]/g, '\\$&');
}

/** Once: `&amp;lt;` stands for `&lt;`. */
export function decodeEntities(text: string): string {
  return text.replace(/&(?:lt|gt|amp);/g, (entity) => entities[entity] ?? entity);
}

function markdownOf(text: string): string {
  return (
    text
      .replace(/(^|[\s(_~])\*(?!\s)([^*\n]*[^*\s])\*(?=$|[\s.,:;!?)_~])/g, '$1**$2**')
      .replace(/(^|[\s(_*])~(?!\s)([^~\n]*[^~\s])~(?=$|[\s.,:;!?)_*])/g, '$1~~$2~~')
      .replace(/<([^<>\n]+)>/g, (_, inside: string) => referenceText(inside))
      // A line break of Slack is one, where Markdown would join the lines.
      .replace(/([^\n])\n(?!\n)/g, '$1  \n')
  );
}

/** What stands between `<` and `>`: a link, a mention, a date. */
function referenceText(inside: string): string {
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
