import { testRules } from './fixtures.ts';
import { formRules, MAX_FILE_LINES, MAX_FUNCTION_LINES, MAX_HOST_LINES, MAX_PLATFORM_LINES } from './form.ts';

const lines = (count: number, text = '  f();\n') => text.repeat(count);
const functionOf = (count: number) => `function long() {\n${lines(count - 2)}}\n`;
const suiteOf = (count: number) => `describe('all', () => {\n${lines(count - 2)}});\n`;

testRules(formRules, {
  'function length': [
    ['at the limit', { 'src/a.ts': functionOf(MAX_FUNCTION_LINES) }],
    ['over it', { 'scripts/a.ts': functionOf(MAX_FUNCTION_LINES + 1) }, 'scripts/a.ts: long'],
    [
      'arrows and methods count',
      {
        'src/a.ts': `const arrow = () => {\n${lines(MAX_FUNCTION_LINES)}};\n`,
        'src/b.ts': `class K {\n  #method(): void {\n${lines(MAX_FUNCTION_LINES)}  }\n}\n`,
        'src/c.test.ts': `test('one thing', () => {\n${lines(MAX_FUNCTION_LINES)}});\n`,
      },
      'src/a.ts: arrow',
      'src/b.ts: #method',
      'src/c.test.ts: one thing',
    ],
    [
      'braces in text do not mislead',
      { 'src/a.ts': `const s = '{', r = /[/]{/, t = \`\${'{'}\`;\n${lines(MAX_FUNCTION_LINES)}` },
    ],
    [
      'a suite in a test is a heading',
      { 'src/a.test.ts': suiteOf(MAX_FUNCTION_LINES + 1), 'src/b.ts': suiteOf(MAX_FUNCTION_LINES + 1) },
      'src/b.ts: all',
    ],
  ],
  'file length': [
    ['at the limit', { 'src/a.ts': lines(MAX_FILE_LINES, '//\n') }],
    ['over it', { 'test/a.test.ts': lines(MAX_FILE_LINES + 1, '//\n') }, 'test/a.test.ts: length'],
  ],
  'host length': [
    [
      'at the limit',
      { 'src/platform/host/a.c': lines(MAX_HOST_LINES - 1, '//\n'), 'src/platform/host/b.h': '//\n' },
    ],
    [
      'over it',
      { 'src/platform/host/a.c': lines(MAX_HOST_LINES, '//\n'), 'src/platform/host/b.h': '//\n' },
      'src/platform/host: length',
    ],
  ],
  'platform length': [
    [
      'at the limit, with tests and contracts beside it',
      {
        'src/platform/a.ts': lines(MAX_PLATFORM_LINES - 1, '//\n'),
        'src/platform/b.ts': '//\n',
        'src/platform/b.test.ts': '//\n',
        'src/platform/contracts/b.contract.ts': '//\n',
      },
    ],
    ['over it', { 'src/platform/a.ts': lines(MAX_PLATFORM_LINES + 1, '//\n') }, 'src/platform: length'],
  ],
  spread: [
    [
      'a literal, in brackets or not',
      {
        'src/a.ts': "const o = { ...{ a, b }, c };\nconst l = [...['X', y]];\nf(...([1] as const));\n",
        'test/b.ts': 'const o = { ...({ a }) };\n',
      },
      'src/a.ts: spread',
      'src/a.ts: spread',
      'src/a.ts: spread',
      'test/b.ts: spread',
    ],
    [
      'what is computed may be spread',
      {
        'src/a.ts':
          "const l = [...['a'].map(f), ...list, ...(x ? [y] : [])];\nconst o = { ...(x && { y }), ...other };\n",
      },
    ],
    ['programs', { 'src/micro/a.ts': 'const l = [...[a, b]];\n', 'scripts/seal/stub.ts': 'f(...[a, b]);\n' }],
  ],
  patterns: [
    [
      'in whatever is called, and for each object',
      {
        'src/a.ts': 'function f(s = /a/u) {\n  return /b/giu.test(s);\n}\n',
        'src/b.ts': 'const g = (s: string) => [/c/v, /d/y].some((p) => p.test(s));\n',
        'src/c.ts': 'class K {\n  p = /e/u;\n  get q() {\n    return /f[/]/yd;\n  }\n}\n',
        'src/d.ts': 'const make = () => class { static p = /g/u };\n',
      },
      'src/a.ts: /a/u',
      'src/a.ts: /b/giu',
      'src/b.ts: /c/v',
      'src/b.ts: /d/y',
      'src/c.ts: /e/u',
      'src/c.ts: /f[/]/yd',
      'src/d.ts: /g/u',
    ],
    [
      'constants of a module',
      {
        'src/a.ts':
          'const A = /a/u;\nexport const all = { b: [/b/y, /c/v] };\nclass K {\n  static readonly p = /d/u;\n}\n',
      },
    ],
    [
      'other flags, and what only looks like one',
      { 'src/a.ts': "const f = (s: string) => /a/gims.test(s) || /v\\/u/.test(s) || s === '/b/u';\n" },
    ],
    [
      'where mote-tiny has no part',
      Object.fromEntries(
        ['src/a.test.ts', 'src/contracts/a.ts', 'src/micro/a.ts', 'scripts/a.ts', 'test/a.ts'].map((path) => [
          path,
          'const f = () => /a/u;\n',
        ]),
      ),
    ],
  ],
  whitespace: [
    ['CRLF', { LICENSE: 'a\r\nb\n' }, 'LICENSE: CRLF'],
    ['tabs in TypeScript', { 'src/a.ts': '\tf();\n', Makefile: 'a:\n\tb\n' }, 'src/a.ts: tab'],
    ['trailing space', { 'README.md': 'a\nb \nc\n', 'NOTES.md': 'a' }, 'README.md: trailing space'],
  ],
});
