import { testRules } from './fixtures.ts';
import { inventoryRules } from './inventory.ts';

const start = { 'package.json': '{ "scripts": { "start": "node src/bin.ts" } }' };

testRules(inventoryRules, {
  unused: [
    [
      'what is imported, read or started from the scripts of npm is used',
      {
        'package.json': '{ "scripts": { "start": "node src/bin.mjs", "types": "tsc -p src/page" } }',
        'src/bin.mjs': "await import('./main.ts');\n",
        'src/main.ts': "import type { A } from './a.ts';\nread(`../src/page.css`);\n",
        'src/a.ts': '',
        'src/page.css': '',
        'src/page/tsconfig.json': '{}',
        'bench/README.md': '',
      },
    ],
    [
      'what only names itself, stands in a comment, or is used by what is unused, is not',
      {
        ...start,
        'src/bin.ts': '// See a.ts and `./b.ts`.\n',
        'src/a.ts': "import './b.ts';\nconst usage = 'node src/a.ts';\n",
        'src/b.ts': "import './a.ts';\n",
        'scripts/c.sh': '# scripts/c.sh\n',
      },
      'src/a.ts: a.ts',
      'src/b.ts: b.ts',
      'scripts/c.sh: c.sh',
    ],
    [
      'a test does not make the program that it tests a used one, but its helpers',
      {
        'package.json': '{ "scripts": { "test": "node scripts/test.ts" } }',
        'scripts/test.ts': "run('src/**/*.test.ts', 'test/*/*.test.ts');\n",
        'src/a.test.ts': "import './a.ts';\nimport './fixtures.ts';\nread('a.golden.txt');\n",
        'src/a.ts': '',
        'src/fixtures.ts': '',
        'src/a.golden.txt': '',
        'test/http/b.test.ts': "import '../support/b.ts';\n",
        'test/support/b.ts': '',
        'test/http/deep/c.test.ts': '',
      },
      'src/a.ts: a.ts',
      'test/http/deep/c.test.ts: c.test.ts',
    ],
    [
      'entries beside the scripts of npm',
      {
        '.ci/run': '# scripts/b.sh\nscripts/a.sh\n',
        Dockerfile: 'RUN node scripts/c.mjs\n',
        'scripts/a.sh': '',
        'scripts/b.sh': '',
        'scripts/c.mjs': '',
        'scripts/c.d.mts': '',
        'scripts/d.ts': '',
      },
      'scripts/b.sh: b.sh',
      'scripts/c.d.mts: c.d.mts',
      'scripts/d.ts: d.ts',
    ],
  ],
  mentions: [
    [
      'in documents',
      {
        'README.md':
          'See `b.ts`, `gone.ts`, src/gone/x.txt and [this](docs/a.md#top), [that](docs/none.md).\n',
        'docs/a.md': '[up](../README.md) [here](b.md) [far](https://example.com/c.md) `x.js` `.ts`\n',
        'src/b.ts': '',
      },
      'README.md: gone.ts',
      'README.md: src/gone/x.txt',
      'README.md: docs/none.md',
      'docs/a.md: docs/b.md',
    ],
    [
      'in comments, not in code',
      {
        'src/b.ts':
          "/**\n * `gone.ts` and `b.ts`\n */\nf('`lost.ts` scripts/lost.ts'); // as scripts/old.ts\n",
        'scripts/run': '# scripts/none and scripts/run\nscripts/lost\n',
      },
      'src/b.ts: gone.ts',
      'src/b.ts: scripts/old.ts',
      'scripts/run: scripts/none',
    ],
    [
      'folders, ends of paths and patterns',
      {
        'NOTES.md': '`a/b.ts` src/a src/{a,c}/* `*.ts` `src/**/*.mts` `x{1,2}.ts` `a/x{1,3}.ts`\n',
        'src/a/b.ts': '',
        'src/c/x1.ts': '',
        'src/c/x2.ts': '',
      },
      'NOTES.md: src/**/*.mts',
      'NOTES.md: a/x{1,3}.ts',
    ],
  ],
});
