import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { adviceFor, advisedKinds } from './advice.ts';

const rows: readonly (readonly [kind: string, reason: string, advice: RegExp])[] = [
  ['wecom', 'WeCom 60020: the address of this server is not trusted (203.0.113.9)', /企业可信IP/],
  ['wecom', 'WeCom 40001: the secret is wrong', /secret/],
  ['wecom', 'WeCom 40014: the fresh access token is refused', /WECOM_BASE/],
  ['wecom', 'WeCom refuses the access token again', /WECOM_BASE/],
  ['aliyun', 'HTTP 200 without a code; not repeated, since the message may have been sent', /something else/],
  ['aliyun', 'HTTP 403 without a code; not repeated, since the message may have been sent', /credentials/],
  [
    'tencent',
    'HTTP 302 without a result; not repeated, since the message may have been sent',
    /final address/,
  ],
  ['twilio', '…0007: HTTP 307', /final address/],
  ['wecom', 'WeCom 40013: the corporation id is wrong', /企业ID/],
  ['wecom', 'WeCom 81013: none of the recipients', /可见范围/],
  ['wecom', 'WeCom 50001', /90313/],
  ['wecom-robot', 'WeCom 93000: the key of the robot is wrong', /key=/],
  ['smtp', 'the login was refused: SMTP 535 5.7.8, the user or the password is wrong', /app password/],
  ['smtp', 'the login was refused: SMTP 535', /授权码/],
  ['smtp', 'the sender was refused: SMTP 550 5.7.1', /SMTP_FROM/],
  ['smtp', 'the recipient was refused: SMTP 550 5.1.1, there is no such mailbox', /SMTP_TO/],
  ['smtp', 'the message was refused: SMTP 553', /SMTP_FROM/],
  ['smtp', 'the server does not offer STARTTLS: SMTP 502', /smtps:\/\//],
  ['smtp', 'connecting took too long', /port 25/],
  ['aliyun', 'Aliyun isv.SMS_SIGNATURE_ILLEGAL', /签名管理/],
  ['aliyun', 'Aliyun isv.SMS_SIGN_ILLEGAL', /签名管理/],
  ['aliyun', 'Aliyun isv.SMS_TEMPLATE_ILLEGAL', /模板管理/],
  ['aliyun', 'Aliyun isv.TEMPLATE_MISSING_PARAMETERS', /ALIYUN_VARIABLES/],
  ['aliyun', 'Aliyun isv.AMOUNT_NOT_ENOUGH', /balance/],
  ['aliyun', 'Aliyun SignatureDoesNotMatch', /KEY_SECRET/],
  ['tencent', 'Tencent FailedOperation.SignatureIncorrectOrUnapproved', /签名管理/],
  ['tencent', 'Tencent FailedOperation.TemplateIncorrectOrUnapproved', /TEMPLATE_ID/],
  ['tencent', 'Tencent FailedOperation.InsufficientBalanceInSmsPackage', /balance/],
  ['tencent', 'Tencent AuthFailure.SignatureFailure: the key is wrong', /SECRET_KEY/],
  ['tencent', '…0000: Tencent FailedOperation.TemplateParamSetNotMatchApprovedTemplate', /VARIABLES/],
  ['twilio', '…0101: Twilio 20003: the account or its token is wrong', /Auth Token/],
  ['twilio', 'Twilio 21608', /trial/],
  ['slack', 'HTTP 404: Slack no_service: the webhook is wrong', /Incoming Webhooks/],
  ['discord', 'Discord 10015: the webhook is wrong', /Integrations/],
  ['telegram', 'Telegram 400: Bad Request: chat not found', /TELEGRAM_CHAT/],
  ['telegram', 'Telegram 404: the token is wrong (Not Found)', /BotFather/],
  ['feishu', 'Feishu 19021: the secret is wrong', /签名校验/],
  ['feishu', 'Feishu 9499: too many request', /wait a minute/],
  ['dingtalk', 'DingTalk 310000: the security settings refuse it', /加签/],
  ['teams', 'Teams DirectApiAuthorizationRequired: the workflow demands a login', /Anyone/],
  ['gotify', 'Gotify 401: the token is wrong', /application/],
  ['ntfy', 'ntfy 40301: the token may not publish', /tk_/],
  ['webhook', 'HTTP 401: no', /credentials/],
  ['webhook', 'HTTP 404', /URL/],
  ['webhook', 'HTTP 410: gone', /URL/],
  ['webhook', 'the host name is not known', /spelling/],
  ['bark', 'the connection was refused', /localhost/],
  ['webhook', 'the certificate is from an authority that is not trusted', /SSL_CERT_FILE/],
  ['smtp', 'the certificate is self-signed', /SSL_CERT_FILE/],
  ['webhook', 'HTTP 503', /status page/],
];

describe('what to do', () => {
  for (const [kind, reason, advice] of rows) {
    test(`${kind}: ${reason}`, () => assert.match(adviceFor(kind, reason) ?? '', advice));
  }

  test('nothing is added to what nobody has seen', () => {
    for (const kind of [...advisedKinds, 'new'])
      assert.equal(adviceFor(kind, 'something else'), undefined, kind);
  });
});
