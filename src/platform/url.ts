/**
 * URL and URLSearchParams of the URL Standard (https://url.spec.whatwg.org), for what has an authority, and
 * `domainToASCII`. The tests compare it with that of Node.
 */
import { Buffer } from './buffer.ts';
import { isIPv6 } from './ip.ts';
import { toASCII } from './punycode.ts';

const specialPorts: Readonly<Record<string, string>> = { 'http:': '80', 'https:': '443', 'ws:': '80', 'wss:': '443', 'ftp:': '21' };

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
    if (code > 0x20 && code < 0x7f && !set.includes(char)) out += char;
    else for (const byte of Buffer.from(char)) out += percent(byte);
  }
  return out;
}

function percent(byte: number): string {
  return `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
}

function decode(text: string): string {
  if (!text.includes('%')) return text;
  const bytes = Buffer.from(text);
  const out: number[] = [];
  for (let i = 0; i < bytes.length; i += 1) {
    const pair = bytes[i] === 0x25 ? bytes.toString('latin1', i + 1, i + 3) : '';
    const isPair = /^[\da-f]{2}$/i.test(pair);
    out.push(isPair ? Number.parseInt(pair, 16) : (bytes[i] as number));
    if (isPair) i += 2;
  }
  return Buffer.from(out).toString();
}

/** A number of an IPv4 address in decimal, octal or hexadecimal; NaN if it is none. */
function ipv4Number(text: string): number {
  if (/^0x[\da-f]*$/i.test(text)) return Number.parseInt(text.slice(2) || '0', 16);
  if (/^0[0-7]+$/.test(text)) return Number.parseInt(text, 8);
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
  if (parts.length > 4 || Number.isNaN(rest) || numbers.some((one) => !(one <= 255))) return 'invalid';
  if (rest >= 256 ** (4 - numbers.length)) return 'invalid';
  const value = numbers.reduce((sum, one, i) => sum + one * 256 ** (3 - i), rest);
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
}

/** The shortest form (RFC 5952). */
function ipv6Of(text: string): string | undefined {
  if (!isIPv6(text) || text.includes('%')) return undefined;
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(text);
  const hex = (a = '0', b = '0') => (Number(a) * 256 + Number(b)).toString(16);
  const plain = dotted ? `${dotted[1]}${hex(dotted[2], dotted[3])}:${hex(dotted[4], dotted[5])}` : text;
  const [head = '', tail] = plain.split('::');
  const groups = (part: string) => (part === '' ? [] : part.split(':'));
  const [before, after] = [groups(head), groups(tail ?? '')];
  const zeros = tail === undefined ? 0 : 8 - before.length - after.length;
  const words = [...before, ...Array<string>(zeros).fill('0'), ...after].map((word) =>
    Number.parseInt(word, 16).toString(16),
  );
  return compressed(words);
}

function compressed(words: readonly string[]): string {
  let [best, bestLength] = [-1, 1];
  for (let i = 0; i < 8; i += 1) {
    let length = 0;
    while (words[i + length] === '0') length += 1;
    if (length > bestLength) [best, bestLength] = [i, length];
  }
  if (best < 0) return words.join(':');
  return `${words.slice(0, best).join(':')}::${words.slice(best + bestLength).join(':')}`;
}

const forbiddenInHost = /[\0\t\n\r #/:<>?@[\\\]^|]/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: the standard names them.
const forbiddenInDomain = /[\0-\x20"#%/:<>?@[\\\]^`{|}\x7f]/;

function hostOf(text: string, isSpecial: boolean): string | undefined {
  if (text.startsWith('[')) {
    const address = text.endsWith(']') ? ipv6Of(text.slice(1, -1)) : undefined;
    return address === undefined ? undefined : `[${address}]`;
  }
  if (!isSpecial) return forbiddenInHost.test(text) ? undefined : encode(text, '');
  const domain = toASCII(decode(text));
  if (domain === undefined || domain === '' || forbiddenInDomain.test(domain)) return undefined;
  const address = ipv4Of(domain);
  return address === 'invalid' ? undefined : (address ?? domain);
}

function pathOf(text: string, isSpecial: boolean): string {
  const segments = (isSpecial ? text.replace(/\\/g, '/') : text).split('/');
  const kept: string[] = [];
  for (const [i, segment] of segments.entries()) {
    const isLast = i === segments.length - 1;
    const plain = segment.replace(/%2e/gi, '.');
    if (plain === '..') kept.pop();
    if (plain === '.' || plain === '..') {
      if (isLast) kept.push('');
    } else kept.push(encode(segment, PATH));
  }
  return `/${kept.join('/')}`;
}

interface Parts {
  protocol: string;
  username: string;
  password: string;
  hostname: string;
  port: string;
  pathname: string;
  search: string;
  hash: string;
}

function splitTail(text: string): { path: string; query: string | undefined; fragment: string | undefined } {
  const [beforeHash = '', ...afterHash] = text.split('#');
  const [path = '', ...afterMark] = beforeHash.split('?');
  return {
    path,
    query: afterMark.length > 0 ? afterMark.join('?') : undefined,
    fragment: afterHash.length > 0 ? afterHash.join('#') : undefined,
  };
}

function searchOf(query: string | undefined, isSpecial: boolean): string {
  return query === undefined || query === '' ? '' : `?${encode(query, isSpecial ? SPECIAL_QUERY : QUERY)}`;
}

function parseAuthority(text: string, protocol: string): Pick<Parts, 'username' | 'password' | 'hostname' | 'port'> | undefined {
  const at = text.lastIndexOf('@');
  const [user = '', ...password] = at < 0 ? [''] : text.slice(0, at).split(':');
  const place = text.slice(at + 1);
  const found = /^(\[[^\]]*\]|[^:]*)(?::(.*))?$/s.exec(place);
  if (!found) return undefined;
  const [, host = '', port = ''] = found;
  const isSpecial = protocol in specialPorts;
  if (!/^\d*$/.test(port) || Number(port) > 65535) return undefined;
  if (host === '' && (isSpecial || at >= 0 || port !== '')) return undefined;
  const hostname = host === '' ? '' : hostOf(host, isSpecial);
  if (hostname === undefined) return undefined;
  const number = port === '' ? '' : String(Number(port));
  return {
    username: encode(user, USERINFO),
    password: encode(password.join(':'), USERINFO),
    hostname,
    port: number === specialPorts[protocol] ? '' : number,
  };
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: the standard removes them.
const trimmed = (text: string): string => text.replace(/^[\0-\x20]+|[\0-\x20]+$/g, '').replace(/[\t\n\r]/g, '');

function parse(input: string, base?: URL): Parts | undefined {
  const text = trimmed(input);
  const scheme = /^([a-z][a-z\d+.-]*):(.*)$/is.exec(text);
  if (!scheme) return base && parseRelative(text, base);
  const protocol = `${(scheme[1] as string).toLowerCase()}:`;
  const rest = scheme[2] as string;
  const isSpecial = protocol in specialPorts;
  if (base && isSpecial && protocol === base.protocol && !/^[\\/]{2}/.test(rest)) return parseRelative(rest, base);
  const authority = (isSpecial ? /^[\\/]*([^\\/?#]*)(.*)$/s : /^\/\/([^/?#]*)(.*)$/s).exec(rest);
  if (!authority) return opaque(protocol, rest);
  const parsed = parseAuthority(authority[1] as string, protocol);
  if (!parsed) return undefined;
  const { path, query, fragment } = splitTail(authority[2] as string);
  const isEmpty = path === '' && !isSpecial;
  return {
    protocol,
    ...parsed,
    pathname: isEmpty ? '' : pathOf(path.replace(isSpecial ? /^[\\/]/ : /^\//, ''), isSpecial),
    search: searchOf(query, isSpecial),
    hash: hashOf(fragment),
  };
}

function hashOf(fragment: string | undefined): string {
  return fragment === undefined || fragment === '' ? '' : `#${encode(fragment, FRAGMENT)}`;
}

/** `mailto:` and the like. */
function opaque(protocol: string, rest: string): Parts {
  const { path, query, fragment } = splitTail(rest);
  const pathname = path.startsWith('/') ? pathOf(path.slice(1), false) : path;
  const none = { username: '', password: '', hostname: '', port: '' };
  return { protocol, ...none, pathname, search: searchOf(query, false), hash: hashOf(fragment) };
}

function parseRelative(text: string, base: URL): Parts | undefined {
  const isSpecial = base.protocol in specialPorts;
  const plain = isSpecial ? text.replace(/^[\\/]+/, (start) => start.replace(/\\/g, '/')) : text;
  if (plain.startsWith('//')) return parse(`${base.protocol}${plain}`);
  const { path, query, fragment } = splitTail(plain);
  const folder = path.startsWith('/') ? path : path === '' ? base.pathname : `${base.pathname.replace(/[^/]*$/, '')}${path}`;
  const { protocol, username, password, hostname, port } = base;
  return {
    protocol,
    username,
    password,
    hostname,
    port,
    pathname: path === '' ? base.pathname : pathOf(folder.slice(1), isSpecial),
    search: path === '' && query === undefined ? base.search : searchOf(query, isSpecial),
    hash: hashOf(fragment),
  };
}

export class URL {
  readonly #parts: Parts;

  constructor(input: string | URL, base?: string | URL) {
    const parts = parse(String(input), base === undefined ? undefined : new URL(base));
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
    const { protocol, pathname, search, hash } = this.#parts;
    return `${protocol}${this.#authority}${pathname}${search}${hash}`;
  }

  get #authority(): string {
    const { protocol, username, password } = this.#parts;
    if (this.host === '' && !(protocol in specialPorts)) return this.#parts.pathname.startsWith('//') ? '//' : '';
    const secret = password === '' ? '' : `:${password}`;
    const user = username === '' && secret === '' ? '' : `${username}${secret}@`;
    return `//${user}${this.host}`;
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

  set username(value: string) {
    this.#parts.username = encode(value, USERINFO);
  }

  get password(): string {
    return this.#parts.password;
  }

  set password(value: string) {
    this.#parts.password = encode(value, USERINFO);
  }

  get host(): string {
    const { hostname, port } = this.#parts;
    return port === '' ? hostname : `${hostname}:${port}`;
  }

  get hostname(): string {
    return this.#parts.hostname;
  }

  get port(): string {
    return this.#parts.port;
  }

  get pathname(): string {
    return this.#parts.pathname;
  }

  set pathname(value: string) {
    this.#parts.pathname = pathOf(value.replace(/^[\\/]/, '').replace(/\?/g, '%3F').replace(/#/g, '%23'), this.protocol in specialPorts);
  }

  get search(): string {
    return this.#parts.search;
  }

  set search(value: string) {
    this.#parts.search = searchOf(value.replace(/^\?/, ''), this.protocol in specialPorts);
  }

  get hash(): string {
    return this.#parts.hash;
  }

  set hash(value: string) {
    this.#parts.hash = hashOf(value.replace(/^#/, ''));
  }

  /** Changes of it change the URL. */
  get searchParams(): URLSearchParams {
    return new URLSearchParams(this.search, (query) => {
      this.search = query;
    });
  }

  toString(): string {
    return this.href;
  }

  toJSON(): string {
    return this.href;
  }
}

type Init = string | Iterable<readonly [string, string]> | Readonly<Record<string, string>>;

export class URLSearchParams {
  #list: [name: string, value: string][] = [];
  readonly #onChange: ((query: string) => void) | undefined;

  constructor(init: Init = '', onChange?: (query: string) => void) {
    this.#onChange = onChange;
    if (typeof init === 'string') this.#list = pairsOf(init);
    else if (Symbol.iterator in init)
      for (const [name, value] of init as Iterable<readonly [string, string]>) this.#list.push([name, value]);
    else this.#list = Object.entries(init as Readonly<Record<string, string>>).map(([name, value]) => [name, String(value)]);
  }

  append(name: string, value: string): void {
    this.#list.push([name, String(value)]);
    this.#changed();
  }

  delete(name: string): void {
    this.#list = this.#list.filter(([one]) => one !== name);
    this.#changed();
  }

  set(name: string, value: string): void {
    const place = this.#list.findIndex(([one]) => one === name);
    if (place < 0) return this.append(name, value);
    this.#list = this.#list.filter(([one], i) => one !== name || i === place);
    (this.#list[place] as [string, string])[1] = String(value);
    this.#changed();
  }

  get(name: string): string | null {
    return this.#list.find(([one]) => one === name)?.[1] ?? null;
  }

  getAll(name: string): string[] {
    return this.#list.filter(([one]) => one === name).map(([, value]) => value);
  }

  has(name: string): boolean {
    return this.#list.some(([one]) => one === name);
  }

  sort(): void {
    this.#list.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    this.#changed();
  }

  get size(): number {
    return this.#list.length;
  }

  #changed(): void {
    this.#onChange?.(this.toString());
  }

  *entries(): Generator<[string, string]> {
    for (const [name, value] of this.#list) yield [name, value];
  }

  *keys(): Generator<string> {
    for (const [name] of this.#list) yield name;
  }

  *values(): Generator<string> {
    for (const [, value] of this.#list) yield value;
  }

  forEach(visit: (value: string, name: string) => void): void {
    for (const [name, value] of this.#list) visit(value, name);
  }

  [Symbol.iterator](): Generator<[string, string]> {
    return this.entries();
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
  return text
    .replace(/^\?/, '')
    .split('&')
    .filter((part) => part !== '')
    .map((part) => {
      const end = part.indexOf('=');
      const [name, value] = end < 0 ? [part, ''] : [part.slice(0, end), part.slice(end + 1)];
      return [decode(name.replace(/\+/g, ' ')), decode(value.replace(/\+/g, ' '))];
    });
}

/** The domain in ASCII, empty if it is none. */
export function domainToASCII(domain: string): string {
  const ascii = toASCII(domain);
  return ascii === undefined || forbiddenInDomain.test(ascii) ? '' : ascii;
}

export default { URL, URLSearchParams, domainToASCII };
