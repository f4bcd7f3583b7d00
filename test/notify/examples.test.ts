/** The files in examples/ work as they are copied. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { makeFolder } from '../support/folder.ts';
import { ask, send, TOKEN } from '../support/notify.ts';
import { startStandIn } from '../support/stand-in.ts';
import { run, startForTest } from '../support/target.ts';

const EXAMPLES = fileURLToPath(new URL('../../examples', import.meta.url));
const notifyEnv = readFileSync(join(EXAMPLES, 'notify.env'), 'utf8');
const notifyJson = readFileSync(join(EXAMPLES, 'notify.json'), 'utf8');
const root = makeFolder({ 'index.html': 'index', wecom: 'a-secret\n' });

type Env = Record<string, string>;

/**
 * As `docker run --env-file` and `podman run --env-file` read it: white space at the beginning of a line goes, as do
 * empty lines and those with #; what is left of the first = is a name without white space; all the rest is the value.
 */
function readEnvFile(text: string): Env {
  const lines = text.split('\n').map((line) => line.replace(/\r$/, '').trimStart());
  const settings = lines.filter((line) => line !== '' && !line.startsWith('#'));
  return Object.fromEntries(
    settings.map((line) => {
      const [, name = '', value = ''] = /^([^=]*)=(.*)$/.exec(line) ?? [];
      assert.match(name, /^\S+$/, `docker refuses the line: ${line}`);
      return [name, value];
    }),
  );
}

/** The blocks of variables that are commented out, each as the file that it is part of when it is not. */
function optionalBlocks(): string[] {
  const paragraphs = notifyEnv.split('\n\n').map((text) => text.replace(/^#(?=[A-Z_]+=)/gm, ''));
  const isChannel = (text: string) => /^[A-Z]/m.test(text) && !/^(?:MOTE|SMTP)_/m.test(text);
  return paragraphs.filter(isChannel);
}

async function channelsOf(t: TestContext, env: Env): Promise<readonly string[]> {
  const server = await startForTest(t, { root, env });
  const headers = { Authorization: `Bearer ${env.MOTE_NOTIFY_TOKEN}` };
  const { text } = await ask(server, { method: 'GET', path: '/notify/channels', headers });
  return JSON.parse(text).channels;
}

describe('examples/notify.env', () => {
  test('starts as it is copied', async (t) => {
    assert.deepEqual(await channelsOf(t, readEnvFile(notifyEnv)), ['smtp']);
  });

  test('has values that every reader of such files takes for the same', () => {
    const values = Object.values(readEnvFile([notifyEnv, ...optionalBlocks()].join('\n')));
    assert.ok(values.length > 25, 'and the commented ones are among them');
    for (const value of values) {
      assert.match(value, /^[^\s"'].*\S$/, value);
      assert.doesNotMatch(value, /\s#|[$\\`]/, value);
    }
    assert.doesNotMatch(notifyEnv, /^#?\s*export\b/m);
  });

  for (const block of optionalBlocks()) {
    test(`starts with: ${block.split('\n', 1)[0]}`, async (t) => {
      const [first] = Object.keys(readEnvFile(block));
      const kind = /^(?:WECOM_ROBOT|[A-Z]+)(?=_)/
        .exec(first ?? '')?.[0]
        .toLowerCase()
        .replace('_', '-');
      const channels = await channelsOf(t, { ...readEnvFile(notifyEnv), ...readEnvFile(block) });
      assert.deepEqual(channels.toSorted(), ['smtp', kind].toSorted());
    });
  }

  test('delivers once its values are one’s own', async (t) => {
    const hook = await startStandIn(() => ({ status: 204 }));
    t.after(() => hook.close());
    const block = optionalBlocks().find((text) => text.includes('WEBHOOK_URL=')) ?? '';
    const own = { WEBHOOK_URL: `${hook.origin}/hook`, WEBHOOK_ALLOW_ADDRESSES: '127.0.0.1' };
    const env = { ...readEnvFile(notifyEnv), ...readEnvFile(block), ...own, MOTE_NOTIFY_TOKEN: TOKEN };
    const server = await startForTest(t, { root, env });
    const result = await send(server, { title: 'Disk', text: 'full', channels: ['webhook'] });
    assert.equal(result.http, 200, result.text);
    assert.equal(String(hook.received[0]?.body), '{"msg":"Disk: full"}');
  });

  test('without the token what is set is told of', async (t) => {
    const { MOTE_NOTIFY_TOKEN: _, ...env } = readEnvFile(notifyEnv);
    const server = await startForTest(t, { root, env });
    await server.logged(
      /SMTP_URL, SMTP_USER, SMTP_PASSWORD, SMTP_FROM, SMTP_TO: set, but notify is off; MOTE_NOTIFY_TOKEN turns it on/,
    );
  });
});

describe('examples/notify.json', () => {
  const folder = makeFolder({ wecom: 'a-secret\n' });
  const own = notifyJson.replace('/run/secrets/wecom', join(folder, 'wecom'));
  const file = join(makeFolder({ 'notify.json': own }), 'notify.json');
  const env = { MAIL_PASSWORD: 'a-password', HOME_AUTHORIZATION: 'Bearer x' };

  test('starts, and says where messages go', async (t) => {
    const server = await startForTest(t, { root, env, args: ['--notify', file] });
    await server.stdout.find(/^mote notifies by mail, phone, home at POST \/notify/);
  });

  test('names the schema that is published', () => {
    const { $schema } = JSON.parse(notifyJson);
    assert.ok(readFileSync(join(EXAMPLES, $schema), 'utf8').startsWith('{'));
  });

  test('says which of its secrets are not there', async () => {
    // Where the target can see it.
    const copy = join(makeFolder({ 'notify.json': notifyJson }), 'notify.json');
    const { code, stderr } = await run(['--notify', copy, root, '0']);
    assert.equal(code, 2);
    assert.match(stderr, /channels\.mail\.password: names the variable MAIL_PASSWORD, which is not set/);
    assert.match(
      stderr,
      /channels\.phone\.secret: names the file \/run\/secrets\/wecom, which cannot be read/,
    );
    assert.match(stderr, /channels\.home\.headers: names the variable HOME_AUTHORIZATION, which is not set/);
  });
});
