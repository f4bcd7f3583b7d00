/** What a rule is made of: the tree that it sees, what it finds there, and the questions that several rules ask. */
import { posix } from 'node:path';
import type { Import, SourceFile, Texts } from './source-tree.ts';

export interface Tree {
  readonly texts: Texts;
  readonly sources: readonly SourceFile[];
}

export interface Finding {
  readonly path: string;
  /** The thing in the file that breaks the rule: an imported module, a function, a name. */
  readonly subject: string;
  readonly reason: string;
}

/** A pure function from the tree to what breaks the rule. */
export type Rule = (tree: Tree) => readonly Finding[];
export type Rules = Readonly<Record<string, Rule>>;

export function found({ path }: { readonly path: string }, subject: string, reason: string): Finding {
  return { path, subject, reason };
}

/** Tests and what they share; the product never loads them. */
export function isTest(path: string): boolean {
  return /(\.test|\.contract|[/-]fixtures)\.ts$|\/contracts\//.test(path);
}

/** What stands for Node in mote-tiny: its names are Node's, and it is where they are made. */
export function isPlatform(path: string): boolean {
  return path.startsWith('src/platform/');
}

export function product({ sources }: Tree): readonly SourceFile[] {
  return sources.filter(({ path }) => path.startsWith('src/') && !isTest(path));
}

export type Imported = Import & { readonly file: SourceFile };

export function imports(tree: Tree): Imported[] {
  return product(tree).flatMap((file) => file.imports.map((imported) => ({ file, ...imported })));
}

export function matches(path: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => posix.matchesGlob(path, pattern));
}

/** `a/{b,c}` as `a/b` and `a/c`, for one pair of braces without nesting. */
export function expandBraces(pattern: string): string[] {
  const [, head = '', list = '', tail = ''] = /^(.*)\{(.*)\}(.*)$/.exec(pattern) ?? [];
  return list ? list.split(',').map((part) => `${head}${part}${tail}`) : [pattern];
}
