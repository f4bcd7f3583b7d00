/**
 * The rules of this repository that no linter knows: who may import whom, who may touch the system, how long
 * things may get. Each rule is a pure function from the tree to what breaks it; `tidy.test.ts` runs them on
 * the real tree. What cannot be mended yet stands in `exceptions`, which can only shrink: an exception that
 * nothing needs any more is a failure too.
 */
import { posix } from 'node:path';
import { type Import, parse, type SourceFile, type Texts } from './source-tree.ts';

export interface Tree {
  readonly texts: Texts;
  readonly sources: readonly SourceFile[];
}

export interface Violation {
  readonly rule: string;
  readonly path: string;
  /** The thing in the file that breaks the rule: an imported module, a function, a name. */
  readonly subject: string;
  readonly reason: string;
}

/** A violation that is allowed for now, and why. */
export interface Exception extends Omit<Violation, 'reason'> {
  readonly because: string;
}

type Finding = Omit<Violation, 'rule'>;
type Rule = (tree: Tree) => readonly Finding[];

export const MAX_FUNCTION_LINES = 60;
export const MAX_FILE_LINES = 400;

/** Needed today. Take an entry out as soon as its cause is gone. */
export const exceptions: readonly Exception[] = [
  {
    rule: 'arrows',
    path: 'src/cli/main.ts',
    subject: 'src/http/middleware/basic-auth.ts',
    because: 'the sub-command hash-password runs without the application',
  },
  {
    rule: 'response',
    path: 'src/cli/healthcheck.ts',
    subject: 'socket.write',
    because: 'a client: what it writes is a request',
  },
  ...['socket.write', 'socket.end'].map((subject) => ({
    rule: 'response',
    path: 'src/http/raw-target.ts',
    subject,
    because: 'it carries what send.ts has written',
  })),
  {
    rule: 'built-ins',
    path: 'src/static/compress.ts',
    subject: 'node:util promisify',
    because: 'zlib has no promises of its own',
  },
];

const vocabulary = ['src/http/types.ts', 'src/http/errors.ts', 'src/http/body.ts', 'src/util/**'];
const channelVocabulary = ['src/notify/channels/*.ts', 'src/notify/message.ts', 'src/net/**', 'src/util/**'];

function channelsOf(...names: readonly string[]): string[] {
  return [...channelVocabulary, ...['text', ...names].map((name) => `src/notify/channels/${name}/**`)];
}

/** Who may import what within `src`; the first row that matches a file holds for it. */
const arrows: readonly (readonly [from: string, to: readonly string[]])[] = [
  ['src/cli/bin.ts', ['src/cli/**']],
  [
    'src/cli/{token,spool}.ts',
    ['src/cli/*', 'src/config/**', 'src/notify/{auth,spool,queue}/**', 'src/util/**'],
  ],
  ['src/cli/healthcheck.ts', ['src/net/**', 'src/util/**']],
  ['src/cli/**', ['src/{cli,app,config,build,util}/**', 'src/observe/line-sink.ts']],
  ['src/app/**', ['src/**']],
  ['src/build/**', ['src/build/**']],
  // What a user of notify is, and what a token may be, is said where they are used.
  ['src/config/**', ['src/config/**', 'src/notify/auth/**', 'src/util/**']],
  ['src/http/**', ['src/http/**', 'src/util/**']],
  ['src/observe/**', ['src/observe/**', 'src/util/**', ...vocabulary]],
  ['src/static/**', ['src/static/**', 'src/util/**', ...vocabulary]],
  // A channel may have a folder of its own, but never knows the queue, nor another channel.
  ['src/notify/channels/{*.ts,text/**}', [...channelVocabulary, 'src/notify/channels/text/**']],
  // The robot of a group is the same provider's.
  ['src/notify/channels/wecom-robot/**', channelsOf('wecom-robot', 'wecom')],
  ...['smtp', 'sms', 'webhook', 'wecom'].map((name): [string, string[]] => [
    `src/notify/channels/${name}/**`,
    channelsOf(name),
  ]),
  ['src/notify/**', ['src/notify/**', 'src/util/**', ...vocabulary]],
  ['src/net/**', ['src/net/**', 'src/util/**']],
  ['src/util/**', ['src/util/**']],
  ['src/asm/**', ['src/asm/**']],
  ['src/micro/**', ['src/micro/**', 'src/asm/**']],
];

/** Files whose rules are tested as plain functions: nothing they load at run time reaches the system. */
const pureFiles = [
  'src/config/**',
  'src/http/{types,errors,guard}.ts',
  'src/http/wire/**',
  'src/static/{path,conditional,range,multipart,encoding,mime,cache-policy,plan,listing}.ts',
  'src/notify/message.ts',
  'src/notify/dialects/**',
].flatMap(expandBraces);
const systemModule = /^node:(fs|net|tls|https?|http2|dns|dgram|child_process)(\/|$)/;

/** The modules of Node that the product may load, so that a small engine can follow; `undefined` is all of one. */
const builtIns: ReadonlyMap<string, ReadonlySet<string> | undefined> = new Map([
  ...['http', 'https', 'net', 'tls', 'fs', 'fs/promises', 'path', 'zlib', 'stream', 'events', 'timers', 'url']
    .concat('os')
    .map((name): [string, undefined] => [`node:${name}`, undefined]),
  [
    'node:crypto',
    new Set(['createHash', 'createHmac', 'hash', 'pbkdf2', 'randomBytes', 'randomUUID', 'timingSafeEqual']),
  ],
  ['node:util', new Set(['parseArgs'])],
  // One system call, which tells a terminal that can close from a log.
  ['node:tty', new Set(['isatty'])],
]);
/** Of nodemailer only parts, since all of it would be three times as much. */
const packages: ReadonlySet<string> = new Set([
  'mime-types',
  'marked',
  ...['smtp-pool', 'mime-funcs', 'qp'].map((part) => `nodemailer/lib/${part}`),
]);

/** Globals of Node that are outside of the subset. */
const refusedGlobals = new Set([
  'fetch',
  'Headers',
  'Request',
  'Response',
  'FormData',
  'Blob',
  'WebSocket',
  'EventSource',
  'crypto',
  'eval',
  'Function',
  'require',
  'structuredClone',
  'navigator',
  'WebAssembly',
  'BroadcastChannel',
  'MessageChannel',
  'MessagePort',
]);

/** One for each engine. */
const responseWriters: readonly string[] = ['src/http/send.ts', 'src/http/engine/wire/writer.ts'];
/** Where responses come in from node:http and are handed on. */
const responseCarriers: readonly string[] = ['src/http/server.ts', 'src/http/connection.ts'];
/** What only a `ServerResponse` has. */
const responseMembers = new Set([
  'writeHead',
  'setHeader',
  'setHeaders',
  'appendHeader',
  'removeHeader',
  'flushHeaders',
  'addTrailers',
  'writeContinue',
  'writeProcessing',
  'writeEarlyHints',
  'assignSocket',
  'detachSocket',
]);
const responseReceiver = /^(res|resp|reply|response|socket|conn|connection)$/i;

const entryFiles = new Set(['src/cli/main.ts', 'src/cli/bin.ts']);
const entryMembers = new Set(['argv', 'argv0', 'execArgv', 'env', 'exit', 'exitCode', 'abort']);

/** All rules by name; a rule sees the whole tree. */
export const rules: Readonly<Record<string, Rule>> = {
  arrows: (tree) => imports(tree).flatMap(judgeArrow),
  purity: (tree) => product(tree).flatMap((file) => judgePurity(tree, file)),
  'file system': (tree) =>
    imports(tree)
      .filter(({ file }) => file.path.startsWith('src/static/') && file.path !== 'src/static/disk.ts')
      .filter(({ target, typeOnly }) => !typeOnly && /^node:fs(\/|$)/.test(target))
      .map(({ file, target }) => found(file, target, 'within src/static only disk.ts uses the file system')),
  response: (tree) => product(tree).flatMap(judgeResponse),
  'built-ins': (tree) => [...imports(tree).flatMap(judgeModule), ...product(tree).flatMap(judgeGlobals)],
  process: (tree) => product(tree).flatMap(judgeProcess),
  cycles: findCycles,
  'function length': ({ sources }) => sources.flatMap(judgeFunctions),
  'file length': ({ sources }) =>
    sources.flatMap((file) => {
      const lines = file.text.split('\n').length - 1;
      return lines > MAX_FILE_LINES
        ? [found(file, 'length', `${lines} lines, ${MAX_FILE_LINES} are allowed`)]
        : [];
    }),
  whitespace: ({ texts }) => Object.entries(texts).flatMap(judgeWhitespace),
  lists: (tree) => pureFiles.flatMap((pattern) => judgeListed(tree, pattern)),
};

/** The facts of all files in `texts`. */
export async function treeOf(texts: Texts): Promise<Tree> {
  return { texts, sources: await parse(texts) };
}

/** Everything that breaks a rule without being an exception, and every exception that nothing needs. */
export function check(tree: Tree, allowed: readonly Exception[] = exceptions): Violation[] {
  const same = (a: Omit<Violation, 'reason'>, b: Omit<Violation, 'reason'>) =>
    a.rule === b.rule && a.path === b.path && a.subject === b.subject;
  const all = Object.entries(rules).flatMap(([rule, judge]) =>
    judge(tree).map((finding) => ({ rule, ...finding })),
  );
  const stale = allowed.filter((exception) => !all.some((violation) => same(exception, violation)));
  return [
    ...all.filter((violation) => !allowed.some((exception) => same(exception, violation))),
    ...stale.map(({ rule, path, subject }) => ({
      rule: 'exceptions',
      path,
      subject,
      reason: `nothing here breaks "${rule}" any more: take the exception out`,
    })),
  ];
}

function found({ path }: { readonly path: string }, subject: string, reason: string): Finding {
  return { path, subject, reason };
}

/** Tests and what they share; the product never loads them. */
function isTest(path: string): boolean {
  return /(\.test|\.contract|\/fixtures)\.ts$/.test(path);
}

function product({ sources }: Tree): readonly SourceFile[] {
  return sources.filter(({ path }) => path.startsWith('src/') && !isTest(path));
}

type Imported = Import & { readonly file: SourceFile };

function imports(tree: Tree): Imported[] {
  return product(tree).flatMap((file) => file.imports.map((imported) => ({ file, ...imported })));
}

function matches(path: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => posix.matchesGlob(path, pattern));
}

/** `a/{b,c}` as `a/b` and `a/c`, for one pair of braces without nesting. */
function expandBraces(pattern: string): string[] {
  const [, head = '', list = '', tail = ''] = /^(.*)\{(.*)\}(.*)$/.exec(pattern) ?? [];
  return list ? list.split(',').map((part) => `${head}${part}${tail}`) : [pattern];
}

function judgeArrow({ file, kind, target }: Imported): Finding[] {
  if (kind !== 'file') return [];
  const row = arrows.find(([from]) => matches(file.path, [from]));
  if (!row) return [found(file, target, 'no row of the arrows says what this file may import')];
  const allowed = matches(target, row[1]) && !isTest(target);
  return allowed ? [] : [found(file, target, 'this import goes against the arrows')];
}

/** Follows what `file` loads at run time, and what that loads; the reason shows the whole chain. */
function judgePurity(tree: Tree, file: SourceFile): Finding[] {
  if (!matches(file.path, pureFiles)) return [];
  const byPath = new Map(tree.sources.map((source) => [source.path, source]));
  const seen = new Set<string>();
  const chains = (path: string, chain: readonly string[]): string[][] => {
    if (systemModule.test(path)) return [[...chain, path]];
    if (seen.has(path)) return [];
    seen.add(path);
    const loaded = byPath.get(path)?.imports.filter(({ typeOnly }) => !typeOnly) ?? [];
    return loaded.flatMap(({ target }) => chains(target, [...chain, path]));
  };
  return chains(file.path, []).map((chain) =>
    found(file, chain.at(-1) ?? '', `not pure: ${chain.join(' → ')}`),
  );
}

function judgeResponse(file: SourceFile): Finding[] {
  if (responseWriters.includes(file.path)) return [];
  const words = responseCarriers.includes(file.path) ? [] : ['ServerResponse', 'createServer'];
  const named = words
    .filter((word) => file.words.has(word))
    .map((word) =>
      found(file, word, `only ${[...responseCarriers, ...responseWriters].join(', ')} know responses`),
    );
  const written = file.members
    .filter(
      ({ receiver, name }) =>
        responseMembers.has(name) ||
        (responseReceiver.test(receiver) && (name === 'write' || name === 'end')),
    )
    .map(({ receiver, name, line }) =>
      found(
        file,
        `${receiver}.${name}`,
        `line ${line}: only ${responseWriters.join(' and ')} write responses`,
      ),
    );
  return [...named, ...written];
}

function judgeModule({ file, kind, target, typeOnly, names }: Imported): Finding[] {
  if (typeOnly || kind === 'file') return [];
  if (kind === 'package') {
    return packages.has(target) ? [] : [found(file, target, 'the product has no such dependency')];
  }
  if (!builtIns.has(target))
    return [found(file, target, 'outside of the subset of Node that the product uses')];
  const allowed = builtIns.get(target);
  if (!allowed) return [];
  const reason = `of ${target} the product uses only ${[...allowed].join(', ')}`;
  return names.filter((name) => !allowed.has(name)).map((name) => found(file, `${target} ${name}`, reason));
}

function judgeGlobals(file: SourceFile): Finding[] {
  const used = [...file.values, ...file.members.map(({ receiver }) => receiver)];
  const imported = new Set(file.imports.flatMap(({ names }) => names));
  return [...new Set(used)]
    .filter((name) => refusedGlobals.has(name) && !imported.has(name))
    .map((name) => found(file, name, 'outside of the subset of globals that the product uses'));
}

function judgeProcess(file: SourceFile): Finding[] {
  if (entryFiles.has(file.path)) return [];
  const reason = 'arguments, environment and exit belong to src/cli/main.ts and src/cli/bin.ts';
  const touched = file.members
    .filter(({ receiver, name }) => receiver === 'process' && entryMembers.has(name))
    .map(({ name, line }) => found(file, `process.${name}`, `line ${line}: ${reason}`));
  // Handed around or taken apart, nobody can tell what is read from it.
  return file.values.has('process') ? [...touched, found(file, 'process', reason)] : touched;
}

function findCycles(tree: Tree): Finding[] {
  const files = new Map(product(tree).map((file) => [file.path, file]));
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): Finding[] => {
    const file = files.get(path);
    if (!file || done.has(path)) return [];
    const start = trail.indexOf(path);
    if (start >= 0) {
      const cycle = [...trail.slice(start), path];
      return [{ path, subject: cycle[1] ?? '', reason: `imports in a circle: ${cycle.join(' → ')}` }];
    }
    const findings = file.imports.flatMap(({ target }) => visit(target, [...trail, path]));
    done.add(path);
    return findings;
  };
  return [...files.keys()].flatMap((path) => visit(path, []));
}

function judgeFunctions(file: SourceFile): Finding[] {
  return file.functions
    .filter(({ lines, suite }) => lines > MAX_FUNCTION_LINES && !(suite && isTest(file.path)))
    .map(({ name, line, lines }) =>
      found(file, name, `line ${line}: ${lines} lines, ${MAX_FUNCTION_LINES} are allowed`),
    );
}

function judgeWhitespace([path, text]: readonly [path: string, text: string]): Finding[] {
  const faults: readonly (readonly [subject: string, pattern: RegExp])[] = [
    ['CRLF', /\r\n/],
    ['trailing space', /[ \t]$/m],
    ...(path.endsWith('.ts') ? [['tab', /\t/] as const] : []),
  ];
  return faults.flatMap(([subject, pattern]) => {
    const match = pattern.exec(text);
    if (!match) return [];
    const line = text.slice(0, match.index).split('\n').length;
    return [{ path, subject, reason: `line ${line}: ${subject}` }];
  });
}

/** A list that names a file which has been renamed or removed guards nothing. */
function judgeListed({ texts }: Tree, pattern: string): Finding[] {
  const folder = `${pattern.split('/').slice(0, 2).join('/')}/`;
  const paths = Object.keys(texts).filter((path) => path.startsWith(folder));
  if (paths.length === 0 || paths.some((path) => matches(path, [pattern]))) return [];
  return [{ path: 'scripts/tidy.ts', subject: pattern, reason: 'listed as pure, but there is no such file' }];
}
