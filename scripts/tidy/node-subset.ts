/** Which parts of Node the product uses, and which files reach what is dangerous everywhere else. */
import {
  type Finding,
  found,
  type Imported,
  imports,
  isPlatform,
  product,
  type Rules,
  type Tree,
} from './rule.ts';
import type { SourceFile } from './source-tree.ts';

/** The modules of Node that the product may load, so that a small engine can follow; `undefined` is all of one. */
const builtIns: ReadonlyMap<string, ReadonlySet<string> | undefined> = new Map([
  ...['net', 'tls', 'fs', 'fs/promises', 'path', 'zlib', 'stream', 'events', 'timers', 'url']
    .concat('os')
    .map((name): [string, undefined] => [`node:${name}`, undefined]),
  [
    'node:crypto',
    new Set(
      ['createHash', 'createHmac', 'hash', 'pbkdf2', 'randomBytes', 'randomUUID', 'timingSafeEqual']
        // Node takes a private key that does not belong to the certificate, and only handshakes fail then.
        .concat(['X509Certificate', 'createPrivateKey']),
    ),
  ],
  // The resolver that `node:net` uses; what it finds is checked before anything is connected to.
  ['node:dns', new Set(['lookup'])],
  ['node:util', new Set(['parseArgs'])],
  // Of other programs mote starts only itself.
  ['node:child_process', new Set(['spawn', 'ChildProcess'])],
  // One system call, which tells a terminal that can close from a log.
  ['node:tty', new Set(['isatty'])],
]);
const packages: ReadonlySet<string> = new Set(['mime-types', 'marked']);

/** What only some files may load: a small engine does without them. */
const builtInsOf: ReadonlyMap<string, string> = new Map([
  // The engine that takes what the codec leaves to it; requests go out by the codec.
  ['node:http', 'src/http/engine/node/'],
  // The framing and header compression of HTTP/2: only for servers with a certificate.
  ['node:http2', 'src/http/engine/http2/'],
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

/** One for each engine, and what they share. */
const responseWriters: readonly string[] = [
  'src/http/send.ts',
  'src/http/engine/node/writer.ts',
  'src/http/engine/wire/writer.ts',
  'src/http/engine/http2/writer.ts',
];
/** Where responses come in from node:http and are handed on. */
const responseCarriers: readonly string[] = [
  'src/http/engine/node/server.ts',
  'src/http/engine/node/connection.ts',
];
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

/** Needs the data of languages, which sealed executables have in English only, and small engines not at all. */
const languageName = /^(?:Intl|localeCompare|toLocale\w*)$/;

export const nodeRules: Rules = {
  response: (tree) => onNode(tree).flatMap(judgeResponse),
  'built-ins': (tree) => [...imports(tree).flatMap(judgeModule), ...product(tree).flatMap(judgeGlobals)],
  languages: (tree) => product(tree).flatMap(judgeLanguages),
  process: (tree) => onNode(tree).flatMap(judgeProcess),
};

function onNode(tree: Tree): SourceFile[] {
  return product(tree).filter(({ path }) => !isPlatform(path));
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
  if (file.path.startsWith(builtInsOf.get(target) ?? '\0')) return [];
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

function judgeLanguages(file: SourceFile): Finding[] {
  return [...file.words, ...file.strings]
    .filter((word) => languageName.test(word))
    .map((word) =>
      found(file, word, 'what differs by language is not in every engine: say it in plain code'),
    );
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
