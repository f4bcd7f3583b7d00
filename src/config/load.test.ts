import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Given, json, succeed, USER } from './fixtures.ts';
import { type Config, defaults } from './options.ts';

const configs: readonly [name: string, given: Given, expected: Partial<Config>][] = [
  ['nothing', {}, {}],
  ['PATH', { argv: ['web'] }, { path: 'web' }],
  ['PATH that looks like a port', { argv: ['8080'] }, { path: '8080' }],
  ['PATH and PORT', { argv: ['web', '80'] }, { path: 'web', port: 80 }],
  [
    'PATH and PORT around flags',
    { argv: ['--spa', 'web', '--index', 'a', '80'] },
    { path: 'web', port: 80, spa: true, index: 'a' },
  ],
  ['a folder named like a command', { argv: ['./healthcheck'] }, { path: './healthcheck' }],
  ['a folder named like a command after --', { argv: ['--', 'help'] }, { path: 'help' }],
  ['a folder named like a flag', { argv: ['--', '--spa'] }, { path: '--spa' }],
  ['the later of argument and flag', { argv: ['web', '80', '--port', '81'] }, { path: 'web', port: 81 }],
  ['the later of flag and argument', { argv: ['--port', '81', 'web', '80'] }, { path: 'web', port: 80 }],
  ['--flag=value with more signs', { argv: ['--csp=a=b'] }, { csp: 'a=b' }],
  ['an empty flag over a default', { argv: ['--health-path='] }, { healthPath: '' }],
  ['--no-flag', { argv: ['--no-security-headers'] }, { securityHeaders: false }],
  ['--flag=off', { argv: ['--security-headers=off'] }, { securityHeaders: false }],
  ['--flag then --no-flag', { argv: ['--spa', '--no-spa'] }, { spa: false }],
  ['a switch leaves the next argument alone', { argv: ['--listing', 'web'] }, { listing: true, path: 'web' }],
  [
    'sizes and times',
    { argv: ['--cache-bytes', '1M', '--idle-timeout-ms', '2s'] },
    { cacheBytes: 1_048_576, idleTimeoutMs: 2000 },
  ],

  [
    'repeated flags of a list',
    { argv: ['--header', 'A: b', '--header=C: d, e'] },
    { headers: ['A', 'b', 'C', 'd, e'] },
  ],
  [
    'a list by commas where they separate',
    { argv: ['--cors', 'http://a, http://b'] },
    { corsOrigins: ['http://a', 'http://b'] },
  ],
  ['an empty flag empties a list', { argv: ['--cors='], env: { MOTE_CORS: '*' } }, { corsOrigins: [] }],
  [
    'a list by lines in the environment',
    { env: { MOTE_HEADER: 'A: b,c\n\n  D: e\r\n' } },
    { headers: ['A', 'b,c', 'D', 'e'] },
  ],
  [
    'an array in JSON',
    json('{"header": ["A: b"], "trusted-proxies": ["10.0.0.0/8", "unix"]}'),
    { headers: ['A', 'b'], trustedProxies: ['10.0.0.0/8', 'unix'] },
  ],

  [
    'the environment',
    { env: { MOTE_PORT: '1', MOTE_SPA: 'yes', MOTE_MAX_CONNECTIONS: '9' } },
    { port: 1, spa: true, maxConnections: 9 },
  ],
  ['plain PORT and HOST', { env: { PORT: '1', HOST: '::1' } }, { port: 1, host: '::1' }],
  ['MOTE_PORT over PORT', { env: { PORT: '1', MOTE_PORT: '2' } }, { port: 2 }],
  [
    'empty variables',
    { env: { PORT: '', MOTE_PORT: '', MOTE_AUTH_FILE: '', MOTE_CONFIG: '', MOTE_TYPO: '' } },
    {},
  ],
  ['what others set', { env: { PATH: '/bin', MOTES: '1', XMOTE_PORT: '1' } }, {}],
  [
    'the links of a Kubernetes service named like the program',
    {
      env: {
        MOTE_PORT: 'tcp://10.3.0.1:80',
        MOTE_SERVICE_HOST: '10.3.0.1',
        MOTE_SERVICE_PORT: '80',
        MOTE_SERVICE_PORT_HTTP: '80',
        MOTE_PORT_80_TCP: 'tcp://10.3.0.1:80',
        MOTE_PORT_80_TCP_ADDR: '10.3.0.1',
        MOTE_WEB_PORT: 'udp://10.3.0.1:80',
        PORT: '90',
      },
    },
    { port: 90 },
  ],

  [
    'JSON',
    json('{"path": "w", "port": 1, "spa": true, "cache-bytes": "1k"}'),
    { path: 'w', port: 1, spa: true, cacheBytes: 1024 },
  ],
  [
    'JSON named by the environment',
    { env: { MOTE_CONFIG: 'e.json' }, files: { 'e.json': '{"port": 1}' } },
    { port: 1 },
  ],
  ['the environment over JSON', json('{"port": 1}', [], { PORT: '2' }), { port: 2 }],
  ['a flag over both', json('{"port": 1}', ['--port=3'], { MOTE_PORT: '2' }), { port: 3 }],
  ['an argument over both', json('{"port": 1}', ['web', '3'], { MOTE_PORT: '2' }), { path: 'web', port: 3 }],
  [
    'a list replaces the one below',
    json('{"header": ["A: b"]}', [], { MOTE_HEADER: 'C: d' }),
    { headers: ['C', 'd'] },
  ],
  ['a good flag over a bad variable', { argv: ['--port', '3'], env: { PORT: 'x' } }, { port: 3 }],
  ['--config over MOTE_CONFIG', json('{"port": 1}', [], { MOTE_CONFIG: 'missing.json' }), { port: 1 }],
  ['an empty --config over MOTE_CONFIG', { argv: ['--config='], env: { MOTE_CONFIG: 'missing.json' } }, {}],
];

for (const [name, given, expected] of configs) {
  test(`configuration: ${name}`, () => {
    const { command, config } = succeed(given);
    assert.equal(command, 'serve');
    assert.deepEqual(config, { ...defaults, ...expected });
  });
}

const parsedUser = {
  user: 'ann',
  iterations: 1000,
  salt: Buffer.from([0, 1, 2, 3, 4, 5, 6, 7]),
  hash: Buffer.alloc(32),
};

const secrets: readonly [name: string, given: Given][] = [
  ['a flag', { argv: ['--auth', USER] }],
  ['a variable', { env: { MOTE_AUTH: USER } }],
  ['a file', { env: { MOTE_AUTH_FILE: '/s' }, files: { '/s': `${USER}\n` } }],
  ['a file with CRLF', { env: { MOTE_AUTH_FILE: '/s' }, files: { '/s': `${USER}\r\n` } }],
  ['JSON', json(JSON.stringify({ auth: [USER] }))],
];

for (const [name, given] of secrets) {
  test(`a secret in ${name}`, () => assert.deepEqual(succeed(given).config.auth, [parsedUser]));
}

const commands: readonly [argv: string, command: string, args: readonly string[], json: boolean][] = [
  ['--help', 'help', [], false],
  ['-h', 'help', [], false],
  ['help', 'help', [], false],
  ['help notify', 'help', ['notify'], false],
  ['help --port', 'help', ['--port'], false],
  ['help -p 3000', 'help', ['-p', '3000'], false],
  ['help --bogus', 'help', ['--bogus'], false],
  ['help -- port', 'help', ['port'], false],
  ['help --help', 'help', [], false],
  ['help -h notify', 'help', ['notify'], false],
  ['spool --help list', 'help', ['spool'], false],
  ['notify-test', 'notify-test', [], false],
  ['notify-test mail', 'notify-test', ['mail'], false],
  ['completion zsh', 'completion', ['zsh'], false],
  ['web 80 --help --bogus --port x', 'help', [], false],
  ['--version --help', 'help', [], false],
  ['--version', 'version', [], false],
  ['-v', 'version', [], false],
  ['version --json', 'version', [], true],
  ['licenses', 'licenses', [], false],
  ['--licenses', 'licenses', [], false],
  ['--licenses --version', 'version', [], false],
  ['--json -v', 'version', [], true],
  ['healthcheck', 'healthcheck', [], false],
  ['--port 80 healthcheck', 'healthcheck', [], false],
  ['healthcheck https://a/', 'healthcheck', ['https://a/'], false],
  ['hash-password ann', 'hash-password', ['ann'], false],
  ['hash-password', 'hash-password', [], false],
];

for (const [argv, command, args, json] of commands) {
  test(`command: mote ${argv}`, () => {
    const loaded = succeed({ argv: argv.split(' ') });
    assert.deepEqual([loaded.command, loaded.args, loaded.json], [command, args, json]);
  });
}

test('healthcheck reads the same options as the server', () => {
  const { config } = succeed({ argv: ['healthcheck', '--host', '::1'], env: { PORT: '81' } });
  assert.deepEqual([config.host, config.port], ['::1', 81]);
});

test('a broken environment hides neither help nor version nor a new password line, and is nothing to a URL', () => {
  const env = { MOTE_PORT: 'x', MOTE_TYPO: '1', MOTE_CONFIG: 'missing.json' };
  for (const argv of [['help'], ['version'], ['hash-password'], ['healthcheck', 'http://a/']]) {
    assert.equal(succeed({ argv, env }).command, argv[0]);
  }
});

test('the CA bundle is that of SSL_CERT_FILE, for commands with and without options', () => {
  const env = { SSL_CERT_FILE: '/ca.pem' };
  for (const argv of [[], ['healthcheck'], ['healthcheck', 'https://example.org/']]) {
    assert.equal(succeed({ argv, env }).caFile, '/ca.pem');
    assert.equal(succeed({ argv }).caFile, '');
  }
});
