import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { describe, test } from 'node:test';
import { readTexts, type Texts } from './source-tree.ts';
import { check, type Exception, MAX_FILE_LINES, MAX_FUNCTION_LINES, rules, treeOf } from './tidy.ts';

test('the repository is tidy', async () => {
  const violations = check(await treeOf(readTexts(resolve(import.meta.dirname, '..'))));
  const lines = violations.map(
    ({ rule, path, subject, reason }) => `${rule}: ${path}: ${subject}: ${reason}`,
  );
  assert.deepEqual(lines, []);
});

/** Made-up trees: what the rule finds in them, as `path: subject`. */
type Case = readonly [name: string, texts: Texts, ...expected: string[]];

const lines = (count: number, text = '  f();\n') => text.repeat(count);
const functionOf = (count: number) => `function long() {\n${lines(count - 2)}}\n`;
const suiteOf = (count: number) => `describe('all', () => {\n${lines(count - 2)}});\n`;

const cases: Readonly<Record<string, readonly Case[]>> = {
  arrows: [
    [
      'the command line knows the configuration and the application, and nothing that these know',
      {
        'src/cli/main.ts':
          "import '../config/load.ts';\nawait import('./serve.ts');\nimport '../static/plan.ts';\n",
        'src/cli/serve.ts': "import '../app/app.ts';\nimport '../http/server.ts';\n",
      },
      'src/cli/main.ts: src/static/plan.ts',
      'src/cli/serve.ts: src/http/server.ts',
    ],
    [
      'the application knows everything',
      { 'src/app/app.ts': "import '../static/plan.ts';\nimport '../notify/queue/queue.ts';\n" },
    ],
    [
      'nobody knows the command line or the application',
      {
        'src/static/plan.ts': "import '../app/app.ts';\n",
        'src/config/load.ts': "import '../cli/io.ts';\n",
        'src/util/result.ts': "import '../http/errors.ts';\n",
      },
      'src/static/plan.ts: src/app/app.ts',
      'src/config/load.ts: src/cli/io.ts',
      'src/util/result.ts: src/http/errors.ts',
    ],
    [
      'static and notify do not know each other',
      {
        'src/static/plan.ts': "import '../notify/queue.ts';\nimport './range.ts';\n",
        'src/notify/queue.ts': "import type { Plan } from '../static/plan.ts';\n",
      },
      'src/static/plan.ts: src/notify/queue.ts',
      'src/notify/queue.ts: src/static/plan.ts',
    ],
    [
      'of http only its vocabulary',
      {
        'src/static/plan.ts':
          "import '../http/types.ts';\nimport '../http/errors.ts';\nimport '../http/send.ts';\n",
        'src/observe/log.ts': "export * from '../http/body.ts';\nexport * from '../http/server.ts';\n",
      },
      'src/static/plan.ts: src/http/send.ts',
      'src/observe/log.ts: src/http/server.ts',
    ],
    [
      'channels know neither the queue nor each other',
      {
        'src/notify/channels/smtp/channel.ts':
          "import '../channel.ts';\nimport '../../message.ts';\nimport './lines.ts';\n",
        'src/notify/channels/wecom/channel.ts':
          "import '../../queue/queue.ts';\nimport '../smtp/channel.ts';\n",
      },
      'src/notify/channels/wecom/channel.ts: src/notify/queue/queue.ts',
      'src/notify/channels/wecom/channel.ts: src/notify/channels/smtp/channel.ts',
    ],
    [
      'the product knows no tests and nothing outside of src',
      { 'src/http/send.ts': "import './send.test.ts';\nawait import('../../scripts/tidy.ts');\n" },
      'src/http/send.ts: src/http/send.test.ts',
      'src/http/send.ts: scripts/tidy.ts',
    ],
    ['a new corner needs a row', { 'src/new/a.ts': "import './b.ts';\n" }, 'src/new/a.ts: src/new/b.ts'],
    ['tests may import what they like', { 'src/static/plan.test.ts': "import '../notify/queue.ts';\n" }],
  ],
  purity: [
    ['directly', { 'src/static/range.ts': "import fs from 'node:fs';\n" }, 'src/static/range.ts: node:fs'],
    [
      'through another file',
      {
        'src/static/plan.ts': "import { x } from './disk.ts';\n",
        'src/static/disk.ts': "export { x } from './deep.ts';\n",
        'src/static/deep.ts': "import 'node:http';\n",
      },
      'src/static/plan.ts: node:http',
    ],
    [
      'inline types do not keep a module from being loaded',
      { 'src/http/types.ts': "import { type Socket } from 'node:net';\n" },
      'src/http/types.ts: node:net',
    ],
    [
      'types and other modules are free',
      {
        'src/static/plan.ts':
          "import type { Stats } from 'node:fs';\nimport { createHash } from 'node:crypto';\n",
      },
    ],
    ['other files are free', { 'src/static/disk.ts': "import 'node:fs/promises';\n" }],
  ],
  'file system': [
    [
      'only disk.ts',
      {
        'src/static/disk.ts': "import 'node:fs';\n",
        'src/static/store.ts': "import 'node:fs/promises';\n",
        'src/static/handler.ts': "import type { Stats } from 'node:fs';\n",
      },
      'src/static/store.ts: node:fs/promises',
    ],
  ],
  response: [
    [
      'only send.ts writes',
      {
        'src/http/send.ts':
          "import type { ServerResponse } from 'node:http';\nres.writeHead(200);\nres.end();\n",
        'src/http/router.ts':
          'res.writeHead(200);\nanything.setHeader("a", "b");\nthis.response.end();\nsocket.write("x");\n',
      },
      'src/http/router.ts: res.writeHead',
      'src/http/router.ts: anything.setHeader',
      'src/http/router.ts: response.end',
      'src/http/router.ts: socket.write',
    ],
    [
      'only the server and send.ts know responses',
      {
        'src/http/server.ts':
          "import http from 'node:http';\nhttp.createServer();\ntype R = http.ServerResponse;\n",
        'src/static/handler.ts': "import { createServer, type ServerResponse } from 'node:http';\n",
      },
      'src/static/handler.ts: ServerResponse',
      'src/static/handler.ts: createServer',
    ],
    [
      'log lines, hashes and words in text are no responses',
      {
        'src/observe/log.ts':
          "sink.write('x');\nhash.end();\n// res.end()\nconst s = 'res.end()';\nconst r = /res.end()/;\n",
      },
    ],
  ],
  'built-ins': [
    [
      'modules',
      {
        'src/a.ts': "import 'node:http';\nimport 'node:worker_threads';\nimport type { X } from 'node:vm';\n",
      },
      'src/a.ts: node:worker_threads',
    ],
    [
      'names of a module',
      {
        'src/a.ts':
          "import { createHash, createCipheriv as c, type Hash } from 'node:crypto';\nimport u from 'node:util';\n",
      },
      'src/a.ts: node:crypto createCipheriv',
      'src/a.ts: node:util default',
    ],
    [
      'packages',
      { 'src/a.ts': "import mime from 'mime-types';\nimport 'left-pad';\nimport 'fs';\n" },
      'src/a.ts: left-pad',
      'src/a.ts: fs',
    ],
    [
      'globals',
      { 'src/a.ts': "await fetch('x');\ncrypto.subtle;\nnew Headers();\nconst o = { structuredClone };\n" },
      'src/a.ts: fetch',
      'src/a.ts: Headers',
      'src/a.ts: structuredClone',
      'src/a.ts: crypto',
    ],
    [
      'names that only look like globals',
      { 'src/a.ts': 'store.fetch();\nlet r: Response;\nconst o = { crypto: 1 };\n' },
    ],
  ],
  process: [
    [
      'only the entry reads the world',
      {
        'src/cli/main.ts': 'process.exit(process.argv.length);\n',
        'src/app.ts': 'process.env.HOME;\nprocess.exitCode = 1;\nprocess.uptime();\n',
        'src/b.ts': 'const { argv } = process;\n',
        'src/c.ts': "process['env'];\n",
      },
      'src/app.ts: process.env',
      'src/app.ts: process.exitCode',
      'src/b.ts: process',
      'src/c.ts: process',
    ],
  ],
  cycles: [
    [
      'of two, types included',
      { 'src/a.ts': "import './b.ts';\n", 'src/b.ts': "import type { A } from './a.ts';\n" },
      'src/a.ts: src/b.ts',
    ],
    ['of one', { 'src/a.ts': "import './a.ts';\n" }, 'src/a.ts: src/a.ts'],
    [
      'away from the start',
      {
        'src/a.ts': "import './b.ts';\n",
        'src/b.ts': "import './c.ts';\n",
        'src/c.ts': "import './b.ts';\n",
      },
      'src/b.ts: src/c.ts',
    ],
    [
      'two ways to one file are no circle',
      {
        'src/a.ts': "import './b.ts';\nimport './c.ts';\n",
        'src/b.ts': "import './c.ts';\n",
        'src/c.ts': '',
      },
    ],
  ],
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
  whitespace: [
    ['CRLF', { LICENSE: 'a\r\nb\n' }, 'LICENSE: CRLF'],
    ['tabs in TypeScript', { 'src/a.ts': '\tf();\n', Makefile: 'a:\n\tb\n' }, 'src/a.ts: tab'],
    ['trailing space', { 'README.md': 'a\nb \nc\n', 'NOTES.md': 'a' }, 'README.md: trailing space'],
  ],
  lists: [
    [
      'a listed file is gone',
      {
        'src/http/types.ts': '',
        'src/http/errors.ts': '',
        'src/http/guard.ts': '',
        'src/http/wire/a.ts': '',
        'src/notify/retry.ts': '',
        'src/notify/dialects/a.ts': '',
      },
      'scripts/tidy.ts: src/notify/message.ts',
    ],
  ],
};

for (const [rule, table] of Object.entries(cases)) {
  describe(`rule: ${rule}`, () => {
    for (const [name, texts, ...expected] of table) {
      test(name, async () => {
        const findings = rules[rule]?.(await treeOf(texts)) ?? [];
        assert.deepEqual(findings.map(({ path, subject }) => `${path}: ${subject}`).sort(), expected.sort());
      });
    }
  });
}

test('every rule is shown to fail', () => {
  const failing = Object.entries(cases).filter(([, table]) =>
    table.some(([, , ...expected]) => expected.length),
  );
  assert.deepEqual(failing.map(([rule]) => rule).sort(), Object.keys(rules).sort());
});

describe('exceptions', () => {
  const tree = treeOf({ 'src/app.ts': '\n\nprocess.exit();\n' });
  const needed: Exception = {
    rule: 'process',
    path: 'src/app.ts',
    subject: 'process.exit',
    because: 'a made-up reason',
  };

  test('without one the rule holds, and the finding shows where', async () => {
    const [violation, ...others] = check(await tree, []);
    assert.equal(violation?.rule, 'process');
    assert.match(violation?.reason ?? '', /^line 3: /);
    assert.deepEqual(others, []);
  });
  test('with one it does not', async () => assert.deepEqual(check(await tree, [needed]), []));
  test('one that nothing needs is a failure', async () => {
    const stale: Exception = { ...needed, subject: 'process.env' };
    const violations = check(await tree, [needed, stale]);
    assert.deepEqual(
      violations.map(({ rule, subject }) => `${rule}: ${subject}`),
      ['exceptions: process.env'],
    );
  });
});
