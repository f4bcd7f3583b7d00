/** What the page says, in the languages that it speaks: one table. Pure. */

export const LANGUAGES = ['en', 'zh'] as const;
export type Language = (typeof LANGUAGES)[number];
type Words = readonly [en: string, zh: string];

const same = (name: string): Words => [name, name];

/** In the places of `{{key}}` in `page.html`. */
const markupWords = {
  pageTitle: ['Send a message', '发送消息'],
  noScript: [
    'Without its script, this page cannot send. This can:',
    '没有脚本时本页无法发送，可以用命令发送：',
  ],
  token: ['Token', '令牌'],
  keep: ['Keep it until this tab closes', '保留到关闭此标签页'],
  title: ['Title', '标题'],
  text: ['Text', '正文'],
  channels: ['Channels', '渠道'],
  more: ['More', '更多'],
  format: ['Format', '格式'],
  plainText: ['Plain text', '纯文本'],
  priority: ['Priority', '优先级'],
  highest: ['5, wakes people', '5，紧急'],
  normal: ['3, normal', '3，普通'],
  lowest: ['1, may wait', '1，不急'],
  link: ['Link', '链接'],
  send: ['Send', '发送'],
  result: ['Result', '结果'],
  again: ['Look again', '再看一次'],
  recent: ['Last messages', '最近的消息'],
  recentNote: [
    'The last 20 of this token that this server remembers.',
    '本服务器记得的、这个令牌最近的 20 条消息。',
  ],
  api: ['The API for programs', '供程序使用的接口'],
} as const satisfies Readonly<Record<string, Words>>;

/**
 * For `page.js`, by `{name}` where a value belongs. Of errors only the translations: in English the server's own words are
 * shown, which say more.
 */
const scriptWords = {
  send: markupWords.send,
  sending: ['Sending …', '正在发送…'],
  badToken: [
    'This token has characters that no token has: copy it again.',
    '令牌中有不允许的字符：请重新复制。',
  ],
  badStatus: ['The server responded with status {status}.', '服务器返回了状态码 {status}。'],
  silent: ['The server does not respond.', '服务器没有响应。'],
  noResponse: [
    'No response came: the message may have been accepted. Press Send again: it is sent only once.',
    '没有收到响应：消息可能已被接收。请再按一次“发送”：不会重复发送。',
  ],
  noChannel: ['Choose a channel.', '请选择渠道。'],
  owner: ['for {user}', '属于 {user}'],
  delivered: ['Delivered', '已送达'],
  pending: ['Accepted, on its way', '已接收，正在发送'],
  pendingFailed: ['Not delivered everywhere, still trying the rest', '部分渠道失败，其余仍在尝试'],
  partial: ['Delivered, but not everywhere', '部分送达'],
  failed: ['Not delivered', '未送达'],
  repeated: ['{state} (accepted before, not sent twice)', '{state}（之前已接收，没有重复发送）'],
  deliveredAt: ['delivered at {time}', '{time} 送达'],
  failedAt: ['failed at {time}', '{time} 失败'],
  waiting: ['first attempt under way', '正在第一次尝试'],
  retrying: ['retrying, attempt {attempt} at {time}', '将于 {time} 进行第 {attempt} 次尝试'],
  untitled: ['(no title)', '（无标题）'],
  nothing: ['None yet.', '还没有消息。'],
  error_unauthorized: ['', '令牌无效：请检查是否缺少字符，或向管理员索取新的令牌。'],
  error_forbidden: ['', '这个令牌无权使用所选的渠道，或者没有渠道：请联系管理员。'],
  error_too_many_requests: ['', '请求过于频繁：请在 {seconds} 秒后重试。'],
  error_unavailable: ['', '服务器暂时无法接收：请在 {seconds} 秒后重试。'],
  error_not_found: ['', '找不到这条消息：它可能早已结束。'],
  error_conflict: ['', '这个请求已用于另一条消息：请再按一次“发送”。'],
  error_content_too_large: ['', '消息太长：请缩短。'],
  field_text: ['', '请填写标题或正文。'],
  field_url: ['', '链接必须是不超过 2048 字节的 http 或 https 网址。'],
  kind_wecom: ['WeCom', '企业微信'],
  'kind_wecom-robot': ['WeCom group', '企业微信群'],
  kind_smtp: ['e-mail', '邮件'],
  kind_aliyun: ['SMS', '短信'],
  kind_tencent: ['SMS', '短信'],
  kind_twilio: ['SMS', '短信'],
  kind_feishu: ['Feishu', '飞书'],
  kind_dingtalk: ['DingTalk', '钉钉'],
  kind_serverchan: ['ServerChan', 'Server酱'],
  kind_teams: same('Microsoft Teams'),
  kind_slack: same('Slack'),
  kind_discord: same('Discord'),
  kind_telegram: same('Telegram'),
  kind_mattermost: same('Mattermost'),
  kind_pushplus: same('PushPlus'),
  kind_bark: same('Bark'),
  kind_gotify: same('Gotify'),
} as const satisfies Readonly<Record<string, Words>>;

const tags: Readonly<Record<Language, string>> = { en: 'en', zh: 'zh-CN' };
const column = (language: Language) => LANGUAGES.indexOf(language);

/** `markup`, which says that it is English, with its words, escaped for text and for attributes in double quotes. */
export function inLanguage(markup: string, language: Language): string {
  const words: Readonly<Record<string, Words>> = markupWords;
  const tagged = markup.replace('<html lang="en">', `<html lang="${tags[language]}">`);
  return tagged.replace(/\{\{(\w+)\}\}/g, (_, key: string) =>
    key === 'words' ? escaped(scriptJson(language)) : escaped(words[key]?.[column(language)] ?? key),
  );
}

function scriptJson(language: Language): string {
  const said = Object.entries<Words>(scriptWords).map(([key, words]) => [key, words[column(language)]]);
  return JSON.stringify(Object.fromEntries(said.filter(([, words]) => words !== '')));
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');
}

const MAX_RANGES = 20;

/** The one that a client prefers (RFC 9110 §12.5.4); English for all that mote does not speak, which `*` stands for. */
export function languageOf(acceptLanguage = ''): Language {
  let best: { readonly language: Language; readonly weight: number } = { language: 'en', weight: 0 };
  for (const range of acceptLanguage.split(',', MAX_RANGES)) {
    const [tag = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    const language = tag === '*' ? 'en' : LANGUAGES.find((one) => tag === one || tag.startsWith(`${one}-`));
    const weight = Number(parameters.find((one) => one.startsWith('q='))?.slice(2) ?? 1);
    if (language && weight > best.weight) best = { language, weight };
  }
  return best.language;
}
