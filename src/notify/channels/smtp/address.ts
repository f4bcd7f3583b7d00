/**
 * Mail addresses (RFC 5321 §4.1.2), as far as submission needs them: a local part of letters, digits and
 * common punctuation, at a host. Quoted local parts are refused, and so are non-ASCII ones, which need
 * SMTPUTF8 on every hop; hosts may be in any script. So no accepted address can end a line or a list.
 */
import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';
import { failure, type Result, success } from '../../../util/result.ts';

/** A sender with a display name. */
export interface Mailbox {
  /** May be empty. */
  readonly name: string;
  readonly address: string;
}

const MAX_NAME_BYTES = 64;
const MAX_HOST_BYTES = 255;

const atom = "[\\w!#$%&'*+/=?^`{|}~-]+";
const localPart = new RegExp(`^${atom}(?:\\.${atom})*$`);

/** The address with its host in ASCII. */
export function parseAddress(text: string): Result<string, string> {
  const at = text.lastIndexOf('@');
  const name = text.slice(0, Math.max(at, 0));
  const host = hostInAscii(text.slice(at + 1));
  if (!localPart.test(name) || name.length > MAX_NAME_BYTES || host === undefined) {
    return failure(
      `not a mail address: ${JSON.stringify(text)}; one like name@host.example, in ASCII before the @, is wanted`,
    );
  }
  return success(`${name}@${host}`);
}

const ASCII = /^\p{ASCII}*$/u;

function hostInAscii(host: string): string | undefined {
  const literal = /^\[(IPv6:)?([\da-f.:]+)\]$/i.exec(host);
  if (literal) return isIP(literal[2] ?? '') === (literal[1] ? 6 : 4) ? host : undefined;
  // ASCII names are not converted, since `domainToASCII` would turn digits alone into an address.
  const ascii = ASCII.test(host) ? host : domainToASCII(host);
  return isHostName(ascii) ? ascii : undefined;
}

/** A DNS name, not a numeric address (RFC 1123 §2.1). */
export function isHostName(host: string): boolean {
  const labels = host.split('.');
  const last = labels.at(-1) ?? '';
  return (
    host.length <= MAX_HOST_BYTES &&
    labels.every((label) => /^[a-z\d](?:[a-z\d_-]{0,61}[a-z\d])?$/i.test(label)) &&
    !/^\d+$/.test(last)
  );
}

const CONTROL = /[\p{Cc}\u2028\u2029]/u;

/** `name@host`, `Name <name@host>` or `"Name" <name@host>`. */
export function parseMailbox(text: string): Result<Mailbox, string> {
  const [, quoted, bare, inner] = /^\s*(?:"([^"\\]*)"|([^"<>]*?))\s*<([^<>]*)>\s*$/.exec(text) ?? [];
  const name = quoted ?? bare ?? '';
  if (CONTROL.test(name) || !name.isWellFormed()) {
    return failure('the name of the sender has control characters');
  }
  const address = parseAddress(inner ?? text);
  return address.ok ? success({ name, address: address.value }) : address;
}
