import { testRules } from './fixtures.ts';
import { nodeRules } from './node-subset.ts';

testRules(nodeRules, {
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
        'src/http/engine/node/server.ts':
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
  languages: [
    [
      'Intl, and what follows the locale',
      {
        'src/a.ts': "new Intl.Segmenter('en');\nconst { format } = Intl;\n",
        'src/b.ts': 'n.toLocaleString();\nconst f = s.toLocaleUpperCase;\n',
        'src/c.ts': "list.sort((a, b) => a.localeCompare(b));\nd['toLocaleDateString']();\n",
      },
      'src/a.ts: Intl',
      'src/b.ts: toLocaleString',
      'src/b.ts: toLocaleUpperCase',
      'src/c.ts: localeCompare',
      'src/c.ts: toLocaleDateString',
    ],
    [
      'comments, texts and programs that only we run may',
      {
        'src/a.ts': "// no Intl\nconst s = 'not by Intl';\ns.normalize().toUpperCase();\n",
        'src/b.test.ts': "new Intl.Segmenter('en');\n",
        'scripts/c.ts': "n.toLocaleString('en');\n",
      },
    ],
  ],
  'built-ins': [
    [
      'modules',
      {
        'src/a.ts': "import 'node:net';\nimport 'node:worker_threads';\nimport type { X } from 'node:vm';\n",
      },
      'src/a.ts: node:worker_threads',
    ],
    [
      'node:http is for the engine that is made of it',
      {
        'src/http/engine/node/server.ts': "import http from 'node:http';\nimport 'node:https';\n",
        'src/http/engine/wire/server.ts': "import type { Server } from 'node:http';\nimport 'node:http';\n",
        'src/net/client.ts': "import { request } from 'node:http';\n",
      },
      'src/http/engine/node/server.ts: node:https',
      'src/http/engine/wire/server.ts: node:http',
      'src/net/client.ts: node:http',
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
});
