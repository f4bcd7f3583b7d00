/**
 * URL and URLSearchParams of the URL Standard (https://url.spec.whatwg.org), and `domainToASCII`. Left out because
 * nothing uses them: `searchParams`, all setters but those of `pathname`, `search` and `hash`, lists of parameters that
 * change, and drive letters in `file:`. All else is the same as Node's, as `url.contract.ts` shows.
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
  'file:': '',
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
  path: readonly string[] | string;
  query: string | undefined;
  fragment: string | undefined;
}

const none: Authority = { username: '', password: '', hostname: undefined, port: '' };

function authorityOf(text: string, protocol: string): Authority | undefined {
  const isSpecial = protocol in specialPorts;
  const at = text.lastIndexOf('@');
  const [user = '', ...password] = at < 0 ? [''] : text.slice(0, at).split(':');
  const [, host = '', colon, port = ''] =
    /^((?:\[[^\]]*\]?|[^:[])*)(:)?(.*)$/s.exec(text.slice(at + 1)) ?? [];
  if (!/^\d*$/.test(port) || Number(port) > 65535) return undefined;
  if (protocol === 'file:' ? at >= 0 || colon : host === '' && (isSpecial || at >= 0 || colon))
    return undefined;
  const hostname = host === '' ? '' : hostOf(host, isSpecial);
  if (hostname === undefined) return undefined;
  const number = port === '' ? '' : String(Number(port));
  return {
    username: encode(user, USERINFO),
    password: encode(password.join(':'), USERINFO),
    hostname: protocol === 'file:' && hostname === 'localhost' ? '' : hostname,
    port: number === specialPorts[protocol] ? '' : number,
  };
}

const trimmed = (text: string): string =>
  text.replace(/^[\0-\x20]+|[\0-\x20]+$/g, '').replace(/[\t\n\r]/g, '');

/** What is in front of the first `mark`, and what is behind it. */
function cut(text: string, mark: string): [before: string, after: string | undefined] {
  const at = text.indexOf(mark);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

type Tail = Pick<Parts, 'query' | 'fragment'>;

function parse(input: string, base: Parts | undefined): Parts | undefined {
  const [beforeFragment, fragment] = cut(trimmed(input).toWellFormed(), '#');
  const [text, query] = cut(beforeFragment, '?');
  const found = /^([a-z][a-z\d+.-]*):(.*)$/is.exec(text);
  const protocol = found ? `${(found[1] as string).toLowerCase()}:` : (base?.protocol ?? '');
  const isSpecial = protocol in specialPorts;
  const set = isSpecial ? SPECIAL_QUERY : QUERY;
  const tail: Tail = {
    query: query === undefined ? undefined : encode(query, set),
    fragment: fragment === undefined ? undefined : encode(fragment, FRAGMENT),
  };
  const rest = found?.[2] ?? text;
  if (!found) return base && relative(rest, base, tail);
  if (protocol === 'file:') return relative(rest, base?.protocol === protocol ? base : undefined, tail);
  if (base && isSpecial && protocol === base.protocol && !rest.startsWith('//'))
    return relative(rest, base, tail);
  if (isSpecial) return absolute(rest.replace(/^[\\/]*/, ''), protocol, tail);
  if (rest.startsWith('//')) return absolute(rest.slice(2), protocol, tail);
  const isOpaque = !rest.startsWith('/');
  // Blanks at the end would be lost when the fragment is taken away.
  const hasTail = query !== undefined || fragment !== undefined;
  const opaque = () => encode(hasTail ? rest.replace(/ $/, '%20') : rest, '');
  return { protocol, ...none, path: isOpaque ? opaque() : segmentsOf(rest.slice(1), false), ...tail };
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

/** Without a base it is `file:`, which has one by its nature. */
function relative(text: string, base: Parts | undefined, tail: Tail): Parts | undefined {
  const from: Parts = base ?? {
    protocol: 'file:',
    ...none,
    hostname: '',
    path: [],
    query: undefined,
    fragment: undefined,
  };
  const isOnlyFragment = text === '' && tail.query === undefined;
  const { path } = from;
  if (typeof path === 'string')
    return isOnlyFragment && tail.fragment !== undefined
      ? { ...from, ...tail, query: from.query }
      : undefined;
  const isSpecial = from.protocol in specialPorts;
  const slashes = (isSpecial ? /^[\\/]*/ : /^\/*/).exec(text)?.[0].length ?? 0;
  if (slashes >= 2) {
    const isLax = isSpecial && from.protocol !== 'file:';
    return absolute(text.slice(isLax ? slashes : 2), from.protocol, tail);
  }
  if (text === '' && base) return { ...from, ...tail, query: tail.query ?? from.query };
  return {
    ...from,
    path: segmentsOf(text.slice(slashes), isSpecial, slashes === 1 ? [] : path.slice(0, -1)),
    ...tail,
  };
}

export class URL {
  readonly #parts: Parts;

  constructor(input: string | URL, base?: string | URL) {
    const from = base === undefined ? undefined : new URL(String(base)).#parts;
    const parts = parse(String(input), from);
    if (!parts) throw Object.assign(new TypeError('Invalid URL'), { code: 'ERR_INVALID_URL' });
    this.#parts = parts;
  }

  static canParse(input: string, base?: string): boolean {
    return URL.parse(input, base) !== null;
  }

  static parse(input: string, base?: string): URL | null {
    try {
      return new URL(input, base);
    } catch {
      return null;
    }
  }

  get href(): string {
    const { protocol, query, fragment } = this.#parts;
    const tail = `${query === undefined ? '' : `?${query}`}${fragment === undefined ? '' : `#${fragment}`}`;
    return `${protocol}${this.#authority}${this.pathname}${tail}`;
  }

  get #authority(): string {
    const { username, password, hostname, path } = this.#parts;
    // Without it the path would read as an authority.
    if (hostname === undefined) return Array.isArray(path) && path.length > 1 && path[0] === '' ? '/.' : '';
    const secret = password === '' ? '' : `:${password}`;
    return `//${username}${secret}${username === '' && secret === '' ? '' : '@'}${this.host}`;
  }

  get origin(): string {
    const { protocol, path } = this.#parts;
    if (protocol === 'blob:') {
      const inner = URL.parse(String(path));
      return inner && /^https?:$/.test(inner.protocol) ? inner.origin : 'null';
    }
    return protocol in specialPorts && protocol !== 'file:' ? `${protocol}//${this.host}` : 'null';
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

  get #isSpecial(): boolean {
    return this.protocol in specialPorts;
  }

  get pathname(): string {
    const { path } = this.#parts;
    return typeof path === 'string' ? path : path.map((segment) => `/${segment}`).join('');
  }

  set pathname(value: string) {
    if (typeof this.#parts.path === 'string') return;
    const text = value
      .toWellFormed()
      .replace(/[\t\n\r]/g, '')
      .replace(/[?#]/g, (mark) => percent(mark.charCodeAt(0)));
    if (text === '' && !this.#isSpecial) this.#parts.path = [];
    else this.#parts.path = segmentsOf(text.replace(this.#isSpecial ? /^[\\/]/ : /^\//, ''), this.#isSpecial);
  }

  get search(): string {
    return this.#parts.query ? `?${this.#parts.query}` : '';
  }

  set search(value: string) {
    const query = value
      .toWellFormed()
      .replace(/[\t\n\r]/g, '')
      .replace(/^\?/, '');
    this.#parts.query = value === '' ? undefined : encode(query, this.#isSpecial ? SPECIAL_QUERY : QUERY);
  }

  get hash(): string {
    return this.#parts.fragment ? `#${this.#parts.fragment}` : '';
  }

  set hash(value: string) {
    const fragment = value
      .toWellFormed()
      .replace(/[\t\n\r]/g, '')
      .replace(/^#/, '');
    this.#parts.fragment = value === '' ? undefined : encode(fragment, FRAGMENT);
  }

  toString(): string {
    return this.href;
  }

  toJSON(): string {
    return this.href;
  }
}

export class URLSearchParams {
  readonly #list: [name: string, value: string][];

  constructor(init: string | Readonly<Record<string, string>> = '') {
    this.#list = typeof init === 'string' ? pairsOf(init) : Object.entries(init);
  }

  get(name: string): string | null {
    return this.#list.find(([one]) => one === name)?.[1] ?? null;
  }

  getAll(name: string): string[] {
    return this.#list.filter(([one]) => one === name).map(([, value]) => value);
  }

  has(name: string): boolean {
    return this.get(name) !== null;
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
    .map((part) => {
      const [name, value = ''] = cut(part, '=');
      return [plain(name), plain(value)];
    });
}

/** The domain in ASCII, empty if it is none. */
export function domainToASCII(domain: string): string {
  return domain.startsWith('[') ? '' : (hostOf(domain, true) ?? '');
}

export default { URL, URLSearchParams, domainToASCII };
