import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createSecureContext } from 'node:tls';
import { certificateForOther, expiredCertificate } from '../../../../test/support/certificates.ts';
import { account, startSmtp, trust } from '../../../../test/support/providers/smtp.ts';
import {
  END_OF_CONTENT,
  GREETING,
  type Say,
  usual,
} from '../../../../test/support/providers/smtp-scripted.ts';
import type { Channel } from '../channel.ts';
import { deliver, messageOf, successOf } from '../fixtures.ts';
import { deliveredPart } from '../partial-delivery.ts';
import { createSmtpChannel } from './channel.ts';
import { channelFor, scene, scripted, usualSettings } from './fixtures.ts';
import type { SmtpLimits } from './pool.ts';

describe('mail without TLS', () => {
  const plain = { security: 'none', host: '127.0.0.1' } as const;

  test('goes to private addresses only, by what a name stands for', async (t) => {
    const judged: string[] = [];
    const isPublic = (address: string) => judged.push(address) > 0;
    const { smtp } = await scripted(t, usual);
    const { credentials: _, ...rest } = usualSettings;
    const settings = { ...rest, ...plain, host: 'localhost', port: smtp.port };
    const channel = successOf(createSmtpChannel(settings, { trust, isPublic }));
    t.after(() => channel.close?.());
    const delivery = await deliver(channel);
    assert.equal(delivery.kind, 'rejected');
    assert.match(delivery.kind === 'rejected' ? delivery.reason : '', /public address.*write smtps:/);
    assert.deepEqual([judged.length, smtp.heard], [1, [GREETING]]);
  });

  test('and those of this machine are private', async (t) => {
    const { channel } = await scripted(t, usual, plain);
    assert.deepEqual(await deliver(channel), { kind: 'delivered' });
  });
});

describe('connections', () => {
  test('are kept for the next message', async (t) => {
    const { smtp, channel } = await scene(t);
    for (let i = 0; i < 3; i++) assert.equal((await deliver(channel)).kind, 'delivered');
    assert.equal(smtp.connections(), 1);
  });

  test('carry a limited number of messages', async (t) => {
    const { smtp, channel } = await scene(t, {}, {}, { maxMessagesPerConnection: 2 });
    for (let i = 0; i < 4; i++) assert.equal((await deliver(channel)).kind, 'delivered');
    assert.equal(smtp.connections(), 2);
  });

  test('are limited in number', async (t) => {
    const { smtp, channel } = await scene(t, {}, {}, { maxConnections: 2 });
    const deliveries = await Promise.all(Array.from({ length: 8 }, () => deliver(channel)));
    assert.ok(deliveries.every(({ kind }) => kind === 'delivered'));
    assert.equal(smtp.connections(), 2);
  });

  test('are let go when idle', async (t) => {
    const { smtp, channel } = await scene(t, {}, {}, { idleTimeoutMs: 50 });
    await deliver(channel);
    await until(() => smtp.open() === 0);
    assert.equal((await deliver(channel)).kind, 'delivered');
  });

  test('are let go with a goodbye, which nobody waits for', async (t) => {
    const say: Say = (line) => (line === 'QUIT' ? 'silence' : usual(line));
    const { smtp, channel } = await scripted(t, say, {}, { idleTimeoutMs: 50 });
    await deliver(channel);
    await until(() => smtp.heard.at(-1) === 'QUIT');
    assert.equal((await deliver(channel)).kind, 'delivered');
    assert.equal(smtp.connections(), 2);
  });

  test('are let go by close', async (t) => {
    const { smtp, channel } = await scene(t);
    await deliver(channel);
    assert.equal(smtp.open(), 1);
    await channel.close?.();
    await until(() => smtp.open() === 0);
  });

  test('that the server closed meanwhile are replaced without another attempt', async (t) => {
    let contents = 0;
    const say: Say = (line) => {
      if (line === END_OF_CONTENT) contents++;
      return line.startsWith('MAIL') && contents === 1 && smtp.connections() === 1 ? 'hang up' : usual(line);
    };
    const { smtp, channel } = await scripted(t, say);
    assert.equal((await deliver(channel)).kind, 'delivered');
    assert.equal((await deliver(channel)).kind, 'delivered');
    assert.equal(smtp.connections(), 2);
  });
});

describe('TLS', () => {
  const certificates: readonly [name: string, certificate: string, fault: string][] = [
    ['for another host', certificateForOther, 'the certificate is for another host'],
    ['that has expired', expiredCertificate, 'the certificate has expired'],
  ];
  for (const security of ['tls', 'starttls'] as const) {
    for (const [name, certificate, reason] of certificates) {
      test(`${security}: a certificate ${name} is refused, whatever the environment says`, async (t) => {
        process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
        t.after(() => delete process.env.NODE_TLS_REJECT_UNAUTHORIZED);
        const { smtp, channel } = await scene(t, { security }, { certificate });
        assert.deepEqual(await deliver(channel), { kind: 'retry', reason, done: [] });
        assert.equal(smtp.taken.length, 0);
      });
    }

    test(`${security}: for an address it is the address that counts`, async (t) => {
      const { channel } = await scene(t, { security, host: '127.0.0.1' });
      assert.equal((await deliver(channel)).kind, 'delivered');
    });
  }

  test('of an authority that is not trusted', async (t) => {
    const nobody = () => ({
      secureContext: createSecureContext({ ca: certificateForOther }),
      rejectUnauthorized: true as const,
    });
    const smtp = await startSmtp();
    t.after(() => smtp.close());
    const channel = channelFor(t, { port: smtp.port }, {}, { trust: nobody });
    const reason = 'the certificate is from an authority that is not trusted';
    assert.deepEqual(await deliver(channel), { kind: 'retry', reason, done: [] });
  });

  test('a server without STARTTLS is told nothing', async (t) => {
    const say: Say = (line) => (line === 'STARTTLS' ? '502 5.5.1 What?' : usual(line));
    const { smtp, channel } = await scripted(t, say, { security: 'starttls', credentials: account });
    const reason =
      'the server does not offer STARTTLS: SMTP 502 5.5.1; write smtps://host if it has TLS from the start, or ' +
      'smtp://host?security=none for a relay on this host or in a private network';
    assert.deepEqual(await deliver(channel), { kind: 'rejected', reason });
    assert.ok(
      smtp.heard.every((line) => /^(\(greeting\)|EHLO |STARTTLS$)/.test(line)),
      String(smtp.heard),
    );
  });

  test('a server that cannot do STARTTLS for now is waited for', async (t) => {
    const say: Say = (line) => (line === 'STARTTLS' ? '454 4.7.0 Later' : usual(line));
    const { channel } = await scripted(t, say, { security: 'starttls' });
    const reason = 'the server cannot do STARTTLS now: SMTP 454 4.7.0';
    assert.deepEqual(await deliver(channel), { kind: 'retry', reason, done: [] });
  });

  test('a missing CA bundle is waited for', async (t) => {
    const smtp = await startSmtp();
    let isMissing = true;
    const later = () => {
      if (isMissing) throw new Error('no CA bundle: put one there');
      return trust();
    };
    const channel = channelFor(t, { port: smtp.port }, {}, { trust: later });
    t.after(() => smtp.close());
    assert.deepEqual(await deliver(channel, messageOf(), { done: [deliveredPart('bob@b.example')] }), {
      kind: 'retry',
      reason: 'no CA bundle: put one there',
      done: [deliveredPart('bob@b.example')],
    });
    assert.equal(smtp.connections(), 0);
    isMissing = false;
    assert.equal((await deliver(channel)).kind, 'delivered');
  });

  test('TLS to a server that speaks plainly', async (t) => {
    const { channel } = await scene(t, {}, { security: 'starttls' });
    const reason =
      'the server does not begin with TLS; write smtp:// for STARTTLS, or smtp://host?security=none for a relay on ' +
      'this host or in a private network';
    assert.deepEqual(await deliver(channel), { kind: 'rejected', reason });
  });
});

describe('what servers do', () => {
  const SHORT = { connectTimeoutMs: 5000, greetingTimeoutMs: 500, silenceTimeoutMs: 1000 };
  const cases: readonly [name: string, stage: string, line: string, reason: string][] = [
    ['never greeting', GREETING, 'silence', 'the server did not greet in time'],
    ['greeting in another language', GREETING, 'HTTP/1.1 400 Bad Request', 'the server does not speak SMTP'],
    ['closing before the greeting', GREETING, 'hang up', 'the server closed the connection'],
    ['falling silent', 'MAIL', 'silence', 'the server fell silent'],
    ['dying at the recipient', 'RCPT', 'hang up', 'the server closed the connection'],
    ['dying after the content', END_OF_CONTENT, 'hang up', 'the server closed the connection'],
    ['falling silent after the content', END_OF_CONTENT, 'silence', 'the server fell silent'],
  ];
  for (const [name, stage, words, reason] of cases) {
    test(name, async (t) => {
      const say: Say = (line) => (line.startsWith(stage) ? words : usual(line));
      const { smtp, channel } = await scripted(t, say, {}, SHORT);
      assert.deepEqual(await deliver(channel), { kind: 'retry', reason, done: [] });
      const contents = smtp.heard.filter((line) => line === END_OF_CONTENT).length;
      assert.equal(contents, stage === END_OF_CONTENT ? 1 : 0, 'an attempt sends the content once at most');
      assert.ok(smtp.connections() <= 2);
    });
  }

  test('trickling a reply, which is no way to be waited for any longer', async (t) => {
    const trickle = { pieces: Array.from({ length: 1000 }, () => '250-a\r\n'), everyMs: 20 };
    const say: Say = (line) => (line.startsWith('MAIL') ? trickle : usual(line));
    const { channel } = await scripted(t, say, {}, { silenceTimeoutMs: 300 });
    const startMs = Date.now();
    assert.deepEqual(await deliver(channel), { kind: 'retry', reason: 'the server fell silent', done: [] });
    assert.ok(Date.now() - startMs < 10_000);
  });

  test('waiting for TLS where STARTTLS was meant', async (t) => {
    const say: Say = () => 'silence';
    const { channel } = await scripted(t, say, { security: 'starttls' }, SHORT);
    const reason =
      'the server did not greet in time; if TLS begins at once there, write smtps:// instead of smtp://';
    assert.deepEqual(await deliver(channel), { kind: 'retry', reason, done: [] });
  });

  test('reading a content more slowly than it is silent', async (t) => {
    const server = await startReader((socket) => {
      socket.pause();
      setTimeout(() => socket.resume(), 800);
    });
    t.after(server.close);
    const channel = plainChannel(t, server.port, { silenceTimeoutMs: 400 });
    assert.deepEqual(await deliver(channel, messageOf({ text: LARGE })), { kind: 'delivered' });
  });

  test('refusing a content that it does not read to its end', async (t) => {
    const server = await startReader((socket) => {
      socket.removeAllListeners('data').pause();
      socket.write('552 5.3.4 Too big\r\n');
      // Only who reads sees a connection end.
      setTimeout(() => socket.resume(), 300);
    });
    t.after(server.close);
    const channel = plainChannel(t, server.port, { silenceTimeoutMs: 60_000 });
    const delivery = await deliver(channel, messageOf({ text: LARGE }));
    assert.equal(delivery.kind, 'rejected');
    // It is let go, so that nothing waits behind what was not read.
    await until(() => server.open() === 0);
  });

  test('not being there', async (t) => {
    const smtp = await startSmtp();
    await smtp.close();
    const channel = channelFor(t, { port: smtp.port });
    assert.deepEqual(await deliver(channel), {
      kind: 'retry',
      reason: 'the connection was refused',
      done: [],
    });
  });
});

describe('an abort', () => {
  const stages = [GREETING, 'EHLO', 'MAIL', 'DATA', END_OF_CONTENT];
  for (const stage of stages) {
    test(`at ${stage}`, async (t) => {
      const controller = new AbortController();
      const say: Say = (line) => {
        if (!line.startsWith(stage)) return usual(line);
        setImmediate(() => controller.abort());
        return 'silence';
      };
      const { channel } = await scripted(t, say);
      const startMs = Date.now();
      assert.deepEqual(await deliver(channel, messageOf(), { signal: controller.signal }), {
        kind: 'retry',
        reason: 'it took too long',
        done: [],
      });
      assert.ok(Date.now() - startMs < 10_000);
    });
  }

  test('before the start sends nothing', async (t) => {
    const { smtp, channel } = await scene(t);
    assert.equal((await deliver(channel, messageOf(), { signal: AbortSignal.abort() })).kind, 'retry');
    await sleep(50);
    assert.equal(smtp.taken.length, 0);
  });

  test('of one message leaves the others alone', async (t) => {
    const controller = new AbortController();
    const { smtp, channel } = await scene(t, {}, {}, { maxConnections: 1 });
    const others = [deliver(channel), deliver(channel)];
    const aborted = deliver(channel, messageOf(), { signal: controller.signal });
    controller.abort();
    assert.equal((await aborted).kind, 'retry');
    for (const other of others) assert.equal((await other).kind, 'delivered');
    assert.equal(smtp.taken.length, 2);
  });

  test('of one that waits for a connection does not wait for it', async (t) => {
    const controller = new AbortController();
    const say: Say = (line) => {
      if (!line.startsWith('MAIL')) return usual(line);
      setImmediate(() => controller.abort());
      return 'silence';
    };
    const { channel } = await scripted(t, say, {}, { maxConnections: 1, silenceTimeoutMs: 2000 });
    const order: string[] = [];
    const first = deliver(channel).then(() => order.push('first'));
    const second = deliver(channel, messageOf(), { signal: controller.signal }).then(() =>
      order.push('second'),
    );
    await Promise.all([first, second]);
    assert.deepEqual(order, ['second', 'first']);
  });

  test('close ends what waits for a connection', async (t) => {
    const { channel } = await scripted(
      t,
      (line) => (line === GREETING ? 'silence' : usual(line)),
      {},
      { maxConnections: 1, greetingTimeoutMs: 300 },
    );
    const deliveries = [deliver(channel), deliver(channel)];
    await sleep(50);
    await channel.close?.();
    for (const delivery of await Promise.all(deliveries)) assert.equal(delivery.kind, 'retry');
  });
});

/** More than the system keeps for a connection. */
const LARGE = `${'a'.repeat(70)}\n`.repeat(500_000);

function plainChannel(t: TestContext, port: number, limits: Partial<SmtpLimits>): Channel {
  const { credentials: _, ...plain } = usualSettings;
  const channel = successOf(createSmtpChannel({ ...plain, security: 'none', port }, { trust, limits }));
  t.after(() => channel.close?.());
  return channel;
}

/** Takes any message. `atContent` is called with the first piece of one. */
async function startReader(atContent: (socket: Socket) => void) {
  let open = 0;
  const server = createServer((socket) => {
    open++;
    socket.on('close', () => open--).on('error', () => undefined);
    socket.write('220 reader\r\n');
    let isContent = false;
    let end = '';
    socket.setEncoding('latin1').on('data', (piece: string) => {
      if (isContent) {
        if (end === '') atContent(socket);
        end = (end + piece).slice(-5);
        if (end === '\r\n.\r\n') socket.write('250 Ok\r\n');
        return;
      }
      isContent = piece === 'DATA\r\n';
      socket.write(isContent ? '354 Go on\r\n' : '250 Ok\r\n');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { port, open: () => open, close: () => server.close() };
}

/** Fails after ten seconds. */
async function until(isSo: () => boolean): Promise<void> {
  for (let i = 0; i < 500 && !isSo(); i++) await sleep(20);
  assert.ok(isSo());
}
