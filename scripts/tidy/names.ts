/** One meaning for a name, and one name for a file. */
import { posix } from 'node:path';
import { type Finding, found, isPlatform, product, type Rules, type Tree } from './rule.ts';

/** Two processors have one vocabulary: their files and their instructions come in pairs. */
const TWINS = /^src\/(micro|asm)\//;

export const nameRules: Rules = {
  names: (tree) => [...findSharedNames(tree), ...findNearNames(tree), ...findFolderNames(tree)],
};

function findSharedNames(tree: Tree): Finding[] {
  const declared = product(tree)
    .filter(({ path }) => !TWINS.test(path) && !isPlatform(path))
    .flatMap(({ path, exports }) => [...exports].map((name) => ({ name, path })));
  return [...Map.groupBy(declared, ({ name }) => name)].flatMap(([name, places]) => {
    const [first, ...others] = places.map(({ path }) => path).sort();
    return first === undefined || others.length === 0
      ? []
      : [{ path: first, subject: name, reason: `also exported by ${others.join(', ')}` }];
  });
}

function findNearNames({ sources }: Tree): Finding[] {
  const files = sources.filter(({ path }) => !TWINS.test(path) && !isPlatform(path));
  return [...Map.groupBy(files, ({ path }) => posix.dirname(path)).values()].flatMap((folder) => {
    const stems = [...new Set(folder.map(({ path }) => stemOf(path)))].sort();
    return stems.flatMap((stem, index) =>
      stems
        .slice(index + 1)
        .filter((other) => isOneLetterApart(stem, other))
        .map((other) => {
          const path = posix.join(posix.dirname(folder[0]?.path ?? ''), other);
          return found({ path }, stem, 'the names of two files differ by one letter');
        }),
    );
  });
}

function findFolderNames({ sources }: Tree): Finding[] {
  const folders = new Set(sources.map(({ path }) => posix.dirname(path)));
  return sources
    .filter(({ path }) => folders.has(posix.join(posix.dirname(path), stemOf(path))))
    .map((file) => found(file, stemOf(file.path), 'a file beside a folder of its own name'));
}

/** The name of a file without its endings, which tells a test and its subject as one. */
function stemOf(path: string): string {
  return posix.basename(path).replace(/\..*/, '');
}

/** Whether one letter is added, missing or another one. */
function isOneLetterApart(a: string, b: string): boolean {
  const [short, long] = a.length <= b.length ? [a, b] : [b, a];
  if (long.length - short.length > 1) return false;
  let same = 0;
  while (same < short.length && short[same] === long[same]) same += 1;
  return short.slice(short.length === long.length ? same + 1 : same) === long.slice(same + 1);
}
