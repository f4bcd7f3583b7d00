/** The certificate of the server: what it cannot start with, and how it is renewed. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { certificate, certificateForOther, expiredCertificate, key } from '../support/certificates.ts';
import { addTo, makeFolder, pattern } from '../support/folder.ts';
import { connectSecurely } from '../support/https.ts';
import { eventually, requestText } from '../support/raw.ts';
import { engineBetween, run, type Server, startForTest, without } from '../support/target.ts';

const skip = without('tls') || engineBetween;
const PATIENCE_MS = 15_000;
const BIG = pattern(8 * 1024 * 1024);
const root = makeFolder({ 'index.html': 'ok', 'big.bin': BIG });

/** The name in the certificate that a new client sees. */
async function nameAt({ port }: { readonly port: number }): Promise<string> {
  const client = await connectSecurely({ port });
  const { subject } = (client.socket as TLSSocket).getPeerCertificate();
  client.destroy();
  return String(subject.CN);
}

describe('what cannot start', { skip }, () => {
  const openssl = (...args: string[]) => spawnSync('openssl', args, { encoding: 'utf8' }).stdout;
  const folder = makeFolder({
    'cert.pem': certificate,
    'key.pem': key,
    'expired.pem': expiredCertificate,
    'text.pem': 'no certificate',
    'half.pem': `${certificate}${certificate.slice(0, 300)}`,
    'encrypted.pem': '-----BEGIN ENCRYPTED PRIVATE KEY-----\nAA==\n-----END ENCRYPTED PRIVATE KEY-----\n',
    'old-encrypted.pem':
      '-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAA==\n-----END RSA PRIVATE KEY-----\n',
    'other-key.pem': openssl('genpkey', '-algorithm', 'ED25519'),
    'both.pem': `${key}${certificate}`,
  });
  const cases: Readonly<Record<string, readonly [cert: string, key: string | undefined, line: RegExp]>> = {
    'no such certificate': ['none.pem', 'key.pem', /cannot read ".*none\.pem" \(--tls-cert\): no such file/],
    'no such key': ['cert.pem', 'none.pem', /cannot read ".*none\.pem" \(--tls-key\): no such file/],
    'no PEM': ['text.pem', 'key.pem', /text\.pem" \(--tls-cert\) is not a certificate in PEM; it begins/],
    'half a chain': ['half.pem', 'key.pem', /half\.pem" \(--tls-cert\) is not a certificate/],
    'a certificate for a key': ['cert.pem', 'cert.pem', /has no private key in PEM/],
    'no key at all': ['cert.pem', undefined, /has no private key in PEM; name its file with --tls-key/],
    'a passphrase': ['cert.pem', 'encrypted.pem', /is encrypted, .*openssl pkey -in/],
    'an old passphrase': ['cert.pem', 'old-encrypted.pem', /is encrypted/],
    'the key of another': ['cert.pem', 'other-key.pem', /does not belong to the certificate/],
  };
  for (const [name, [cert, own, line]] of Object.entries(cases)) {
    test(name, async () => {
      const args = ['--tls-cert', join(folder, cert), ...(own ? ['--tls-key', join(folder, own)] : [])];
      const { code, stderr } = await run([root, '0', ...args]);
      assert.match(stderr, line);
      assert.equal(stderr.split('\n').length, 2, stderr);
      assert.equal(code, 1);
    });
  }

  test('options that need a certificate', async () => {
    for (const option of [
      ['--tls-key', 'a'],
      ['--hsts', '1'],
      ['--redirect-port', '8080'],
    ]) {
      const { stderr } = await run([root, '0', ...option]);
      assert.match(stderr, new RegExp(`${option[0]}: received a value without --tls-cert`));
    }
  });

  test('a key in the folder that is served', async () => {
    const { stderr } = await run([folder, '0', '--tls-cert', join(folder, 'both.pem')]);
    assert.match(stderr, /both\.pem": lies in the root/);
  });

  test('a certificate that has expired serves, and a line says so', async (t) => {
    const args = ['--tls-cert', join(folder, 'expired.pem'), '--tls-key', join(folder, 'key.pem')];
    const late = await startForTest(t, { root, args });
    await late.logged(/the certificate has expired, it was valid until Jan/);
    assert.equal(await nameAt(late), 'other.example');
  });

  for (const [name, ...algorithm] of [
    ['RSA', '-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048'],
    ['EC', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-384'],
    ['Ed25519', '-algorithm', 'ED25519'],
  ] as const) {
    test(`a key of the kind ${name}, in the file of its certificate`, async (t) => {
      const own = makeFolder();
      const keyFile = join(own, 'key.pem');
      openssl('genpkey', ...algorithm, '-out', keyFile);
      const cert = openssl('req', '-x509', '-key', keyFile, '-subj', `/CN=${name}`, '-days', '2');
      writeFileSync(join(own, 'both.pem'), `${cert}${readFileSync(keyFile, 'utf8')}`);
      const one = await startForTest(t, { root, args: ['--tls-cert', join(own, 'both.pem')] });
      assert.equal(await nameAt(one), name);
    });
  }
});

describe('a certificate that changes', { skip }, () => {
  async function renewable(t: TestContext, ...args: string[]) {
    const folder = makeFolder({ 'first/cert.pem': certificate, 'second/cert.pem': certificateForOther });
    for (const name of ['first', 'second']) addTo(folder, { [`${name}/key.pem`]: key });
    symlinkSync('first', join(folder, '..data'));
    for (const name of ['cert.pem', 'key.pem']) symlinkSync(`..data/${name}`, join(folder, name));
    const own = ['--tls-cert', join(folder, 'cert.pem'), '--tls-key', join(folder, 'key.pem')];
    return { folder, server: await startForTest(t, { root, args: [...own, ...args] }) };
  }

  /** As Kubernetes does it: the link above the files is replaced. */
  function swap(folder: string, to: string): void {
    symlinkSync(to, join(folder, '..data_tmp'));
    renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
  }

  const named = (to: Server, name: string) =>
    eventually(
      PATIENCE_MS,
      () => nameAt(to),
      (now) => now === name,
    );

  for (const workers of ['1', '2']) {
    test(`is used within a second or so, and drops nothing (${workers} workers)`, async (t) => {
      const { folder, server: renewing } = await renewable(t, '--workers', workers);
      const kept = await connectSecurely(renewing);
      kept.write(requestText('GET', '/big.bin'));
      await kept.received(1000);
      swap(folder, 'second');
      await renewing.logged(/the certificate was renewed, it is valid until 21/);
      await named(renewing, 'other.example');
      assert.ok((await kept.response()).body.equals(BIG));
      assert.equal((await kept.get('/')).text, 'ok');
      kept.destroy();
      if (workers === '2') {
        process.kill(renewing.workers[0] ?? 0, 'SIGKILL');
        await renewing.logged(/a worker ended/);
        await eventually(
          PATIENCE_MS,
          () => renewing.workers.length,
          (count) => count === 2,
        );
        for (let i = 0; i < 4; i++) assert.equal(await nameAt(renewing), 'other.example');
      }
      const lines = [...renewing.stdout.all, ...renewing.stderr.all];
      assert.equal(lines.filter((line) => line.includes('renewed')).length, 1);
    });
  }

  test('is not used while it is broken, which one line says', async (t) => {
    const { folder, server: renewing } = await renewable(t);
    mkdirSync(join(folder, 'broken'));
    writeFileSync(join(folder, 'broken/cert.pem'), certificateForOther.slice(0, 200));
    writeFileSync(join(folder, 'broken/key.pem'), key);
    swap(folder, 'broken');
    await renewing.logged(/the new certificate is not used, the old one stays: .*cert\.pem/);
    assert.equal(await nameAt(renewing), 'localhost');
    rmSync(join(folder, 'broken/cert.pem'));
    await renewing.logged(/the old one stays: cannot read .*no such file/);
    assert.equal(await nameAt(renewing), 'localhost');
    swap(folder, 'second');
    await named(renewing, 'other.example');
  });
});

test('a session begun at one worker is resumed at another', {
  skip: skip || without('workers'),
}, async (t) => {
  const folder = makeFolder({ 'both.pem': `${key}${certificate}` });
  const args = ['--tls-cert', join(folder, 'both.pem'), '--workers', '2'];
  const two = await startForTest(t, { root, args });
  const first = await connectSecurely(two);
  const ticket = once(first.socket, 'session');
  await first.get('/');
  const [session] = await ticket;
  // They would all have to come to the same worker to succeed otherwise.
  const others = await Promise.all(Array.from({ length: 16 }, () => connectSecurely(two, { session })));
  assert.ok(others.every(({ socket }) => (socket as TLSSocket).isSessionReused()));
  for (const client of [first, ...others]) client.destroy();
});
