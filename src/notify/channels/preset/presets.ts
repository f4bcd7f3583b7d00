/**
 * The table of presets: a row for each provider. What it leaves out is as in `row.ts`. The keys of a row's
 * configuration stand in `src/config/notify/kinds.ts`, under the same name.
 */
import type { Preset, Responses, Values } from './row.ts';

const MINUTE_MS = 60_000;
const GONE = 'the webhook is wrong or was deleted: make a new one';
const TOKEN = 'the token is wrong';

/** Of ServerChan: a key of the app names its host. */
function serverchanBase({ key }: Values): string {
  const [, host] = /^sctp(\d+)t/i.exec(String(key)) ?? [];
  return host ? `https://${host}.push.ft07.com/send` : 'https://sctapi.ftqq.com';
}

/** Slack and Mattermost confirm in one word. */
const ok: Responses['success'] = ['', 'ok'];

export const presets = {
  slack: {
    label: 'Slack',
    to: '$url',
    mistake: [
      /\/\/hooks\.slack\.com\/(workflows|triggers)\//,
      'belongs to a workflow; add an incoming webhook to an app at api.slack.com, https://hooks.slack.com/services/…',
    ],
    // Marks in a text are no markup; there is no other way to escape them.
    body: { text: '$text', mrkdwn: false },
    markdownBody: { text: '$text' },
    text: 'slackText',
    markdown: 'slack',
    limit: { max: 4000, of: 'units' },
    responses: {
      success: ok,
      // The whole response is a word, unless it is called too often.
      code: '',
      said: '',
      retryAfter: 'retry_after',
      rejects: {
        action_prohibited: 'an administrator of the workspace forbids it',
        invalid_token: GONE,
        no_service: GONE,
        no_service_id: GONE,
        no_active_hooks: GONE,
        no_team: GONE,
        team_disabled: 'the workspace is closed',
        channel_not_found: 'the channel was deleted: make a webhook for another one',
        channel_is_archived: 'the channel is archived: make a webhook for another one',
        posting_to_general_channel_denied: 'only administrators may post to this channel',
      },
    },
  },
  discord: {
    label: 'Discord',
    to: '$url',
    mistake: [
      /\/\/([^/]*\.)?discord(app)?\.com\/(?!api\/(v\d+\/)?webhooks\/\d+\/[^/?#]+\/?(\?|$))/,
      'is none of a webhook; channel → Edit → Integrations → Webhooks → Copy Webhook URL',
    ],
    // Without `wait`, a message that was not saved is no error.
    query: { wait: 'true', thread_id: '$thread' },
    body: { content: '$text', 'flags?': '$priority', allowed_mentions: { parse: [] } },
    text: 'markdownText',
    markdown: 'markdown',
    limit: { max: 2000, of: 'units' },
    // SUPPRESS_NOTIFICATIONS.
    priorities: [4096, 4096],
    responses: {
      id: 'id',
      code: 'code',
      said: 'message',
      retryAfter: 'retry_after',
      rejects: {
        10003: 'there is no such channel or thread',
        10015: GONE,
        50027: GONE,
      },
    },
  },
  telegram: {
    label: 'Telegram',
    to: '$base/bot$token/sendMessage',
    base: () => 'https://api.telegram.org',
    body: {
      chat_id: '$chat',
      'message_thread_id?': '$thread',
      text: '$text',
      'parse_mode?': '$format',
      'disable_notification?': '$priority',
    },
    text: 'telegramText',
    markdown: 'telegram',
    // Counted when the entities are parsed.
    limit: { max: 4096, of: 'source' },
    formats: ['HTML', 'HTML'],
    priorities: [true, true],
    responses: {
      success: ['ok', true],
      id: 'result.message_id',
      code: 'error_code',
      said: 'description',
      retryAfter: 'parameters.retry_after',
      rejects: {
        401: TOKEN,
        403: 'the bot may not write there: start a chat with it, or add it to the group',
        404: TOKEN,
      },
      // What is too long is the sum of all links and marks, which the provider does not document.
      plainIf: /can't parse entities|entities.too.long/i,
      // A group has become a supergroup.
      moved: ['parameters.migrate_to_chat_id', 'chat'],
    },
  },
  feishu: {
    label: 'Feishu',
    to: '$url',
    body: {
      'timestamp?': '$timestamp',
      'sign?': '$sign',
      msg_type: 'post',
      content: { post: { zh_cn: { 'title?': '$title', content: [[{ tag: 'text', text: '$text' }]] } } },
    },
    markdownBody: {
      'timestamp?': '$timestamp',
      'sign?': '$sign',
      msg_type: 'interactive',
      card: {
        schema: '2.0',
        'header?': { title: { tag: 'plain_text', content: '$title' }, 'template?': '$priority' },
        body: { elements: [{ tag: 'markdown', content: '$text' }] },
      },
    },
    text: 'feishuText',
    markdown: 'feishu',
    limit: { max: 20_000, of: 'json' },
    maxTitleUnits: 200,
    priorities: [undefined, undefined, undefined, 'orange', 'red'],
    signature: { unitMs: 1000, key: '$timestamp\n$secret', content: '' },
    rates: [
      { calls: 100, windowMs: MINUTE_MS },
      { calls: 5, windowMs: 1000 },
    ],
    responses: {
      // Old responses have only the second one.
      success: ['code|StatusCode', 0],
      code: 'code|StatusCode',
      said: 'msg|StatusMessage',
      rejects: {
        19001: GONE,
        19021: 'the secret is wrong, or the clock of this host is more than an hour off',
        19022: 'the settings of the bot do not list the address of this server',
        19024: 'the message lacks the keyword that the settings of the bot demand',
      },
      limits: { 11232: 'too many messages' },
      // 9499 means anything that is wrong with a request.
      limitsIf: /too many request/i,
    },
  },
  dingtalk: {
    label: 'DingTalk',
    to: '$url',
    query: { timestamp: '$timestamp', sign: '$sign' },
    headers: { 'content-type': 'application/json; charset=utf-8' },
    body: { msgtype: 'text', text: { content: '$text' } },
    markdownBody: { msgtype: 'markdown', markdown: { title: '$title', text: '$text' } },
    text: 'plain',
    markdown: 'dingtalk',
    limit: { max: 20_000, of: 'json' },
    needsTitle: true,
    signature: { unitMs: 1, key: '$secret', content: '$timestamp\n$secret' },
    rates: [{ calls: 20, windowMs: MINUTE_MS }],
    responses: {
      success: ['errcode', 0],
      code: 'errcode',
      said: 'errmsg',
      rejects: {
        300001: TOKEN,
        300005: TOKEN,
        310000: 'the security settings of the robot refuse it: keyword, secret, clock or address',
        400013: 'the group was dissolved',
        400101: TOKEN,
        400102: 'the robot is stopped',
        400106: GONE,
      },
      retries: { '-1': 'DingTalk is busy' },
      limits: { 130101: 'too many messages', 410100: 'too many messages' },
      // So long a robot is silenced.
      blockMs: 10 * MINUTE_MS,
    },
  },
  teams: {
    label: 'Teams',
    to: '$url',
    mistake: [
      /\/\/[^/]*(webhook\.office\.com|outlook\.office(365)?\.com)\//,
      'belongs to a connector of Office 365, which has ended; make a workflow: «Send webhook alerts to a channel»',
    ],
    body: {
      type: 'message',
      attachments: [
        {
          contentType: 'application/vnd.microsoft.card.adaptive',
          content: {
            $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
            type: 'AdaptiveCard',
            version: '1.4',
            body: [
              {
                type: 'TextBlock',
                text: '$title',
                weight: 'Bolder',
                size: 'Medium',
                wrap: true,
                'color?': '$priority',
              },
              { type: 'TextBlock', text: '$text', wrap: true },
            ],
            'actions?': [{ type: 'Action.OpenUrl', title: 'Open', url: '$link' }],
            msteams: { width: 'Full' },
          },
        },
      ],
    },
    text: 'teamsText',
    // The flow checks it after it has accepted: 28 kB.
    limit: { max: 26_000, of: 'json' },
    maxTitleUnits: 200,
    hasLink: true,
    priorities: [undefined, undefined, undefined, 'Warning', 'Attention'],
    responses: {
      code: 'error.code',
      said: 'error.message',
      rejects: {
        DirectApiAuthorizationRequired: 'the workflow demands a login: let anyone trigger it',
        WorkflowTriggerIsNotEnabled: 'the workflow is turned off',
        WorkflowNotFound: 'the workflow was deleted: make a new one',
      },
    },
  },
  mattermost: {
    label: 'Mattermost',
    to: '$url',
    body: { text: '$text', 'channel?': '$channel' },
    text: 'mattermostText',
    markdown: 'mattermost',
    limit: { max: 16_000, of: 'units' },
    responses: {
      success: ok,
      code: 'id',
      said: 'message',
      rejects: {
        'web.incoming_webhook.invalid.app_error': GONE,
        'web.incoming_webhook.disabled.app_error': 'incoming webhooks are turned off in the System Console',
      },
    },
  },
  pushplus: {
    label: 'PushPlus',
    to: '$base/send',
    base: () => 'https://www.pushplus.plus',
    body: { token: '$token', 'topic?': '$topic', 'title?': '$title', content: '$text', template: '$format' },
    text: 'plain',
    markdown: 'markdown',
    // The default is HTML.
    formats: ['txt', 'markdown'],
    limit: { max: 20_000, of: 'units' },
    maxTitleUnits: 100,
    // What is more is taken, and not shown.
    rates: [{ calls: 5, windowMs: MINUTE_MS }],
    responses: {
      success: ['code', 200],
      id: 'data',
      code: 'code',
      said: 'msg',
      rejects: {
        888: 'the account has not enough credit',
        900: 'the account is restricted for too many messages: wait for days, since each further call prolongs it',
        903: TOKEN,
        905: 'the account needs a verified name',
      },
      retries: { 500: 'PushPlus has a fault' },
    },
  },
  serverchan: {
    label: 'ServerChan',
    to: '$base/$key.send',
    base: serverchanBase,
    body: { title: '$title', desp: '$text' },
    text: 'serverchanText',
    markdown: 'markdown',
    limit: { max: 30_000, of: 'bytes' },
    maxTitleUnits: 32,
    needsTitle: true,
    responses: {
      success: ['code', 0],
      id: 'data.pushid',
      code: 'code',
      said: 'message',
      rejects: { 40001: 'the key is wrong' },
      // 超过, 上限 and 限制, under the same code as that of a wrong key.
      limitsIf: /\u8d85\u8fc7|\u4e0a\u9650|\u9650\u5236/,
    },
  },
  bark: {
    label: 'Bark',
    to: '$base/push',
    base: () => 'https://api.day.app',
    body: {
      device_key: '$key',
      'title?': '$title',
      body: '$text',
      'url?': '$link',
      'group?': '$group',
      'sound?': '$sound',
      'level?': '$priority',
      // A repetition replaces the notification.
      id: '$id',
    },
    text: 'plain',
    // 4,096 bytes of APNs, less what the server adds.
    limit: { max: 3700, of: 'go json' },
    maxTitleUnits: 200,
    hasLink: true,
    priorities: ['passive', 'passive', undefined, 'timeSensitive', 'critical'],
    responses: {
      success: ['code', 200],
      code: 'code',
      said: 'message',
      rejectsIf: /BadDeviceToken|Unregistered|DeviceTokenNotForTopic|PayloadTooLarge/,
    },
  },
  gotify: {
    label: 'Gotify',
    to: '$base/message',
    headers: { 'x-gotify-key': '$token' },
    body: {
      'title?': '$title',
      message: '$text',
      priority: '$priority',
      'extras?': {
        'client::display?': { contentType: '$format' },
        'client::notification?': { click: { url: '$link' } },
      },
    },
    text: 'plain',
    markdown: 'markdown',
    formats: [undefined, 'text/markdown'],
    limit: { max: 30_000, of: 'bytes' },
    maxTitleUnits: 200,
    hasLink: true,
    // From 4 on a phone makes a sound, from 8 on it shows a banner.
    priorities: [1, 3, 5, 7, 10],
    responses: {
      success: ['id'],
      id: 'id',
      code: 'errorCode',
      said: 'errorDescription',
      rejects: { 401: TOKEN, 403: 'it is no token of an application' },
    },
  },
  ntfy: {
    label: 'ntfy',
    // JSON is understood here only: what is sent to `/TOPIC` is a text.
    to: '$base/',
    base: () => 'https://ntfy.sh',
    mistake: [/\/\/ntfy\.sh\/+[^/]/, 'has a path; write the topic into topic'],
    headers: { authorization: 'Bearer $token' },
    body: {
      topic: '$topic',
      'title?': '$title',
      message: '$text',
      priority: '$priority',
      'tags?': '$tags',
      'click?': '$link',
      'markdown?': '$format',
      // A repetition replaces the message.
      sequence_id: '$id',
    },
    text: 'plain',
    markdown: 'markdown',
    formats: [undefined, true],
    // One of 4,096 bytes becomes an attachment, and a body of more than twice as much is refused.
    limit: { max: 4095, of: 'bytes', maxJsonBytes: 8192 },
    maxTitleUnits: 200,
    hasLink: true,
    priorities: [1, 2, 3, 4, 5],
    responses: {
      success: ['id'],
      id: 'id',
      code: 'code',
      said: 'error',
      rejects: { 40101: TOKEN, 40301: 'the token may not publish to this topic' },
      limits: { 42908: 'the messages of the day are used up' },
    },
  },
} as const satisfies Readonly<Record<string, Preset>>;

export type PresetName = keyof typeof presets;
