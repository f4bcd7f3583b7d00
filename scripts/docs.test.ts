/** The documentation names what exists: files, anchors, options, variables, error codes. */
import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, test } from 'node:test';
import { fileVariableOf } from '../src/config/env.ts';
import { kinds } from '../src/config/notify/kinds.ts';
import { options } from '../src/config/options.ts';
import { presets } from '../src/notify/channels/preset/presets.ts';
import { DIALECT_NAMES } from '../src/notify/dialects/dialect.ts';

const REPOSITORY = resolve(import.meta.dirname, '..');
const MAX_README_LINES = 200;
/** So much of a line of the program is in its sources as it is printed. */
const SHARED_CHARACTERS = 12;
/** Flags of other commands of mote, of its scripts, and of other programs. */
const OTHER_FLAGS: ReadonlySet<string> = new Set(
  [
    'config help version licenses',
    'base embed memory keep-symbols keep-icu header image seconds',
    'tiny arch sources cache analyze build-arg',
    'settings lite-mode no-opt max-semi-space-size max-old-space-size optimize-for-size single-threaded target',
    'min-semi-space-size max-lazy no-rehash-snapshot cpu-prof cpu-prof-interval',
    'init env-file ulimit health-cmd require rm',
    // An example of a flag that does not exist.
    'prot',
    // What mote leaves out on purpose.
    'upload',
  ].flatMap((line) => line.split(' ')),
);
/** Variables that are not options. */
const OTHER_VARIABLES: ReadonlySet<string> = new Set(['CONFIG', 'NOTIFY_TOKEN', 'TARGET', 'ENGINE']);

const documents = new Map(
  ['*.md', 'docs/*.md', 'src/**/*.md']
    .flatMap((pattern) => globSync(pattern, { cwd: REPOSITORY }))
    .map((path): [string, string] => [path, readFileSync(join(REPOSITORY, path), 'utf8')]),
);

/** Without blocks of code, whose lines with # are comments. */
function proseOf(text: string): string {
  return text.replace(/^```.*?^```$/gms, '');
}

/** As GitHub makes the anchors of headings. */
function anchorsOf(text: string): Set<string> {
  const headings = [...proseOf(text).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => heading);
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N}_ -]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

/** Names found by `pattern` in all documents, with the first document that has them. */
function namesIn(pattern: RegExp): Map<string, string> {
  const names = new Map<string, string>();
  for (const [path, text] of documents)
    for (const [, name = ''] of text.matchAll(pattern)) if (!names.has(name)) names.set(name, path);
  return names;
}

describe('links', () => {
  for (const [path, text] of documents) {
    const links = [...proseOf(text).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
    for (const link of new Set(links.filter((one) => !/^[a-z]+:/.test(one)))) {
      test(`${path}: ${link}`, () => {
        const [file = '', anchor] = link.split('#');
        const target = file === '' ? path : join(dirname(path), file);
        assert.ok(existsSync(join(REPOSITORY, target)), `${target} does not exist`);
        if (anchor === undefined) return;
        const anchors = anchorsOf(documents.get(target) ?? '');
        assert.ok(anchors.has(anchor), `${target} has no heading for #${anchor}`);
      });
    }
  }
});

test(`the README has at most ${MAX_README_LINES} lines`, () => {
  assert.ok((documents.get('README.md') ?? '').split('\n').length <= MAX_README_LINES + 1);
});

test('flags in the documentation exist', () => {
  const known = new Set(options.flatMap(({ key }) => [key, `no-${key}`]));
  const unknown = [...namesIn(/`--(?:\[no-\])?([a-z][a-z-]*)/g)].filter(
    ([name]) => !known.has(name) && !OTHER_FLAGS.has(name),
  );
  assert.deepEqual(unknown, []);
});

test('variables in the documentation exist', () => {
  const known = new Set(options.flatMap((option) => [...option.envNames, fileVariableOf(option)]));
  const unknown = [...namesIn(/\bMOTE_([A-Z]+(?:_[A-Z]+)*)\b/g)].filter(
    ([name]) => !known.has(`MOTE_${name}`) && !OTHER_VARIABLES.has(name),
  );
  assert.deepEqual(unknown, []);
});

test('the lines of the troubleshooting table are those of the program', () => {
  const sources = globSync(['src/**/*.ts', 'scripts/launch/*.mjs'], { cwd: REPOSITORY })
    .filter((path) => !path.endsWith('.test.ts'))
    .map((path) => readFileSync(join(REPOSITORY, path), 'utf8'))
    .join('\n');
  const [, section = ''] = (documents.get('docs/operations.md') ?? '').split('## Troubleshooting');
  const lines = [...section.matchAll(/^\| `(.+?)` \|/gm)].map(([, line = '']) => line);
  assert.ok(lines.length > 10, 'the table is found');
  // Values stand in between, so that not the whole line is in the sources.
  const isKnown = (line: string) =>
    [...line].some((_, at) => {
      const part = line.slice(at, at + SHARED_CHARACTERS);
      return part.length === SHARED_CHARACTERS && sources.includes(part);
    });
  assert.deepEqual(
    lines.filter((line) => !isKnown(line)),
    [],
  );
});

test('the README counts the kinds of channels, the presets, and the dialects', () => {
  const readme = documents.get('README.md') ?? '';
  const named = Object.keys(kinds).filter((kind) => Object.hasOwn(presets, kind));
  for (const said of [
    `| ${Object.keys(kinds).length} kinds |`,
    ` ${named.length} presets,`,
    `| ${DIALECT_NAMES.length} APIs |`,
  ])
    assert.ok(readme.includes(said), said);
});

test('each error code has a section that begins with its status', () => {
  const source = readFileSync(join(REPOSITORY, 'src/http/errors.ts'), 'utf8');
  const codes = [...source.matchAll(/^ {2}([a-z_]+): \{ status: (\d{3})/gm)];
  assert.ok(codes.length >= 20, 'the catalogue is found');
  const sections = (documents.get('docs/errors.md') ?? '').split(/^### /m).slice(1);
  const described = sections.map((section) => /^([a-z_]+)\n\n(\d{3})/.exec(section)?.slice(1, 3).join(' '));
  assert.deepEqual(described.sort(), codes.map(([, code, status]) => `${code} ${status}`).sort());
});
