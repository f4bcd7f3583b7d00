/**
 * The one table of channels: what kinds there are and which keys each has. A key `someKey` of the kind `kind` is
 * the variable `KIND_SOME_KEY` as well, for the one user who is configured by the environment alone.
 */
import type { KeyTable, KeyValues } from './key-table.ts';

const text = { type: 'text' } as const;
const texts = { type: 'texts' } as const;
const secret = { type: 'text', secret: true } as const;
const required = { required: true } as const;

// What several kinds share.
const base = { ...text, doc: "The provider's API, or what stands in front of it: an http(s) URL." } as const;
const proxy = {
  ...secret,
  doc: 'An HTTP proxy to go by: http://[user:password@]host:port.',
} as const;
const numbers = { ...texts, ...required, doc: 'The phone numbers, with + and country code.' } as const;
const maxVariableCharacters = {
  type: 'integer',
  min: 1,
  max: 10_000,
  doc: 'Longer values of variables are cut; default: they are sent as they are.',
} as const;

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
      users: { ...texts, doc: 'User ids, or @all; users, parties or tags are needed.' },
      parties: { ...texts, doc: 'Ids of departments.' },
      tags: { ...texts, doc: 'Ids of tags.' },
      style: {
        ...text,
        words: ['text', 'markdown', 'textcard'],
        doc: 'How it looks; default text, since WeChat (微信插件) does not show markdown.',
      },
      safe: { type: 'boolean', doc: 'Recipients cannot share it.' },
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
        doc: 'How it looks; default: as the message is formatted.',
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
      user: { ...text, doc: 'The user, where it does not stand in the URL; needs no percent-encoding here.' },
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
        doc: 'The variables of the template and what fills them: {"content": "{{title}} {{text}}"}.',
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
      region: { ...text, ...required, doc: 'Such as ap-guangzhou.' },
      appId: { ...text, ...required, doc: 'The SdkAppId of the SMS application.' },
      signName: { ...text, doc: 'The approved signature; needed for numbers of mainland China.' },
      templateId: { ...text, ...required, doc: 'The approved template.' },
      variables: {
        ...texts,
        ...required,
        doc: 'What fills the variables {1}, {2} … of the template: ["{{title}}", "{{text}}"].',
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
      from: { ...text, doc: 'The number that sends; this or messagingServiceSid is needed.' },
      messagingServiceSid: { ...text, doc: 'The messaging service that sends.' },
      to: numbers,
      base,
      proxy,
    },
  },
  webhook: {
    doc: 'A request to a URL of your choice.',
    keys: {
      url: { ...secret, ...required, doc: 'The URL; {{title}} and the like may stand in path and query.' },
      method: { ...text, words: ['GET', 'POST', 'PUT', 'PATCH'], doc: 'Default POST.' },
      headers: { type: 'record', secret: true, doc: 'Headers; {{title}} and the like may stand in values.' },
      json: {
        type: 'json',
        secret: true,
        doc: 'The body: JSON whose strings may hold {{id}} {{title}} {{text}} {{url}}.',
      },
      successStatuses: {
        type: 'integers',
        min: 100,
        max: 599,
        doc: 'The statuses of success; default 200 to 299.',
      },
      successPointer: {
        ...text,
        doc: 'A JSON Pointer into the answer, such as /errcode; goes with successEquals.',
      },
      successEquals: { type: 'scalar', doc: 'What stands there in case of success.' },
      allowAddresses: {
        ...texts,
        doc: 'Private addresses and blocks, such as 10.0.0.0/8, that it may reach; others are refused, and the metadata of clouds unless its address is named itself.',
      },
      proxy,
    },
  },
} as const satisfies Readonly<Record<string, { readonly doc: string; readonly keys: KeyTable }>>;

export type Kind = keyof typeof kinds;

type OneOf<K extends Kind> = {
  readonly kind: K;
  readonly name: string;
  readonly values: KeyValues<(typeof kinds)[K]['keys']>;
};

/** A channel as configured: every key has the right type; what the provider makes of it is not known yet. */
export type ChannelConfig = { readonly [K in Kind]: OneOf<K> }[Kind];

export function isKind(word: unknown): word is Kind {
  return typeof word === 'string' && Object.hasOwn(kinds, word);
}

/** The variable of a key. */
export function variableOf(kind: Kind, key: string): string {
  return `${kind.replaceAll('-', '_')}_${key.replace(/[A-Z]/g, (letter) => `_${letter}`)}`.toUpperCase();
}
