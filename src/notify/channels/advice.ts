/**
 * What to do about a message that a provider did not take, for the operator who sets a channel up. The first row whose
 * expression matches the reason holds. What the reason says itself is not repeated.
 */

type Row = readonly [reason: RegExp, advice: string];

/** By the kind of the channel; the words in Chinese are those of the provider's pages. */
const ofKind: Readonly<Record<string, readonly Row[]>> = {
  smtp: [
    [
      /took too long|in time|cannot be reached/,
      'check host and port (465 with smtps://, 587 with smtp://); many networks block port 25, and some all three',
    ],
    [
      /login was refused: SMTP (530|534|535)\b/,
      'providers with two-factor login (Gmail, Outlook, QQ, 163, iCloud) want an app password (授权码) in place of your own: make one in the settings of the account, where SMTP may have to be switched on too',
    ],
    [
      /login was refused|offers no login/,
      'check user, password and port; the user is often the whole address',
    ],
    [
      /sender was refused: SMTP 5\d\d/,
      'send from the address of the account that logs in, or from one that it may use (SMTP_FROM)',
    ],
    [
      /SMTP 55[0-4]\b/,
      'check SMTP_TO, and that SMTP_FROM is an address that this server may send for (SPF, relaying)',
    ],
    [/STARTTLS/, 'use smtps:// with port 465 if the server has it'],
    [/SMTP 4\d\d/, 'the server asks to come again (greylisting, limits): a server of mote does so by itself'],
  ],
  wecom: [
    [
      /WeCom 60020\b/,
      'admin console (work.weixin.qq.com) → 应用管理 → the application → 企业可信IP: add that address; or set WECOM_PROXY to a host with a fixed one',
    ],
    [
      /access token is refused|refuses the access token/,
      'try again in a minute; if it stays so, WECOM_BASE leads to a gateway that takes tokens of another application',
    ],
    [/WeCom 40001\b/, 'copy the secret of this very application again: 应用管理 → the application → Secret'],
    [/WeCom 40013\b/, 'copy the corporation id again: 我的企业 → 企业信息 → 企业ID, ww and 16 digits'],
    [/WeCom (40056|48002)\b/, 'secret and AgentId must be those of the same application'],
    [
      /WeCom (81013|60111|40031)\b/,
      'use the account (账号) of 通讯录, not the name; the person must be in the visible range (可见范围) of the application',
    ],
    [/WeCom (45009|45033)\b/, 'wait a minute; a robot takes 20 messages a minute'],
    [/WeCom \d+/, 'look the code up at developer.work.weixin.qq.com/document/path/90313'],
  ],
  'wecom-robot': [
    [
      /WeCom 93000\b/,
      'copy the URL of the robot again, and take what follows key=; a robot that was removed from its group has no key',
    ],
    [/WeCom (45009|45033)\b/, 'wait a minute; a robot takes 20 messages a minute'],
    [/WeCom \d+/, 'look the code up at developer.work.weixin.qq.com/document/path/90313'],
  ],
  aliyun: [
    [
      /SIGN_?NAME|SMS_SIGN|SignName|SIGNATURE_(ILLEGAL|BLACK)/,
      'ALIYUN_SIGN_NAME must be the approved signature, letter by letter: console → 国内消息 → 签名管理',
    ],
    [
      /TEMPLATE/i,
      'ALIYUN_TEMPLATE_CODE must be an approved template (SMS_…), and ALIYUN_VARIABLES must fill each of its variables: 国内消息 → 模板管理',
    ],
    [/AMOUNT_NOT_ENOUGH|OUT_OF_SERVICE|ACCOUNT_ABNORMAL/, 'top up the balance of the account'],
    [
      /InvalidAccessKeyId|SignatureDoesNotMatch|IncompleteSignature/,
      'check ALIYUN_KEY_ID and ALIYUN_KEY_SECRET, without spaces around them',
    ],
    [
      /RAM_PERMISSION|Forbidden|NoPermission|PRODUCT_UN_SUBSCRIPT/i,
      'give the key the permission AliyunDysmsFullAccess, and activate the SMS service',
    ],
    [/MOBILE_(NUMBER|COUNT)|MOBILE_NUMBER_ILLEGAL/, 'write numbers with + and country code: +8613800000000'],
    [
      /BUSINESS_LIMIT|Throttling/,
      'the limits per number (one a minute, five an hour, ten a day) are in 系统设置',
    ],
  ],
  tencent: [
    [
      /Signature(IncorrectOrUnapproved|.*NotMatch)|Sign(Name)?(Incorrect|Unapproved)/,
      'TENCENT_SIGN_NAME must be the approved signature, its text and not its number: console → 签名管理',
    ],
    [
      /Template/,
      'TENCENT_TEMPLATE_ID must be approved, and TENCENT_VARIABLES must have as many entries as it has variables',
    ],
    [/InsufficientBalance/, 'top up the balance, or buy a package'],
    [/AuthFailure/, 'check TENCENT_SECRET_ID and TENCENT_SECRET_KEY, and the clock of this host'],
    [/SdkAppId|SmsSdkAppId/, 'TENCENT_APP_ID is the SDKAppID of the SMS application, beginning with 1400'],
    [/UnauthorizedOperation/, 'give the key the permission QcloudSMSFullAccess'],
    [/LimitExceeded/, 'the limits per number are in 应用管理 → 发送频率限制'],
  ],
  twilio: [
    [
      /Twilio 2000[2358]\b|HTTP 401/,
      'copy Account SID (AC…) and Auth Token again from the console; a test token sends nothing',
    ],
    [/Twilio 21608\b/, 'a trial account sends only to numbers that it has verified: verify it, or upgrade'],
    [
      /Twilio (21212|21606|21659|21660|21703|21705)\b/,
      'TWILIO_FROM must be a number of this account that can send SMS, with + and country code',
    ],
    [
      /Twilio (21211|21214|21217|21265|21610|21612|21614)\b/,
      'check TWILIO_TO: + and country code, a mobile number, whose owner has not replied STOP',
    ],
    [/Twilio 21408\b/, 'allow the country: console → Messaging → Settings → Geo permissions'],
    [/Twilio (20429|30001|14107)\b/, 'wait a moment: too many messages'],
    [/Twilio (30002|20005|90010)\b/, 'the account is suspended or has no balance: see the console'],
    [/Twilio \d+/, 'the code has a page: twilio.com/docs/api/errors/CODE'],
  ],
  slack: [
    [
      /invalid_token|no_service|no_active_hooks|no_team/,
      'api.slack.com/apps → the app → Incoming Webhooks: add one to a channel, and copy its URL',
    ],
    [
      /channel_|action_prohibited|posting_to_general/,
      'choose another channel for the webhook, or ask an administrator of the workspace',
    ],
  ],
  discord: [
    [
      /Discord (10015|50027)\b|HTTP 40[134]/,
      'channel → Edit → Integrations → Webhooks: copy the URL of one that is there',
    ],
    [/Discord 10003\b/, 'DISCORD_THREAD is the id of a thread in the channel of the webhook'],
  ],
  telegram: [
    [/Telegram (401|404)\b/, 'copy the token again from @BotFather: digits, a colon, 35 characters'],
    [
      /chat not found|Telegram 400\b/,
      'TELEGRAM_CHAT is the number of the chat (groups are negative, -100…), or @name of a public channel; write to the bot first',
    ],
    [/Telegram 403\b/, 'open a chat with the bot and press Start, or add it to the group'],
  ],
  feishu: [
    [/Feishu 19021\b/, 'copy the secret again (签名校验), and set the clock of this host'],
    [/Feishu 19022\b/, 'group → the bot → IP 白名单: add the address of this host, or turn the list off'],
    [/Feishu 19024\b/, 'group → the bot → 自定义关键词: use a signature (签名校验) in place of keywords'],
    [/Feishu \d+: too many/, 'wait a minute: a robot takes 100 messages a minute and 5 a second'],
    [/Feishu (19001|9499)\b/, 'group → settings → the bot: copy the URL again'],
  ],
  dingtalk: [
    [
      /DingTalk 310000\b/,
      'group → robot → 安全设置: choose 加签, and set DINGTALK_SECRET to the secret (SEC…)',
    ],
    [
      /DingTalk (300001|300005|400101|400013|400102|400106)\b/,
      'group → robots: copy the URL of a robot that is there and switched on',
    ],
  ],
  teams: [
    [
      /DirectApiAuthorizationRequired|HTTP 401/,
      'workflow → the trigger "When a Teams webhook request is received" → Who can trigger: Anyone; then copy the URL whole, with its sig=',
    ],
    [
      /Workflow|HTTP 40[04]/,
      'channel → Workflows → "Post to a channel when a webhook request is received": make one, and copy its URL',
    ],
  ],
  mattermost: [
    [
      /incoming_webhook|HTTP 40[0134]/,
      'Integrations → Incoming Webhooks: copy the URL of one that is there; it may be locked to its channel',
    ],
  ],
  pushplus: [
    [
      /PushPlus (903|905|401|403)\b/,
      'copy the token again at pushplus.plus, and verify your name there (实名认证)',
    ],
    [/PushPlus (888|900)\b/, 'see credit and limits of the account at pushplus.plus'],
  ],
  serverchan: [
    [
      /40001|AUTH/,
      'copy the SendKey again at sct.ftqq.com (SCT…) or sc3.ft07.com (sctp…); the free quota is 5 messages a day',
    ],
  ],
  bark: [
    [
      /device token|device key|BadDeviceToken|Unregistered|Bark 400\b/,
      'open the app, and copy the key that stands in its URL behind the host; BARK_BASE is for a server of your own',
    ],
  ],
  gotify: [
    [
      /Gotify (401|403)\b|HTTP 40[13]/,
      'web page of Gotify → Apps: use the token of an application (A…), not of a client (C…)',
    ],
  ],
  ntfy: [
    [
      /ntfy (401|403)\d*\b|HTTP 40[13]/,
      'set NTFY_TOKEN to an access token (tk_…) of a user who may write to the topic: ntfy access USER TOPIC write-only',
    ],
    [/ntfy 4290\d\b/, 'wait, or use a server of your own (NTFY_BASE)'],
  ],
};

const ofAll: readonly Row[] = [
  // The network, before any provider has spoken.
  [
    /^proxy: /,
    'check the proxy of the channel: its address and port, user and password, and that it allows this host',
  ],
  [
    /host name is not known/,
    'check the spelling of the host; in a container, that it has a DNS server (docker run --dns)',
  ],
  [
    /host name could not be looked up/,
    'the DNS server does not answer: check the network of this host, or docker run --dns',
  ],
  [
    /connection was refused/,
    'nothing listens there: check host and port, and that the service runs; in a container, localhost is the container itself',
  ],
  [
    /took too long|in time|cannot be reached/,
    'a firewall may stand in between: allow this host to connect out, or set the proxy of the channel',
  ],
  [
    /authority that is not trusted|self-signed/,
    'put the certificate of its authority into a CA bundle, and name that file in SSL_CERT_FILE',
  ],
  [
    /no CA bundle|CA bundle .* holds no/,
    'install ca-certificates, or mount a bundle and name it in SSL_CERT_FILE',
  ],
  [
    /certificate has expired|not valid yet/,
    'check the clock of this host; if it is right, the server needs a new certificate',
  ],
  [/certificate is for another host/, 'write the host as its certificate names it'],
  [/TLS could not be agreed on/, 'that port may not speak TLS: check the port and the scheme of the URL'],
  [/private or special address/, 'if the receiver is yours, allow its address or network there'],
  [/HTTP 3\d\d\b/, 'enter the final address; curl -I shows where it leads'],
  [
    /connection was (reset|closed|aborted)|connection failed/,
    'try again; if it stays so, something in between (firewall, proxy) cuts the connection',
  ],
  // By the status alone.
  [
    /HTTP (401|403|407)\b/,
    'the receiver wants other credentials: check token, user and password, in the URL or a header',
  ],
  [
    /HTTP (404|410)\b/,
    'there is nothing at this address, or not any more: copy the URL again, whole (the base of an API ends before its path)',
  ],
  [
    /HTTP (400|415|422)\b/,
    'the receiver does not understand the message: compare its documentation with the body (WEBHOOK_JSON)',
  ],
  [/HTTP 405\b/, 'the receiver wants another method (WEBHOOK_METHOD), or another path'],
  [/HTTP 413\b/, 'the receiver wants shorter messages'],
  [/HTTP 429\b|too many/, 'wait, and send less often'],
  [/HTTP 5\d\d\b|is busy|has a fault/, 'the provider has a fault: try again later, or see its status page'],
  [
    /does not say that it was taken|cannot be read|without a (code|result)/,
    'something else than the provider may have answered: check the URL, and what the receiver answers',
  ],
  [/not HTTP|does not speak SMTP/, 'another kind of server listens there: check host, port and scheme'],
];

/** The kinds that have rows of their own. */
export const advisedKinds: readonly string[] = Object.keys(ofKind);

/** Undefined where there is nothing to add to the reason. */
export function adviceFor(kind: string, reason: string): string | undefined {
  return [...(ofKind[kind] ?? []), ...ofAll].find(([pattern]) => pattern.test(reason))?.[1];
}
