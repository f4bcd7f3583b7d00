/** Who may import whom, and which files stay free of the system. */
import {
  expandBraces,
  type Finding,
  found,
  type Imported,
  imports,
  isTest,
  matches,
  product,
  type Rules,
  type Tree,
} from './rule.ts';
import type { SourceFile } from './source-tree.ts';

const vocabulary = ['src/http/{types,errors,reply,authorization}.ts', 'src/util/**'];
const httpShared = ['src/http/{*.ts,middleware/**}', 'src/util/**'];
const channelVocabulary = ['src/notify/channels/*.ts', 'src/notify/message.ts', 'src/net/**', 'src/util/**'];

function channelsOf(...names: readonly string[]): string[] {
  return [...channelVocabulary, ...['text', ...names].map((name) => `src/notify/channels/${name}/**`)];
}

/** Who may import what within `src`; the first row that matches a file holds for it. */
const arrows: readonly (readonly [from: string, to: readonly string[]])[] = [
  ['src/cli/bin.ts', ['src/cli/**']],
  [
    'src/cli/{token,spool}.ts',
    ['src/cli/*', 'src/config/**', 'src/notify/{auth,spool,queue}/**', 'src/app/replicas.ts', 'src/util/**'],
  ],
  [
    'src/cli/notify-test.ts',
    ['src/cli/*', 'src/app/*', 'src/config/**', 'src/notify/channels/advice.ts', 'src/util/**'],
  ],
  ['src/cli/healthcheck.ts', ['src/net/**', 'src/util/**']],
  ['src/cli/**', ['src/{cli,app,config,build,util}/**', 'src/observe/{line-sink,look}.ts']],
  ['src/app/**', ['src/**']],
  ['src/build/**', ['src/build/**']],
  // What a user of notify is, and what a token may be, is said where they are used.
  ['src/config/**', ['src/config/**', 'src/notify/auth/**', 'src/util/**', 'src/build/features.ts']],
  // The half of the codec for responses, which knows nothing of the server.
  ['src/http/wire/client/**', ['src/http/wire/client/**', 'src/http/wire/{fields,grammar,bytes}.ts']],
  // An engine does not know the other; only what composes them knows both.
  ['src/http/engine/http-server.ts', ['src/http/**', 'src/util/**']],
  ['src/http/engine/node/**', ['src/http/engine/{*.ts,node/**}', ...httpShared]],
  ['src/http/engine/wire/**', ['src/http/engine/{*.ts,wire/**}', 'src/http/wire/**', ...httpShared]],
  // HTTP/2 has an own framing, and the fields and the grammar of HTTP/1.1.
  [
    'src/http/engine/http2/**',
    ['src/http/engine/{*.ts,http2/**}', 'src/http/wire/{fields,grammar,bytes}.ts', ...httpShared],
  ],
  // In front of the engines, of which it knows none.
  ['src/http/engine/tls/**', ['src/http/engine/{*.ts,tls/**}', ...httpShared]],
  ['src/http/**', [...httpShared, 'src/http/{engine/*.ts,wire/**}']],
  ['src/observe/**', ['src/observe/**', 'src/util/**', ...vocabulary]],
  ['src/static/**', ['src/static/**', 'src/util/**', ...vocabulary]],
  // How much may be computed at a time depends on the build.
  ['src/{util,notify/api,notify/channels/text}/effort.ts', ['src/build/features.ts']],
  // A channel may have a folder of its own, but never knows the queue, nor another channel.
  ['src/notify/channels/{*.ts,text/**}', [...channelVocabulary, 'src/notify/channels/text/**']],
  // The robot of a group is the same provider's.
  ['src/notify/channels/wecom-robot/**', channelsOf('wecom-robot', 'wecom')],
  ...['smtp', 'sms', 'webhook', 'wecom', 'preset'].map((name): [string, string[]] => [
    `src/notify/channels/${name}/**`,
    channelsOf(name),
  ]),
  // The queue is shared by way of a server.
  ['src/notify/replicas/**', ['src/notify/**', 'src/util/**', 'src/net/redis/**']],
  // Which charsets there are depends on the build.
  [
    'src/notify/dialects/field-text.ts',
    ['src/notify/**', 'src/util/**', 'src/build/features.ts', ...vocabulary],
  ],
  ['src/notify/**', ['src/notify/**', 'src/util/**', ...vocabulary]],
  ['src/net/**', ['src/net/**', 'src/util/**', 'src/http/wire/client/**']],
  ['src/util/**', ['src/util/**']],
  // In the place of Node's modules: what it starts is the whole product, and nothing in it imports any of this.
  ['src/platform/main.ts', ['src/platform/*', 'src/cli/bin.ts']],
  ['src/platform/confine.ts', ['src/platform/*', 'src/build/confine.ts']],
  ['src/platform/**', ['src/platform/**']],
  ['src/asm/**', ['src/asm/**']],
  ['src/micro/**', ['src/micro/**', 'src/asm/**']],
];

/** Files whose rules are tested as plain functions: nothing they load at run time reaches the system. */
const pureFiles = [
  'src/config/**',
  'src/http/{types,errors,guard}.ts',
  'src/http/wire/**',
  'src/http/engine/http2/{request,body}.ts',
  'src/static/{path,base-path,conditional,range,multipart,encoding,mime,cache-policy,plan,listing,listing-order,file-kind,render-readme}.ts',
  'src/static/rules/**',
  'src/notify/message.ts',
  'src/notify/dialects/**',
].flatMap(expandBraces);
const systemModule = /^node:(fs|net|tls|https?|http2|dns|dgram|child_process)(\/|$)/;

export const arrowRules: Rules = {
  arrows: (tree) => imports(tree).flatMap(judgeArrow),
  cycles: findCycles,
  purity: (tree) => product(tree).flatMap((file) => judgePurity(tree, file)),
  lists: (tree) => pureFiles.flatMap((pattern) => judgeListed(tree, pattern)),
  'file system': (tree) =>
    imports(tree)
      .filter(({ file }) => file.path.startsWith('src/static/') && file.path !== 'src/static/disk.ts')
      .filter(({ target, typeOnly }) => !typeOnly && /^node:fs(\/|$)/.test(target))
      .map(({ file, target }) => found(file, target, 'within src/static only disk.ts uses the file system')),
};

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

/** A list that names a file which has been renamed or removed guards nothing. */
function judgeListed({ texts }: Tree, pattern: string): Finding[] {
  const folder = `${pattern.split('/').slice(0, 2).join('/')}/`;
  const paths = Object.keys(texts).filter((path) => path.startsWith(folder));
  if (paths.length === 0 || paths.some((path) => matches(path, [pattern]))) return [];
  return [
    { path: 'scripts/tidy/arrows.ts', subject: pattern, reason: 'listed as pure, but there is no such file' },
  ];
}
