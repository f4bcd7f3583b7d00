/** What is there is used, and what is named is there. */
import { posix } from 'node:path';
import { expandBraces, type Finding, isTest, type Rules, type Tree } from './rule.ts';

export const inventoryRules: Rules = {
  unused: findUnused,
  mentions: ({ texts }) => {
    const exists = lookupIn(Object.keys(texts));
    return Object.entries(texts).flatMap(([path, text]) => judgeMentions(path, text, exists));
  },
};

/** Folders in which every file serves something. */
const CODE = /^(src|scripts|test|bench)\//;
/** Read by a tool because of its name. */
const FOUND_BY_NAME = /(^|\/)(package(-lock)?\.json|tsconfig\.json|README\.md)$/;
/** Where people and machines begin. */
const ENTRIES = /^(package\.json|exec\.cmd|Dockerfile.*|\.ci\/.*)$/;
/** Its strings are rules about files, and its tests make files up. */
const ABOUT_FILES = 'scripts/tidy/';

function findUnused(tree: Tree): Finding[] {
  const paths = Object.keys(tree.texts).filter((path) => CODE.test(path));
  const links = new Map(Object.keys(tree.texts).map((path) => [path, linksOf(tree, path, paths)]));
  const reach = (isAllowed: (path: string) => boolean): ReadonlySet<string> => {
    const reached = new Set(Object.keys(tree.texts).filter((path) => ENTRIES.test(path)));
    // A set that grows while it is walked through gives its new members too.
    for (const path of reached) {
      for (const target of links.get(path) ?? []) if (isAllowed(target)) reached.add(target);
    }
    return reached;
  };
  const [used, usedByProgram] = [reach(() => true), reach((path) => !isTestOnly(path))];
  return paths
    .filter((path) => !FOUND_BY_NAME.test(path) && !(isTestOnly(path) ? used : usedByProgram).has(path))
    .map((path) => ({
      path,
      subject: posix.basename(path),
      reason: used.has(path) ? 'only tests use it' : 'nothing imports it, starts it or names it',
    }));
}

function isTestOnly(path: string): boolean {
  return isTest(path) || path.startsWith('test/') || /fixture|\.golden\./.test(path);
}

/** What a file imports, starts, reads or, as a glob of tests or of C, runs or compiles. */
function linksOf(tree: Tree, path: string, paths: readonly string[]): string[] {
  const source = tree.sources.find((file) => file.path === path);
  const imported = source?.imports.map(({ target }) => target) ?? [];
  const declarations = imported.map((target) =>
    target.replace(/\.m?js$/, (ending) => `.d${ending.replace('js', 'ts')}`),
  );
  if (path.startsWith(ABOUT_FILES)) return [...imported, ...declarations];
  const named = source ? [...source.strings] : wordsOf(tree.texts[path] ?? '');
  const globs = named.filter((word) => /\*.*\.(test\.ts|[ch])$/.test(word));
  const words = new Set(
    named.flatMap((word) => word.split(' ')).map((word) => word.replace(/^(\.{1,2}\/)+/, '')),
  );
  const found = paths.filter(
    (other) =>
      other !== path &&
      (endingsOf(other).some((ending) => words.has(ending)) ||
        globs.some((glob) => posix.matchesGlob(other, glob))),
  );
  return [...imported, ...declarations, ...found];
}

/** `a/b/c`, `b/c` and `c` of `a/b/c`. */
function endingsOf(path: string): string[] {
  const segments = path.split('/');
  return segments.map((_, index) => segments.slice(index).join('/'));
}

/** What may be a path in a text that is no TypeScript, its comments left out. */
function wordsOf(text: string): string[] {
  const code = text.replace(/^\s*(#|\/\/|\/?\*|@?rem ).*$/gm, '');
  return code.match(/[\w@.*-]+(\/[\w@.*-]+)*/g) ?? [];
}

const QUOTED = /`([\w@.*{},/-]+)`/g;
const LINK = /\]\(([^)#\s]+)[^)]*\)/g;
const BARE =
  /(?<![\w./*{}-])((?:src|scripts|test|docs|bench|web_root|examples|schema|licenses|\.ci)\/[\w@.*{},/-]*[\w}*])/g;
const SCRIPT = /[\w}*]\.(ts|mts|mjs)$/;

function judgeMentions(path: string, text: string, exists: (name: string) => boolean): Finding[] {
  return proseOf(path, text).flatMap((line, index) => {
    const quoted = [...line.matchAll(QUOTED)]
      .map(([, name = '']) => name)
      .filter((name) => SCRIPT.test(name));
    const bare = [...line.matchAll(BARE)].map(([, name = '']) => name);
    const links = path.endsWith('.md') ? [...line.matchAll(LINK)].map(([, name = '']) => name) : [];
    const local = links
      .filter((name) => !/^[a-z]+:/.test(name))
      .map((name) => posix.join(posix.dirname(path), name));
    return [...new Set([...quoted, ...bare, ...local])]
      .filter((name) => !exists(name))
      .map((name) => ({ path, subject: name, reason: `line ${index + 1}: there is no such file` }));
  });
}

/** What is written for readers, by lines: all of a document, and the comments of other files. */
function proseOf(path: string, text: string): string[] {
  if (path.endsWith('.md')) return text.split('\n');
  const comment = /\.([cm]?[jt]s|css)$/.test(path)
    ? /^\s*(?:\/?\*|\/\/)(.*)|\s\/\/ ((?!.*['"][,;)]*$).*)$/
    : /^\s*#(.*)/;
  return text.split('\n').map((line) => comment.exec(line)?.slice(1).join('') ?? '');
}

/** A name is a path, the end of one, a folder, or a pattern of them. */
function lookupIn(paths: readonly string[]): (name: string) => boolean {
  const known = new Set(paths.flatMap((path) => [...endingsOf(path), ...foldersOf(path).flatMap(endingsOf)]));
  const existsOne = (name: string) =>
    known.has(name) || (name.includes('*') && [...known].some((path) => posix.matchesGlob(path, name)));
  return (name) => bracesOf(name.replace(/\/$/, '')).every(existsOne);
}

function foldersOf(path: string): string[] {
  const segments = path.split('/').slice(0, -1);
  return segments.map((_, index) => segments.slice(0, index + 1).join('/'));
}

function bracesOf(name: string): string[] {
  const all = expandBraces(name);
  return all.length === 1 ? all : all.flatMap(bracesOf);
}
