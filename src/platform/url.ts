/**
 * URL and URLSearchParams of the URL Standard (https://url.spec.whatwg.org), and `domainToASCII`, for what the product
 * has: absolute URLs of any scheme, references to http(s) bases, and the setters of `pathname` and `search` on those.
 * Left out because nothing uses them: `searchParams`, the other setters, other bases, the rules of `file:` and the
 * origin of `blob:`. All else is the same as Node's, as `url.contract.ts` shows.
 */
import { Buffer } from './buffer.ts';
import { ipv6Words, shortest } from './ip.ts';
import { toASCII } from './punycode.ts';

const specialPorts: Readonly<Record<string, string>> = {
  'http:': '80',
  'https:': '443',
  'ws:': '80',
  'wss:': '443',
  'ftp:': '21',
};

/** Characters that each part encodes beside those beyond ASCII and the controls. */
const FRAGMENT = ' "<>`';
const QUERY = ' "#<>';
const SPECIAL_QUERY = `${QUERY}'`;
const PATH = `${QUERY}?^\`{}`;
const USERINFO = `${PATH}/:;=@[\\]|`;

function encode(text: string, set: string): string {
  let out = '';
  for (const char of text) {
    const code = char.codePointAt(0) as number;
    if (code >= 0x20 && code < 0x7f && !set.includes(char)) out += char;
    else for (const byte of Buffer.from(char)) out += percent(byte);
  }
  return out;
}

function percent(byte: number): string {
  return `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
}

function decode(text: string): string {
  if (!text.includes('%')) return text;
  const latin1 = Buffer.from(text).toString('latin1');
  const bytes = latin1.replace(/%([\da-f]{2})/gi, (_, pair) =>
    String.fromCharCode(Number.parseInt(pair, 16)),
  );
  return Buffer.from(bytes, 'latin1').toString();
}

/** A number of an IPv4 address in decimal, octal or hexadecimal; NaN if it is none. */
function ipv4Number(text: string): number {
  if (/^0x[\da-f]*$/i.test(text)) return Number.parseInt(text.slice(2) || '0', 16);
  if (/^0\d+$/.test(text)) return /[89]/.test(text) ? Number.NaN : Number.parseInt(text, 8);
  return /^\d+$/.test(text) ? Number.parseInt(text, 10) : Number.NaN;
}

/** Every host whose last part is a number is an IPv4 address, or wrong: `0x7f.1` is 127.0.0.1. */
function ipv4Of(host: string): string | undefined | 'invalid' {
  const parts = host.split('.');
  if (parts.length > 1 && parts.at(-1) === '') parts.pop();
  const last = parts.at(-1) as string;
  if (!/^\d+$/.test(last) && Number.isNaN(ipv4Number(last))) return undefined;
  const numbers = parts.map(ipv4Number);
  const rest = numbers.pop() as number;
  if (parts.length > 4 || numbers.some((one) => !(one <= 255))) return 'invalid';
  if (!(rest < 256 ** (4 - numbers.length))) return 'invalid';
  const value = numbers.reduce((sum, one, i) => sum + one * 256 ** (3 - i), rest);
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
}

const forbiddenInHost = /[\0\t\n\r #/:<>?@[\\\]^|]/;
const forbiddenInDomain = /[\0-\x20#%/:<>?@[\\\]^|\x7f]/;

function hostOf(text: string, isSpecial: boolean): string | undefined {
  if (text.startsWith('[')) {
    const words = text.endsWith(']') && !text.includes('%') ? ipv6Words(text.slice(1, -1)) : undefined;
    return words && `[${shortest(words)}]`;
  }
  if (!isSpecial) return forbiddenInHost.test(text) ? undefined : encode(text, '');
  const domain = toASCII(decode(text));
  if (domain === undefined || domain === '' || forbiddenInDomain.test(domain)) return undefined;
  const address = ipv4Of(domain);
  return address === 'invalid' ? undefined : (address ?? domain);
}

/** The segments of `text`, after those of `kept`. */
function segmentsOf(text: string, isSpecial: boolean, kept: string[] = []): string[] {
  const segments = (isSpecial ? text.replace(/\\/g, '/') : text).split('/');
  for (const [i, segment] of segments.entries()) {
    const plain = segment.replace(/%2e/gi, '.');
    if (plain === '..') kept.pop();
    if (plain !== '.' && plain !== '..') kept.push(encode(segment, PATH));
    else if (i === segments.length - 1) kept.push('');
  }
  return kept;
}

interface Authority {
  readonly username: string;
  readonly password: string;
  /** `undefined`: there is no authority. */
  readonly hostname: string | undefined;
  readonly port: string;
}

interface Parts extends Authority {
  readonly protocol: string;
  /** A text is an opaque path, as of `mailto:`. */
  readonly path: readonly string[] | string;
  readonly query: string | undefined;
  readonly fragment: string | undefined;
}

const none: Authority = { username: '', password: '', hostname: undefined, port: '' };

function authorityOf(text: string, protocol: string): Authority | undefined {
  const isSpecial = protocol in specialPorts;
  const at = text.lastIndexOf('@');
  const [user, password = ''] = cut(at < 0 ? '' : text.slice(0, at), ':');
  const [, host = '', colon, port = ''] =
    /^((?:\[[^\]]*\]?|[^:[])*)(:)?(.*)$/s.exec(text.slice(at + 1)) ?? [];
  if (!/^\d*$/.test(port) || Number(port) > 65535) return undefined;
  if (host === '' && (isSpecial || at >= 0 || colon)) return undefined;
  const hostname = host === '' ? '' : hostOf(host, isSpecial);
  if (hostname === undefined) return undefined;
  const number = port === '' ? '' : String(Number(port));
  return {
    username: encode(user, USERINFO),
    password: encode(password, USERINFO),
    hostname,
    port: number === specialPorts[protocol] ? '' : number,
  };
}

/** What is in front of the first `mark`, and what is behind it. */
function cut(text: string, mark: string): [before: string, after: string | undefined] {
  const at = text.indexOf(mark);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

const clean = (text: string): string => text.toWellFormed().replace(/[\t\n\r]/g, '');

type Tail = Pick<Parts, 'query' | 'fragment'>;

function parse(input: string, base: Parts | undefined): Parts | undefined {
  const [beforeFragment, fragment] = cut(clean(input.replace(/^[\0-\x20]+|[\0-\x20]+$/g, '')), '#');
  const [text, query] = cut(beforeFragment, '?');
  const [, scheme, afterScheme = ''] = /^([a-z][a-z\d+.-]*):(.*)$/is.exec(text) ?? [];
  const protocol = scheme === undefined ? (base?.protocol ?? '') : `${scheme.toLowerCase()}:`;
  const isSpecial = protocol in specialPorts;
  const tail: Tail = {
    query: query === undefined ? undefined : encode(query, isSpecial ? SPECIAL_QUERY : QUERY),
    fragment: fragment === undefined ? undefined : encode(fragment, FRAGMENT),
  };
  if (scheme === undefined) return base && relative(text, base, tail);
  const rest = afterScheme;
  if (base?.protocol === protocol && !rest.startsWith('//')) return relative(rest, base, tail);
  if (isSpecial) return absolute(rest.replace(/^[\\/]*/, ''), protocol, tail);
  if (rest.startsWith('//')) return absolute(rest.slice(2), protocol, tail);
  if (rest.startsWith('/')) return { protocol, ...none, path: segmentsOf(rest.slice(1), false), ...tail };
  // Blanks at the end would be lost when the fragment is taken away.
  const isLast = query === undefined && fragment === undefined;
  return { protocol, ...none, path: encode(isLast ? rest : rest.replace(/ $/, '%20'), ''), ...tail };
}

/** What stands after the slashes of an authority. */
function absolute(text: string, protocol: string, tail: Tail): Parts | undefined {
  const isSpecial = protocol in specialPorts;
  const [, place = '', path = ''] = (isSpecial ? /^([^\\/]*)(.*)$/s : /^([^/]*)(.*)$/s).exec(text) ?? [];
  const authority = authorityOf(place, protocol);
  if (!authority) return undefined;
  const segments = path === '' && !isSpecial ? [] : segmentsOf(path.slice(1), isSpecial);
  return { protocol, ...authority, path: segments, ...tail };
}

function relative(text: string, base: Parts, tail: Tail): Parts | undefined {
  const rest = text.replace(/^[\\/]+/, '');
  const slashes = text.length - rest.length;
  if (slashes >= 2) return absolute(rest, base.protocol, tail);
  if (text === '') return { ...base, ...tail, query: tail.query ?? base.query };
  const kept = slashes === 1 || typeof base.path === 'string' ? [] : base.path.slice(0, -1);
  return { ...base, path: segmentsOf(rest, true, kept), ...tail };
}

export class URL {
  #parts: Parts;

  constructor(input: string | URL, base?: string | URL) {
    const from = base === undefined ? undefined : new URL(String(base)).#parts;
    const isUsable = !from || from.protocol in specialPorts;
    const parts = isUsable ? parse(String(input), from) : undefined;
    if (!parts) throw Object.assign(new TypeError('Invalid URL'), { code: 'ERR_INVALID_URL' });
    this.#parts = parts;
  }

  static canParse(input: string): boolean {
    return URL.parse(input) !== null;
  }

  static parse(input: string, base?: string): URL | null {
    try {
      return new URL(input, base);
    } catch {
      return null;
    }
  }

  get href(): string {
    const { protocol, username, password, hostname, path, query, fragment } = this.#parts;
    const secret = password === '' ? '' : `:${password}`;
    const user = username + secret === '' ? '' : `${username}${secret}@`;
    // Without an authority, `/.` keeps the path from being read as one.
    const guard = typeof path !== 'string' && path.length > 1 && path[0] === '' ? '/.' : '';
    const authority = hostname === undefined ? guard : `//${user}${this.host}`;
    const tail = `${query === undefined ? '' : `?${query}`}${fragment === undefined ? '' : `#${fragment}`}`;
    return `${protocol}${authority}${this.pathname}${tail}`;
  }

  get origin(): string {
    return this.protocol in specialPorts ? `${this.protocol}//${this.host}` : 'null';
  }

  get protocol(): string {
    return this.#parts.protocol;
  }

  get username(): string {
    return this.#parts.username;
  }

  get password(): string {
    return this.#parts.password;
  }

  get host(): string {
    return `${this.hostname}${this.port === '' ? '' : `:${this.port}`}`;
  }

  get hostname(): string {
    return this.#parts.hostname ?? '';
  }

  get port(): string {
    return this.#parts.port;
  }

  get pathname(): string {
    const { path } = this.#parts;
    return typeof path === 'string' ? path : path.map((segment) => `/${segment}`).join('');
  }

  set pathname(value: string) {
    const text = clean(value).replace(/[?#]/g, (mark) => percent(mark.charCodeAt(0)));
    this.#parts = { ...this.#parts, path: segmentsOf(text.replace(/^[\\/]/, ''), true) };
  }

  get search(): string {
    return this.#parts.query ? `?${this.#parts.query}` : '';
  }

  set search(value: string) {
    const query = value === '' ? undefined : encode(clean(value).replace(/^\?/, ''), SPECIAL_QUERY);
    this.#parts = { ...this.#parts, query };
  }

  get hash(): string {
    return this.#parts.fragment ? `#${this.#parts.fragment}` : '';
  }

  toString(): string {
    return this.href;
  }
}

export class URLSearchParams {
  readonly #list: [name: string, value: string][];

  constructor(init: string | Readonly<Record<string, string>>) {
    this.#list = typeof init === 'string' ? pairsOf(init) : Object.entries(init);
  }

  get(name: string): string | null {
    return this.#list.find(([one]) => one === name)?.[1] ?? null;
  }

  [Symbol.iterator](): Iterator<[string, string]> {
    return this.#list.values();
  }

  toString(): string {
    return this.#list.map(([name, value]) => `${form(name)}=${form(value)}`).join('&');
  }
}

/** `application/x-www-form-urlencoded`. */
function form(text: string): string {
  return encodeURIComponent(text.toWellFormed())
    .replace(/[!'()~]/g, (char) => percent(char.charCodeAt(0)))
    .replace(/%20/g, '+');
}

function pairsOf(text: string): [string, string][] {
  const parts = text.replace(/^\?/, '').split('&');
  const plain = (part: string) => decode(part.toWellFormed().replace(/\+/g, ' '));
  return parts
    .filter((part) => part !== '')
    .map((part) => cut(part, '='))
    .map(([name, value = '']) => [plain(name), plain(value)]);
}

/** The domain in ASCII, empty if it is none. */
export function domainToASCII(domain: string): string {
  return domain.startsWith('[') ? '' : (hostOf(domain, true) ?? '');
}
