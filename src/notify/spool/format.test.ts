/** Files of earlier releases, byte for byte. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { deliveredPart, givenUpPart } from '../channels/partial-delivery.ts';
import { makeFolder, quiet } from '../fixtures.ts';
import { parseEnvelope, parseNotes, parseReceipt } from './format.ts';
import { openSpool } from './spool.ts';

const ID = '0mjwpsqd1a1b2c3d4e5f60718293a';
const TIME_MS = 1_767_323_045_000;

/** As version 0.1.0 wrote it: `done` is a list of texts, and a part that was given up is `!part reason`. */
const oldEnvelope =
  `{"version":1,"message":{"id":"${ID}","title":"Disk","text":"full","format":"text","priority":3,"tags":[],` +
  `"acceptedMs":${TIME_MS}},"user":"ann","round":1,"roundMs":${TIME_MS},"progress":[` +
  `{"kind":"pending","channel":"sms","attempts":2,"nextMs":${TIME_MS},` +
  '"done":["+15005550006","!+15005550001 Twilio 21211: the number is wrong"],"reason":"HTTP 429"},' +
  `{"kind":"failed","channel":"mail","attempts":1,"atMs":${TIME_MS},"reason":"refused","done":["ann@a.example"]},` +
  `{"kind":"pending","channel":"wecom","attempts":1,"nextMs":${TIME_MS},"done":["text 1/3"],"reason":"busy"},` +
  `{"kind":"delivered","channel":"hook","attempts":1,"atMs":${TIME_MS}}]}\n`;

const smsParts = [
  deliveredPart('+15005550006'),
  givenUpPart('+15005550001', 'Twilio 21211: the number is wrong'),
];

describe('parts in the text form of version 0.1.0', () => {
  test('of an envelope', () => {
    const parsed = parseEnvelope(oldEnvelope);
    assert.ok(parsed.ok, String(!parsed.ok && parsed.error));
    const done = parsed.value.progress.map((one) => (one.kind === 'delivered' ? undefined : one.done));
    assert.deepEqual(done, [
      smsParts,
      [deliveredPart('ann@a.example')],
      [deliveredPart('text 1/3')],
      undefined,
    ]);
  });

  test('of a receipt', () => {
    const { message, ...rest } = JSON.parse(oldEnvelope);
    const parsed = parseReceipt(JSON.stringify({ ...rest, id: message.id, endedMs: TIME_MS }));
    assert.ok(parsed.ok);
    assert.deepEqual((parsed.value.progress[0] as { done?: unknown }).done, smsParts);
  });

  test('of a note, and of the delivery in it', () => {
    const done = '["+15005550006","!+15005550001 Twilio 21211: the number is wrong"]';
    const note =
      `{"version":1,"id":"${ID}","round":0,"channel":"sms","number":1,"mayBeSent":true,"done":${done},` +
      `"delivery":{"kind":"retry","reason":"busy","done":${done}}}`;
    const [parsed] = parseNotes(`${note}\n${note.slice(0, 40)}`);
    assert.deepEqual(parsed?.done, smsParts);
    assert.deepEqual(parsed?.delivery, { kind: 'retry', reason: 'busy', done: smsParts });
  });

  test('a file in the spool is taken up, and is written with typed parts', async (t) => {
    const folder = makeFolder(t);
    const path = join(folder, 'new', `${ID}.json`);
    fs.mkdirSync(join(folder, 'new'), { mode: 0o700 });
    fs.writeFileSync(path, oldEnvelope, { mode: 0o600 });
    const spool = await openSpool(folder, quiet);
    t.after(() => spool.close());
    const [envelope] = await spool.discover(() => false, 10);
    assert.ok(envelope);
    await spool.save(envelope);
    const { progress } = JSON.parse(fs.readFileSync(path, 'utf8'));
    assert.deepEqual(progress[0].done, smsParts);
  });
});
