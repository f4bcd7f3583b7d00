import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { VERSION } from '../build/version.ts';
import { parseBasicUser } from '../config/parse.ts';
import { makeFolder, runOnce, serve } from './fixtures.ts';

describe('commands that say something and end', () => {
  test('help', async () => {
    const { code, out, err } = await runOnce(['--help'], { env: { MOTE_PORT: 'nonsense' } });
    assert.deepEqual([code, err], [0, '']);
    assert.match(out, /--port/);
    assert.ok(out.endsWith('\n'));
  });

  test('version', async () => {
    assert.deepEqual(await runOnce(['--version']), { code: 0, out: `mote ${VERSION}\n`, err: '' });
  });

  test('version for programs', async () => {
    const { code, out } = await runOnce(['--version', '--json']);
    assert.equal(code, 0);
    const { name, version, base, node } = JSON.parse(out);
    assert.deepEqual([name, version, base, node], ['mote', VERSION, 'source', process.versions.node]);
  });

  test('licenses', async () => {
    const { code, out, err } = await runOnce(['--licenses']);
    assert.deepEqual([code, err], [0, '']);
    assert.match(out, /MIT license/);
  });

  for (const stdin of ['secret', 'secret\n', 'secret\r\n']) {
    test(`hash-password of ${JSON.stringify(stdin)}`, async () => {
      const { code, out, err } = await runOnce(['hash-password', 'ann'], { stdin });
      assert.deepEqual([code, err], [0, '']);
      const user = parseBasicUser(out.trimEnd());
      assert.equal(user.ok && user.value.user, 'ann');
      assert.ok(!out.includes('secret'));
    });
  }
});

describe('wrong use ends with 2', () => {
  test('every problem at once, one line each, nothing on standard output', async () => {
    const argv = ['--port', '99999', '--listing=perhaps', '--no-such-flag'];
    const { code, out, err } = await runOnce(argv, { env: { MOTE_SPA: 'perhaps' } });
    assert.deepEqual([code, out], [2, '']);
    const lines = err.trimEnd().split('\n');
    for (const name of ['--port', '--listing', '--no-such-flag', 'MOTE_SPA']) {
      assert.equal(lines.filter((line) => line.startsWith(`mote: ${name}: `)).length, 1, name);
    }
    assert.equal(lines.length, 4);
  });

  test('a configuration file that cannot be read', async () => {
    const { code, err } = await runOnce(['--config', '/nowhere/mote.json']);
    assert.equal(code, 2);
    assert.match(err, /^mote: --config: .*\/nowhere\/mote\.json.*\n$/);
  });

  const wrong: readonly (readonly [name: string, argv: readonly string[], stdin: string, err: RegExp])[] = [
    [
      'an empty password',
      ['hash-password', 'ann'],
      '',
      /^mote: hash-password: standard input was empty.*\n$/,
    ],
    ['a line break for a password', ['hash-password', 'ann'], '\n', /^mote: hash-password: standard input/],
    ['no user', ['hash-password'], 'secret', /^mote: hash-password: a user name.*\n$/],
    [
      'what is no URL',
      ['healthcheck', 'here'],
      '',
      /^mote: healthcheck: received "here"; allowed: a URL like .*\n$/,
    ],
    ['a URL of another kind', ['healthcheck', 'ftp://a/'], '', /^mote: healthcheck: received "ftp:.*\n$/],
    ['a URL with a password', ['healthcheck', 'https://ann:secret@a/'], '', /"https:\/\/…@a\/".*\n$/],
    ['a user with a colon', ['hash-password', 'a:b'], 'secret', /^mote: hash-password: a user name.*\n$/],
  ];
  for (const [name, argv, stdin, expected] of wrong) {
    test(name, async () => {
      const { code, out, err } = await runOnce(argv, { stdin });
      assert.deepEqual([code, out], [2, '']);
      assert.match(err, expected);
      assert.ok(!err.includes('secret'));
    });
  }
});

describe('healthcheck', () => {
  test('of a URL, whatever is configured', async (t) => {
    const { port } = await serve(t, makeFolder(t));
    const argv = ['healthcheck', `http://127.0.0.1:${port}/`];
    assert.deepEqual(await runOnce(argv, { env: { PORT: 'nonsense' } }), { code: 0, out: '', err: '' });
    const missing = await runOnce(['healthcheck', `http://127.0.0.1:${port}/nothing`]);
    assert.deepEqual(missing, {
      code: 1,
      out: '',
      err: `mote: unhealthy: http://127.0.0.1:${port}: responded with status 404\n`,
    });
  });

  test('of an https URL without a CA bundle', async () => {
    const env = { SSL_CERT_FILE: '/nowhere/ca.pem' };
    const { code, err } = await runOnce(['healthcheck', 'https://localhost/'], { env });
    assert.deepEqual(
      [code, err],
      [
        1,
        'mote: unhealthy: https://localhost: no CA bundle: SSL_CERT_FILE names /nowhere/ca.pem, which does not exist\n',
      ],
    );
  });

  test('of a server that runs', async (t) => {
    const { port } = await serve(t, makeFolder(t));
    const argv = ['healthcheck', '--host', '127.0.0.1', '--port', String(port)];
    assert.deepEqual(await runOnce(argv), { code: 0, out: '', err: '' });
  });

  test('of one that does not', async (t) => {
    const { port, world, exit } = await serve(t, makeFolder(t));
    world.signal('SIGTERM');
    await exit;
    const { code, out, err } = await runOnce(['healthcheck'], {
      env: { HOST: '127.0.0.1', PORT: String(port) },
    });
    assert.deepEqual([code, out], [1, '']);
    assert.match(err, new RegExp(`^mote: unhealthy: 127\\.0\\.0\\.1:${port}: [^\n]+ECONNREFUSED[^\n]+\n$`));
  });
});
