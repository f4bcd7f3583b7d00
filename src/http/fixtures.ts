/** What the tests of sending and of outgoing connections share. */
import assert from 'node:assert/strict';
import { Duplex } from 'node:stream';

/** The server's end of a connection whose client takes bytes only when the test says so. */
export class Wire extends Duplex {
  /** What the client has taken. */
  taken = Buffer.alloc(0);
  #held = false;
  #release: () => void = () => undefined;

  /** From the next write on, the client takes nothing. */
  hold(): void {
    this.#held = true;
  }

  /** The client takes what waits and, unless it is held, all that follows. */
  release(held: boolean): void {
    const release = this.#release;
    this.#held = held;
    this.#release = () => undefined;
    release();
  }

  override _read(): void {}

  override _write(bytes: Buffer, _encoding: BufferEncoding, done: (error?: Error) => void): void {
    // No copy before it is taken: a buffer that is used again too early would show.
    const take = () => {
      this.taken = Buffer.concat([this.taken, bytes]);
      done();
    };
    if (this.#held) this.#release = take;
    else take();
  }

  /** What the client has taken, as Latin-1. */
  get text(): string {
    return this.taken.toString('latin1');
  }

  /** The same without the header section. */
  get body(): Buffer {
    return this.taken.subarray(this.taken.indexOf('\r\n\r\n') + 4);
  }
}

export const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Waits for what must come soon, without a fixed time. */
export async function until(holds: () => boolean, what: string): Promise<void> {
  for (let i = 0; i < 1000 && !holds(); i++) await tick();
  assert.ok(holds(), what);
}

/** A key and a certificate for `localhost`, signed by itself and valid from 2000 to 2099. Only tests know it. */
export const PEM = `\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg7OntAckNRB/0w6tX
YL8SdCkwhkwYzdTO0aSZNlhNKUChRANCAAR8k9B8bECgKVBo5ck8jhtr5hEowzs5
SylbzxAqbPZ7BJEjuss003ragG8PpFyAClkHjeV7x/I/YqAYzLp56FVU
-----END PRIVATE KEY-----
-----BEGIN CERTIFICATE-----
MIIBYjCCAQegAwIBAgIBATAKBggqhkjOPQQDAjAUMRIwEAYDVQQDDAlsb2NhbGhv
c3QwIBcNMDAwMTAxMDAwMDAwWhgPMjEwMDAxMDEwMDAwMDBaMBQxEjAQBgNVBAMM
CWxvY2FsaG9zdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABHyT0HxsQKApUGjl
yTyOG2vmESjDOzlLKVvPECps9nsEkSO6yzTTetqAbw+kXIAKWQeN5XvH8j9ioBjM
unnoVVSjSDBGMBQGA1UdEQQNMAuCCWxvY2FsaG9zdDAPBgNVHRMBAf8EBTADAQH/
MB0GA1UdDgQWBBRj+Ln12a7kNh++XddgYlsKazAYITAKBggqhkjOPQQDAgNJADBG
AiEAv3Pl7LIhlXNuyWbI2Gt5jruDuNOzGns+NdZxgrX1RfgCIQCPl5tbQ9ebc6hl
+fyjoWle+R7LregJkcFcbh9QYf/cow==
-----END CERTIFICATE-----
`;

/** The certificate of an authority that signed nothing. */
export const OTHER_AUTHORITY = `\
-----BEGIN CERTIFICATE-----
MIIBWzCCAQGgAwIBAgIBAjAKBggqhkjOPQQDAjAcMRowGAYDVQQDDBFhbm90aGVy
IGF1dGhvcml0eTAgFw0wMDAxMDEwMDAwMDBaGA8yMDk5MTIzMTIzNTk1OVowHDEa
MBgGA1UEAwwRYW5vdGhlciBhdXRob3JpdHkwWTATBgcqhkjOPQIBBggqhkjOPQMB
BwNCAATc/YDj628WKfmF0TIm/OKx2lAoeoH7sNQPqTul74NGeJcTmGKDHV4hyeT+
yvQB0b62qoqjazHdRlfaJQhmmRtdozIwMDAPBgNVHRMBAf8EBTADAQH/MB0GA1Ud
DgQWBBRplYuGS3os8x6UnpPww7ZABz50bDAKBggqhkjOPQQDAgNIADBFAiEA4zph
EX5+UTRxEUXp1AG84oobBi7kWrekLB4OXAL3CvICIE6V1A7P/ck2xLcF1Azhn/Wx
qWiR0YURM77ofEHhdi0Q
-----END CERTIFICATE-----
`;
