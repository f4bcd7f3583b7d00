/**
 * The providers' own SDKs as oracles: for what they sent, our signatures come out the same; and the stand-ins
 * that judge our channels take the SDKs' requests for the same messages.
 */
import assert from 'node:assert/strict';
import { Agent } from 'node:http';
import { connect } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import dysmsapi, { SendSmsRequest } from '@alicloud/dysmsapi20170525';
import { Config } from '@alicloud/openapi-client';
import { sms } from 'tencentcloud-sdk-nodejs-sms';
import { startAliyun } from '../../../../test/support/providers/aliyun.ts';
import { startTencent } from '../../../../test/support/providers/tencent.ts';
import { json, type Received, startStandIn } from '../../../../test/support/stand-in.ts';
import { createClient } from '../../../net/http-client.ts';
import { deliver, during, messageOf, successOf } from '../fixtures.ts';
import { createAliyunChannel } from './aliyun.ts';
import { acs3Authorization } from './aliyun-signature.ts';
import { createTencentChannel } from './tencent.ts';
import { tc3Authorization } from './tencent-signature.ts';

const texts: readonly [name: string, text: string][] = [
  ['ASCII', 'disk full on web1'],
  ['Chinese', '磁盘已满，请立即处理'],
  ['beyond the first plane', '🔥 𠮷'],
  ['what encodings of queries differ in', "*~ '()+!"],
  ['what separates', '=&;/?#%41"\\,:@$[]{}|^`<>'],
  ['empty', ''],
];

/** The names after `SignedHeaders=`, with their values as they came. */
function signedHeaders({ headers }: Received): Record<string, string> {
  const names = /SignedHeaders=([^,]+)/.exec(headers.authorization ?? '')?.[1]?.split(';') ?? [];
  return Object.fromEntries(names.map((name) => [name, String(headers[name])]));
}

function only(requests: readonly Received[]): Received {
  const [request] = requests;
  assert.ok(request && requests.length === 1);
  return request;
}

describe('Alibaba Cloud', () => {
  const keys = { keyId: 'LTAI5t', keySecret: 'aliyun s3cret' };
  const number = '13800001111';

  const sendBySdk = async (port: number, signName: string, templateCode: string, text: string) => {
    const config = new Config({
      accessKeyId: keys.keyId,
      accessKeySecret: keys.keySecret,
      protocol: 'http',
      endpoint: `127.0.0.1:${port}`,
      noProxy: '127.0.0.1',
    });
    const templateParam = JSON.stringify({ text });
    const request = new SendSmsRequest({ phoneNumbers: number, signName, templateCode, templateParam });
    const { body } = await new dysmsapi.default(config).sendSms(request);
    assert.equal(body?.code, 'OK');
  };

  for (const [name, text] of texts) {
    test(`the signature of the SDK: ${name}`, async (t) => {
      const sink = during(t, await startStandIn(() => json({ Code: 'OK' })));
      await sendBySdk(sink.port, text, '', text);
      const received = only(sink.received);
      const { pathname: path, searchParams } = new URL(received.target, sink.origin);
      const query = Object.fromEntries(searchParams);
      assert.deepEqual([query.SignName, query.TemplateCode], [text, '']);
      const body = received.body.toString();
      const headers = signedHeaders(received);
      assert.ok('x-acs-content-sha256' in headers);
      const request = { method: received.method, path, query, headers, body };
      assert.equal(received.headers.authorization, acs3Authorization(keys.keyId, keys.keySecret, request));
    });
  }

  for (const [name, text] of texts) {
    test(`the SDK and the channel send the same: ${name}`, async (t) => {
      const aliyun = during(t, await startAliyun({ ...keys, nowMs: Date.now }));
      const template = { signName: '阿里云 (测试)*', templateCode: 'SMS_1' };
      await sendBySdk(aliyun.port, template.signName, template.templateCode, text);
      const settings = { name: 'sms', base: aliyun.origin, ...keys, ...template, to: [number] };
      const variables = { text: '{{text}}' };
      const channel = successOf(createAliyunChannel({ ...settings, variables }, createClient()));
      const delivery = await deliver(channel, messageOf({ text: text }));
      assert.equal(delivery.kind, 'delivered');
      assert.deepEqual(aliyun.taken[1], aliyun.taken[0]);
      const [theirs = {}, ours = {}] = aliyun.received.map(signedHeaders);
      const { 'x-acs-credentials-provider': _, ...expected } = theirs;
      assert.deepEqual(Object.keys(ours), Object.keys(expected));
      for (const same of ['host', 'x-acs-action', 'x-acs-content-sha256', 'x-acs-version']) {
        assert.equal(ours[same], expected[same]);
      }
    });
  }
});

describe('Tencent Cloud', () => {
  const keys = { secretId: 'AKIDz8', secretKey: 'tencent s3cret' };
  const region = 'ap-guangzhou';
  const number = '+8613800000001';

  /** The SDK makes the host and the service that it signs out of the endpoint, so this has to be the real one. */
  const sendBySdk = async (t: TestContext, port: number, SignName: string, text: string) => {
    const agent = new Agent();
    agent.createConnection = () => connect(port, '127.0.0.1');
    t.after(() => agent.destroy());
    const httpProfile = { protocol: 'http://', endpoint: 'sms.tencentcloudapi.com', agent };
    const client = new sms.v20210111.Client({ credential: keys, region, profile: { httpProfile } });
    const { SendStatusSet } = await client.SendSms({
      PhoneNumberSet: [number],
      SmsSdkAppId: '1400006666',
      TemplateId: '1110',
      TemplateParamSet: [text],
      SignName,
    });
    assert.equal(SendStatusSet?.[0]?.Code, 'Ok');
  };

  for (const [name, text] of texts) {
    test(`the signature of the SDK: ${name}`, async (t) => {
      const success = json({ Response: { SendStatusSet: [{ Code: 'Ok' }], RequestId: 'r' } });
      const sink = during(t, await startStandIn(() => success));
      await sendBySdk(t, sink.port, text, text);
      const received = only(sink.received);
      assert.equal(received.target, '/');
      const body = received.body.toString();
      assert.deepEqual(JSON.parse(body).TemplateParamSet, [text]);
      const timestampSeconds = Number(received.headers['x-tc-timestamp']);
      const headers = signedHeaders(received);
      assert.equal(headers.host, 'sms.tencentcloudapi.com');
      const request = { method: received.method, service: 'sms', headers, body, timestampSeconds };
      const authorization = tc3Authorization(keys.secretId, keys.secretKey, request);
      assert.equal(received.headers.authorization, authorization);
    });
  }

  for (const [name, text] of texts) {
    test(`the SDK and the channel send the same: ${name}`, async (t) => {
      const tencent = during(t, await startTencent({ ...keys, nowMs: Date.now }));
      await sendBySdk(t, tencent.port, '腾讯云', text);
      const settings = { name: 'sms', base: tencent.origin, ...keys, region, appId: '1400006666' };
      const template = { signName: '腾讯云', templateId: '1110', variables: ['{{text}}'], to: [number] };
      const channel = successOf(createTencentChannel({ ...settings, ...template }, createClient()));
      assert.equal((await deliver(channel, messageOf({ text }))).kind, 'delivered');
      assert.deepEqual(tencent.taken[1], tencent.taken[0]);
      const [theirs, ours] = tencent.received;
      for (const same of ['x-tc-action', 'x-tc-version', 'x-tc-region']) {
        assert.equal(ours?.headers[same], theirs?.headers[same]);
      }
    });
  }
});
