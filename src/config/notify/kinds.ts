/**
 * The one table of channels: the kinds and the keys of each. A key `someKey` of the kind `kind` is also the variable
 * `KIND_SOME_KEY`, for the one user who is configured by the environment alone.
 */
import type { KeyTable, KeyValues } from './key-table.ts';
import type { Kind } from './variables.ts';

const text = { type: 'text' } as const;
const texts = { type: 'texts' } as const;
const secret = { type: 'text', secret: true } as const;
const required = { required: true } as const;

// What several kinds share.
const base = {
  ...text,
  doc: "The http(s) URL of the provider's API, or of a gateway in front of it.",
} as const;
const proxy = {
  ...secret,
  doc: 'The HTTP proxy to use: http://[user:password@]host:port.',
} as const;
const numbers = { ...texts, ...required, doc: 'The phone numbers, with + and country code.' } as const;
const maxVariableCharacters = {
  type: 'integer',
  min: 1,
  max: 10_000,
  doc: 'Longer values of variables are truncated; default: no limit.',
} as const;

const hook = { ...secret, ...required, doc: 'The URL that the provider shows for the webhook.' } as const;
const robotSecret = {
  ...secret,
  doc: 'The secret, if the robot demands signatures (加签, 签名校验).',
} as const;
const token = { ...secret, ...required, doc: 'The token.' } as const;

export const kinds = {
  wecom: {
    doc: 'Messages of a WeCom (企业微信) application.',
    keys: {
      corpId: { ...text, ...required, doc: 'The id of the company (企业ID).' },
      secret: { ...secret, ...required, doc: 'The secret of the application.' },
      agentId: {
        ...required,
        type: 'integer',
        min: 0,
        max: 2 ** 31,
        doc: 'The id of the application (AgentId).',
      },
      users: { ...texts, doc: 'User ids, or @all; one of users, parties and tags is required.' },
      parties: { ...texts, doc: 'Ids of departments.' },
      tags: { ...texts, doc: 'Ids of tags.' },
      style: {
        ...text,
        words: ['text', 'markdown', 'textcard'],
        doc: 'The type of the message; default text, since WeChat (微信插件) does not show markdown.',
      },
      safe: { type: 'boolean', doc: 'Recipients cannot share the message.' },
      base,
      proxy,
    },
  },
  'wecom-robot': {
    doc: 'The robot of a WeCom (企业微信) group.',
    keys: {
      key: { ...secret, ...required, doc: "The key in the robot's URL." },
      style: {
        ...text,
        words: ['text', 'markdown'],
        doc: 'The type of the message; default: according to its format.',
      },
      mentionUsers: { ...texts, doc: 'User ids to mention, or @all; texts only.' },
      mentionMobiles: { ...texts, doc: 'Mobile numbers to mention, or @all; texts only.' },
      base,
      proxy,
    },
  },
  smtp: {
    doc: 'E-mail.',
    keys: {
      url: {
        ...secret,
        ...required,
        doc: 'The server: smtps://user:password@host (port 465) or smtp://user:password@host (port 587, STARTTLS); smtp://host?security=none (port 25) only for loopback and private addresses.',
      },
      user: { ...text, doc: 'The user, if the URL does not contain it; needs no percent-encoding here.' },
      password: { ...secret, doc: 'The password of this user.' },
      from: { ...text, ...required, doc: 'The sender: an address, or Name <address>.' },
      to: { ...texts, ...required, doc: 'The addresses of the recipients.' },
    },
  },
  aliyun: {
    doc: 'Short messages by Alibaba Cloud.',
    keys: {
      keyId: { ...text, ...required, doc: 'The AccessKey id.' },
      keySecret: { ...secret, ...required, doc: 'The AccessKey secret.' },
      signName: { ...text, ...required, doc: 'The approved signature.' },
      templateCode: { ...text, ...required, doc: 'The approved template.' },
      variables: {
        ...required,
        type: 'record',
        doc: 'The variables of the template and their values: {"content": "{{title}} {{text}}"}.',
      },
      maxVariableCharacters,
      to: numbers,
      base,
      proxy,
    },
  },
  tencent: {
    doc: 'Short messages by Tencent Cloud.',
    keys: {
      secretId: { ...text, ...required, doc: 'The id of the key.' },
      secretKey: { ...secret, ...required, doc: 'The key.' },
      region: { ...text, ...required, doc: 'The region, such as ap-guangzhou.' },
      appId: { ...text, ...required, doc: 'The SdkAppId of the SMS application.' },
      signName: { ...text, doc: 'The approved signature; required for numbers of mainland China.' },
      templateId: { ...text, ...required, doc: 'The approved template.' },
      variables: {
        ...texts,
        ...required,
        doc: 'The values of the variables {1}, {2} … of the template: ["{{title}}", "{{text}}"].',
      },
      maxVariableCharacters,
      to: numbers,
      base,
      proxy,
    },
  },
  twilio: {
    doc: 'Short messages by Twilio.',
    keys: {
      accountSid: { ...text, ...required, doc: 'The id of the account.' },
      authToken: { ...secret, ...required, doc: 'The token of the account.' },
      from: { ...text, doc: 'The sending number; either this or messagingServiceSid is required.' },
      messagingServiceSid: { ...text, doc: 'The sending messaging service.' },
      to: numbers,
      base,
      proxy,
    },
  },
  webhook: {
    doc: 'A request to a URL of your choice.',
    keys: {
      url: {
        ...secret,
        ...required,
        doc: 'The URL; path and query may contain placeholders such as {{title}}.',
      },
      method: { ...text, words: ['GET', 'POST', 'PUT', 'PATCH'], doc: 'The method; default POST.' },
      headers: {
        type: 'record',
        secret: true,
        doc: 'Headers; values may contain placeholders such as {{title}}.',
      },
      json: {
        type: 'json',
        secret: true,
        doc: 'The body: JSON whose strings may contain {{id}}, {{title}}, {{text}} and {{url}}.',
      },
      successStatuses: {
        type: 'integers',
        min: 100,
        max: 599,
        doc: 'The statuses that mean success; default 200 to 299.',
      },
      successPointer: {
        ...text,
        doc: 'A JSON Pointer into the response, such as /errcode; requires successEquals.',
      },
      successEquals: { type: 'scalar', doc: 'The value at successPointer that means success.' },
      signSecret: {
        ...secret,
        doc: 'Signs each request with this key by HMAC; after whsec_ it is base64.',
      },
      signAlgorithm: {
        ...text,
        words: ['sha256', 'sha1', 'sha512'],
        doc: 'The hash of the HMAC; default sha256.',
      },
      signContent: {
        ...text,
        doc: 'What is signed: {{body}}, {{timestamp}} (Unix time in seconds), {{id}} and text between; default {{body}}.',
      },
      signHeader: { ...text, doc: 'The header with the signature; default X-Hub-Signature-256.' },
      signValue: {
        ...text,
        doc: 'The value of this header, in which {{hex}} or {{base64}} is the signature; default sha256={{hex}}.',
      },
      signTimestampHeader: { ...text, doc: 'The header with the timestamp; default none.' },
      signIdHeader: { ...text, doc: 'The header with the id of the message; default none.' },
      allowAddresses: {
        ...texts,
        doc: 'Private addresses and blocks, such as 10.0.0.0/8, that it may connect to; all others are refused. Addresses of cloud metadata must be listed individually.',
      },
      proxy,
    },
  },
  // The rest are presets: what the provider wants stands in src/notify/channels/preset/presets.ts.
  slack: { doc: 'An incoming webhook of Slack.', keys: { url: hook, proxy } },
  discord: {
    doc: 'A webhook of Discord.',
    keys: { url: hook, thread: { ...text, doc: 'The id of a thread.' }, proxy },
  },
  telegram: {
    doc: 'A bot of Telegram.',
    keys: {
      token: { ...token, doc: 'The token from @BotFather.' },
      chat: { ...text, ...required, doc: 'The id of the chat, or @name of a channel.' },
      thread: { type: 'integer', min: 1, max: 2 ** 31, doc: 'The id of a topic of the group.' },
      base,
      proxy,
    },
  },
  feishu: {
    doc: 'The robot of a Feishu (飞书) or Lark group.',
    keys: { url: hook, secret: robotSecret, proxy },
  },
  dingtalk: {
    doc: 'The robot of a DingTalk (钉钉) group.',
    keys: { url: hook, secret: robotSecret, proxy },
  },
  teams: {
    doc: 'A workflow of Microsoft Teams with the trigger «When a Teams webhook request is received».',
    keys: { url: hook, proxy },
  },
  mattermost: {
    doc: 'An incoming webhook of Mattermost.',
    keys: { url: hook, channel: { ...text, doc: 'Another channel, or @name of a user.' }, proxy },
  },
  pushplus: {
    doc: 'PushPlus (推送加).',
    keys: { token, topic: { ...text, doc: 'The code of a group.' }, base, proxy },
  },
  serverchan: {
    doc: 'ServerChan (Server酱).',
    keys: { key: { ...token, doc: 'The SendKey: SCT…, or sctp… of the app.' }, base, proxy },
  },
  bark: {
    doc: 'Bark, for iPhones.',
    keys: {
      key: { ...token, doc: 'The key of the device.' },
      group: { ...text, doc: 'The group of the notifications.' },
      sound: { ...text, doc: 'The sound of the notifications.' },
      base,
      proxy,
    },
  },
  gotify: {
    doc: 'A Gotify server.',
    keys: {
      token: { ...token, doc: 'The token of an application.' },
      base: { ...base, ...required, doc: 'The http(s) URL of the server.' },
      proxy,
    },
  },
  ntfy: {
    doc: 'A topic of ntfy.',
    keys: {
      topic: { ...secret, ...required, doc: 'The topic.' },
      token: { ...secret, doc: 'An access token.' },
      base,
      proxy,
    },
  },
} as const satisfies Readonly<Record<Kind, { readonly doc: string; readonly keys: KeyTable }>>;

type OneOf<K extends Kind> = {
  readonly kind: K;
  readonly name: string;
  readonly values: KeyValues<(typeof kinds)[K]['keys']>;
};

/** A channel as configured: every key has the right type; whether the settings work is checked later. */
export type ChannelConfig = { readonly [K in Kind]: OneOf<K> }[Kind];

export function isKind(word: unknown): word is Kind {
  return typeof word === 'string' && Object.hasOwn(kinds, word);
}

/** The variable of a key. */
export function variableOf(kind: Kind, key: string): string {
  return `${kind.replaceAll('-', '_')}_${key.replace(/[A-Z]/g, (letter) => `_${letter}`)}`.toUpperCase();
}
