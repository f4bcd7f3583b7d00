/**
 * The certificate of the server, and its renewal: the files are looked at again and again, since watchers miss links
 * that are swapped above a file (Kubernetes, certbot). What cannot be used never replaces what is in use.
 */
import { createPrivateKey, type KeyObject, randomBytes, X509Certificate } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import type { Config } from '../config/options.ts';
import type { KeyPair } from '../http/engine/tls/front.ts';
import type { EventLog } from '../observe/log.ts';
import { StartError } from '../util/start-error.ts';
import { accountName } from './file-warnings.ts';

/** How often the files are looked at. */
const LOOK_EVERY_MS = 500;
/** As Node wants them. */
const TICKET_KEYS_BYTES = 48;
/** A certificate and its chain; larger files are something else. */
const MAX_FILE_BYTES = 256 * 1024;

export interface Certificates {
  /** The one in use. */
  readonly keyPair: KeyPair;
  /** Calls back with each new pair, which it has told the operator of. */
  watch(onRenewed: (keyPair: KeyPair) => void): void;
  close(): void;
}

type Files = Pick<Config, 'tlsCert' | 'tlsKey'>;

/** Rejects with a `StartError` where the server cannot use them. */
export async function openCertificates(files: Files, event: EventLog): Promise<Certificates> {
  const before = await stampOf(files);
  const keyPair = await readKeyPair(files);
  tellValidity(keyPair, event);
  let timer: NodeJS.Timeout | undefined;
  return {
    keyPair,
    watch(onRenewed) {
      const watch = new Watch(files, before, keyPair, event, onRenewed);
      timer = setInterval(() => void watch.look(), LOOK_EVERY_MS).unref();
    },
    close: () => clearInterval(timer),
  };
}

class Watch {
  readonly #files: Files;
  readonly #event: EventLog;
  readonly #onRenewed: (keyPair: KeyPair) => void;
  #used: KeyPair;
  /** The state of the files that was dealt with last. */
  #stamp: string;
  /** A state that could not be used when it was first seen: it may be half of a change. */
  #doubtful = '';
  #isLooking = false;

  constructor(
    files: Files,
    stamp: string,
    used: KeyPair,
    event: EventLog,
    onRenewed: (keyPair: KeyPair) => void,
  ) {
    this.#files = files;
    this.#stamp = stamp;
    this.#used = used;
    this.#event = event;
    this.#onRenewed = onRenewed;
  }

  /** Never rejects. */
  async look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    const stamp = await stampOf(this.#files);
    if (stamp !== this.#stamp) await this.#renew(stamp);
    this.#isLooking = false;
  }

  async #renew(stamp: string): Promise<void> {
    try {
      const keyPair = await readKeyPair(this.#files);
      // Written meanwhile: the next look finds the rest.
      if ((await stampOf(this.#files)) !== stamp) return;
      const isSame = keyPair.cert === this.#used.cert && keyPair.key === this.#used.key;
      if (!isSame) this.#onRenewed(keyPair);
      this.#stamp = stamp;
      this.#used = keyPair;
      if (isSame) return;
      this.#event('info', `the certificate was renewed, it is valid until ${lastDay(keyPair)}`);
      tellValidity(keyPair, this.#event);
    } catch (error) {
      if (this.#doubtful === stamp) {
        this.#stamp = stamp;
        const problem = (error as Error).message.replaceAll('"', '');
        this.#event('error', `the new certificate is not used, the old one stays: ${problem}`);
      }
      this.#doubtful = stamp;
    }
  }
}

/** What tells two states of the files apart. Links are followed. */
async function stampOf({ tlsCert, tlsKey }: Files): Promise<string> {
  const parts = [tlsCert, tlsKey || tlsCert].map((path) =>
    stat(path, { bigint: true }).then(
      ({ dev, ino, size, mtimeNs, ctimeNs }) => [dev, ino, size, mtimeNs, ctimeNs].join(':'),
      (error: NodeJS.ErrnoException) => String(error.code),
    ),
  );
  return (await Promise.all(parts)).join(' ');
}

/** Rejects with a `StartError` that names what is wrong with the files. */
async function readKeyPair({ tlsCert, tlsKey }: Files): Promise<KeyPair> {
  const keyFile = tlsKey || tlsCert;
  const certText = await readPem(tlsCert, '--tls-cert');
  const keyText = keyFile === tlsCert ? certText : await readPem(keyFile, '--tls-key');
  const certs = blocksOf(certText, 'CERTIFICATE');
  const cert = certs.join('');
  const shown = `${JSON.stringify(tlsCert)} (--tls-cert)`;
  const leaf = parse(() => new X509Certificate(cert));
  // The last one may be half written.
  if (!leaf || certText.split(CERTIFICATE_BEGIN).length - 1 > certs.length)
    throw new StartError(
      'tls_cert_invalid',
      `${shown} is not a certificate in PEM`,
      `it begins with ${CERTIFICATE_BEGIN}, the one of the server first`,
    );
  const { key, keyObject } = privateKeyOf(keyText, keyFile, tlsKey === '');
  if (!leaf.checkPrivateKey(keyObject))
    throw new StartError(
      'tls_mismatch',
      `the private key in ${JSON.stringify(keyFile)} does not belong to the certificate in ${shown}`,
      'both must be of one pair, and the certificate of the server the first in its file',
    );
  const keyPair = { cert, key, ticketKeys: randomBytes(TICKET_KEYS_BYTES) };
  checkUse(keyPair, shown);
  return keyPair;
}

const CERTIFICATE_BEGIN = '-----BEGIN CERTIFICATE-----';
const encrypted = /-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m;

function privateKeyOf(text: string, file: string, isShared: boolean): { key: string; keyObject: KeyObject } {
  const shown = JSON.stringify(file);
  if (encrypted.test(text))
    throw new StartError(
      'tls_key_encrypted',
      `the private key in ${shown} is encrypted, and nobody is there to type a passphrase`,
      `decrypt it: openssl pkey -in ${file} -out key.pem`,
    );
  const [key = ''] = blocksOf(text, '(?:[A-Z]+ )?PRIVATE KEY');
  const keyObject = parse(() => createPrivateKey(key));
  if (keyObject) return { key, keyObject };
  const hint = isShared ? 'name its file with --tls-key' : 'it begins with -----BEGIN PRIVATE KEY-----';
  throw new StartError('tls_key_invalid', `${shown} has no private key in PEM`, hint);
}

/** What OpenSSL has against the pair, such as a key that is too short. */
function checkUse(keyPair: KeyPair, shown: string): void {
  try {
    createSecureContext(keyPair);
  } catch (error) {
    const { message } = error as Error;
    throw new StartError(
      'tls_unusable',
      `${shown} cannot be used: ${message}`,
      'ask for another certificate',
    );
  }
}

function blocksOf(text: string, label: string): string[] {
  const block = new RegExp(`-----BEGIN ${label}-----[\\s\\S]*?-----END ${label}-----`, 'g');
  return [...text.matchAll(block)].map(([one]) => `${one}\n`);
}

function parse<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch {
    return undefined;
  }
}

async function readPem(path: string, option: string): Promise<string> {
  const shown = `${JSON.stringify(path)} (${option})`;
  try {
    const { size } = await stat(path);
    if (size > MAX_FILE_BYTES) throw new Error(`larger than ${MAX_FILE_BYTES} bytes`);
    return await readFile(path, 'latin1');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const problem = code === 'ENOENT' ? 'no such file' : message;
    const hint =
      code === 'EACCES' ? `${accountName()} must be able to read it` : 'name a file in PEM that can be read';
    throw new StartError('tls_file_unreadable', `cannot read ${shown}: ${problem}`, hint);
  }
}

function lastDay({ cert }: KeyPair): string {
  return new Date(new X509Certificate(cert).validTo).toISOString().slice(0, 10);
}

function tellValidity({ cert }: KeyPair, event: EventLog): void {
  const { validFrom, validTo } = new X509Certificate(cert);
  const nowMs = Date.now();
  if (Date.parse(validTo) < nowMs)
    event('warn', `the certificate has expired, it was valid until ${validTo}: clients will refuse it`);
  if (Date.parse(validFrom) > nowMs)
    event('warn', `the certificate is not valid before ${validFrom}: clients will refuse it`);
}
