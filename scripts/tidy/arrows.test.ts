import { arrowRules } from './arrows.ts';
import { testRules } from './fixtures.ts';

testRules(arrowRules, {
  arrows: [
    [
      'the command line knows the configuration and the application, and nothing that these know',
      {
        'src/cli/main.ts':
          "import '../config/load.ts';\nawait import('./serve.ts');\nimport '../static/plan.ts';\n",
        'src/cli/serve.ts': "import '../app/app.ts';\nimport '../http/engine/node/server.ts';\n",
      },
      'src/cli/main.ts: src/static/plan.ts',
      'src/cli/serve.ts: src/http/engine/node/server.ts',
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
        'src/observe/log.ts':
          "export * from '../http/authorization.ts';\nexport * from '../http/engine/node/server.ts';\n",
      },
      'src/static/plan.ts: src/http/send.ts',
      'src/observe/log.ts: src/http/engine/node/server.ts',
    ],
    [
      'an engine does not know the other',
      {
        'src/http/engine/http-server.ts': "import './node/server.ts';\nimport './wire/server.ts';\n",
        'src/http/engine/node/server.ts': "import '../contract.ts';\nimport '../wire/server.ts';\n",
        'src/http/engine/wire/server.ts':
          "import '../../wire/head.ts';\nimport '../node/server.ts';\nimport '../../send.ts';\n",
        'src/http/send.ts': "import './errors.ts';\nimport './engine/node/writer.ts';\n",
      },
      'src/http/engine/node/server.ts: src/http/engine/wire/server.ts',
      'src/http/engine/wire/server.ts: src/http/engine/node/server.ts',
      'src/http/send.ts: src/http/engine/node/writer.ts',
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
  lists: [
    [
      'a listed file is gone',
      {
        'src/http/types.ts': '',
        'src/http/errors.ts': '',
        'src/http/guard.ts': '',
        'src/http/wire/a.ts': '',
        'src/http/engine/http2/body.ts': '',
        'src/http/engine/http2/request.ts': '',
        'src/notify/retry.ts': '',
        'src/notify/dialects/a.ts': '',
      },
      'scripts/tidy/arrows.ts: src/notify/message.ts',
    ],
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
});
