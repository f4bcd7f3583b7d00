/** How a file is written: its length, its functions, its literals, its white space. */
import { type Finding, found, isTest, matches, product, type Rules } from './rule.ts';
import type { SourceFile } from './source-tree.ts';

export const MAX_FUNCTION_LINES = 60;
export const MAX_FILE_LINES = 400;
/** All C of mote-tiny: what is no mechanism belongs into TypeScript. */
export const MAX_HOST_LINES = 1800;
/** All TypeScript of mote-tiny's platform, as large as it is: what the product does not call does not belong there. */
export const MAX_PLATFORM_LINES = 3171;
const host = 'src/platform/host';
const platform = 'src/platform';

/** Where a line of a machine program is one thought of several instructions. */
const programs = ['src/{micro,asm}/**', 'scripts/seal/{stub,stub-system}.ts'];

/** Of patterns that mote-tiny compiles whenever they are evaluated (`supported` in `scripts/tiny/modules.ts`). */
const COMPILED_LATE = /[uvy][a-z]*$/;

export const formRules: Rules = {
  'function length': ({ sources }) => sources.flatMap(judgeFunctions),
  'file length': ({ sources }) =>
    sources.flatMap((file) => {
      const lines = file.text.split('\n').length - 1;
      return lines > MAX_FILE_LINES
        ? [found(file, 'length', `${lines} lines, ${MAX_FILE_LINES} are allowed`)]
        : [];
    }),
  'host length': ({ texts }) => judgeFolder(host, /^src\/platform\/host\//, texts, MAX_HOST_LINES),
  'platform length': ({ texts }) =>
    judgeFolder(platform, /^src\/platform\/[\w-]+\.ts$/, texts, MAX_PLATFORM_LINES),
  spread: ({ sources }) =>
    sources
      .filter(({ path }) => !matches(path, programs))
      .flatMap((file) =>
        file.spreads.map((line) =>
          found(file, 'spread', `line ${line}: a literal is spread where its members could stand themselves`),
        ),
      ),
  patterns: (tree) =>
    product(tree)
      .filter(({ path }) => !matches(path, programs))
      .flatMap((file) =>
        file.patterns
          .filter(({ text }) => COMPILED_LATE.test(text.slice(text.lastIndexOf('/'))))
          .map(({ text, line }) =>
            found(file, text, `line ${line}: with the flag u, v or y a pattern is a constant of the module`),
          ),
      ),
  whitespace: ({ texts }) => Object.entries(texts).flatMap(judgeWhitespace),
};

function judgeFolder(
  folder: string,
  pattern: RegExp,
  texts: Readonly<Record<string, string>>,
  most: number,
): Finding[] {
  const files = Object.entries(texts).filter(([path]) => pattern.test(path));
  const lines = files.reduce((sum, [, text]) => sum + text.split('\n').length - 1, 0);
  return lines > most
    ? [{ path: folder, subject: 'length', reason: `${lines} lines, ${most} are allowed` }]
    : [];
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
