import assert from 'node:assert/strict';
import { pbkdf2Sync } from 'node:crypto';
import { describe, test } from 'node:test';
import type { RequestFacts } from '../types.ts';
import {
  authStage,
  createAuthenticator,
  hashPassword,
  PASSWORD_HASH_BYTES,
  type PasswordUser,
} from './basic-auth.ts';

function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

function userOf(user: string, password: string, iterations = 1): PasswordUser {
  const salt = Buffer.from(`salt of ${user}`);
  return {
    user,
    iterations,
    salt,
    hash: pbkdf2Sync(password, salt, iterations, PASSWORD_HASH_BYTES, 'sha256'),
  };
}

const CLIENT = '192.0.2.1';

/** Knows `users`; everybody is the same client. */
function authenticatorOf(users: readonly PasswordUser[]) {
  const { authenticate, knownUser } = createAuthenticator(users);
  return { authenticate: (header: string | undefined) => authenticate(header, CLIENT), knownUser };
}

describe('PBKDF2-HMAC-SHA256 test vectors (RFC 7914 §11, first block)', () => {
  const vectors: readonly [password: string, salt: string, iterations: number, hash: string][] = [
    ['passwd', 'salt', 1, '55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc'],
    ['Password', 'NaCl', 80_000, '4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56'],
  ];
  for (const [password, salt, iterations, hash] of vectors) {
    test(`${password}, ${iterations} iterations`, async () => {
      const { authenticate } = authenticatorOf([
        { user: 'ann', iterations, salt: Buffer.from(salt), hash: Buffer.from(hash, 'hex') },
      ]);
      assert.equal(await authenticate(basic('ann', password)), 'ann');
      assert.equal(await authenticate(basic('ann', `${password}x`)), undefined);
    });
  }
});

describe('credentials', () => {
  const { authenticate } = authenticatorOf([
    userOf('Aladdin', 'open sesame'),
    userOf('test', '123£'),
    userOf('ann', 'a:b'),
    userOf('bob', ''),
  ]);
  const cases: readonly [name: string, header: string | undefined, user: string | undefined][] = [
    ['RFC 7617 §2', 'Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==', 'Aladdin'],
    ['RFC 7617 §2.1, UTF-8', 'Basic dGVzdDoxMjPCow==', 'test'],
    ['RFC 7617 §2.1 in Latin-1 instead', 'Basic dGVzdDoxMjOj', undefined],
    ['scheme in lower case', 'basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==', 'Aladdin'],
    ['no padding', 'Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ', 'Aladdin'],
    ['more spaces', 'Basic   QWxhZGRpbjpvcGVuIHNlc2FtZQ==  ', 'Aladdin'],
    ['colon in the password', basic('ann', 'a:b'), 'ann'],
    ['empty password', basic('bob', ''), 'bob'],
    ['wrong password', basic('Aladdin', 'open Sesame'), undefined],
    ['password of someone else', basic('ann', 'open sesame'), undefined],
    ['empty password instead of one', basic('ann', ''), undefined],
    ['unknown user', basic('eve', 'open sesame'), undefined],
    ['empty user', basic('', 'open sesame'), undefined],
    ['user in another case', basic('aladdin', 'open sesame'), undefined],
    ['a property of all objects', basic('constructor', 'x'), undefined],
    ['no header', undefined, undefined],
    ['empty header', '', undefined],
    ['no token', 'Basic', undefined],
    ['no colon', `Basic ${Buffer.from('Aladdin').toString('base64')}`, undefined],
    ['other scheme', 'Bearer QWxhZGRpbjpvcGVuIHNlc2FtZQ==', undefined],
    ['scheme run together', 'BasicQWxhZGRpbjpvcGVuIHNlc2FtZQ==', undefined],
    ['not base64', 'Basic QWxh*GRpbjpvcGVuIHNlc2FtZQ==', undefined],
    ['two tokens', 'Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ== x', undefined],
    ['two joined headers', 'Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==, Basic eDp5', undefined],
  ];
  for (const [name, header, user] of cases) {
    test(name, async () => assert.equal(await authenticate(header), user));
  }
});

describe('the work', () => {
  test('is done once: a good header is then answered at once', async () => {
    const { authenticate } = authenticatorOf([userOf('ann', 'x')]);
    const first = authenticate(basic('ann', 'x'));
    assert.ok(first instanceof Promise);
    await first;
    assert.equal(authenticate(basic('ann', 'x')), 'ann');
  });

  test('is done once for a bad header: what is wrong stays wrong', async () => {
    const { authenticate, knownUser } = authenticatorOf([userOf('ann', 'x')]);
    const bad = basic('ann', 'y');
    assert.ok(authenticate(bad) instanceof Promise);
    assert.equal(await authenticate(bad), undefined);
    assert.equal(authenticate(bad), undefined);
    assert.equal(knownUser(bad), undefined);
  });

  test('is shared by requests with the same header at the same time', () => {
    const { authenticate } = authenticatorOf([userOf('ann', 'x')]);
    assert.equal(authenticate(basic('ann', 'x')), authenticate(basic('ann', 'x')));
  });

  test('is not done without credentials', () => {
    const { authenticate } = authenticatorOf([userOf('ann', 'x')]);
    for (const header of [undefined, 'Basic', 'Basic !', 'Bearer x'])
      assert.equal(authenticate(header), undefined);
  });

  test('is as much for an unknown user', async () => {
    const { authenticate } = authenticatorOf([userOf('ann', 'x', 200_000)]);
    const elapsed = async (header: string): Promise<number> => {
      const started = performance.now();
      await authenticate(header);
      return performance.now() - started;
    };
    const known = await elapsed(basic('ann', 'wrong'));
    const unknown = await elapsed(basic('eve', 'wrong'));
    assert.ok(unknown > known / 5, `${unknown} ms against ${known} ms`);
  });

  test('of a crowd that guesses keeps nobody out, not behind the same address either', async () => {
    const { authenticate } = authenticatorOf([userOf('ann', 'x', 20_000), userOf('bob', 'y', 20_000)]);
    let guesses = 0;
    let over = false;
    const guesser = async () => {
      while (!over) await authenticate(basic('ann', `guess ${guesses++}`));
    };
    const crowd = Array.from({ length: 40 }, guesser);
    while (guesses < 60) await authenticate(basic('eve', `${guesses++}`));
    assert.equal(await authenticate(basic('bob', 'y')), 'bob');
    assert.equal(await authenticate(basic('ann', 'x')), 'ann');
    over = true;
    await Promise.all(crowd);
  });
});

test('a hash that is not 32 bytes is refused, above all an empty one', () => {
  for (const length of [0, 31, 33]) {
    const user = { ...userOf('ann', 'x'), hash: new Uint8Array(length) };
    assert.throws(() => createAuthenticator([user]), RangeError);
  }
});

test('without users nobody is let in', async () => {
  assert.equal(await authenticatorOf([]).authenticate(basic('', '')), undefined);
});

describe('stage', () => {
  const stage = authStage(createAuthenticator([userOf('ann', 'x')]));
  const facts = (authorization?: string): RequestFacts => ({
    method: 'GET',
    target: '/',
    path: '/',
    query: '',
    client: '',
    headers: { authorization },
  });

  test('answers strangers with a challenge', async () => {
    for (const authorization of [undefined, basic('ann', 'wrong')]) {
      const plan = await stage(facts(authorization));
      assert.equal(plan?.status, 401);
      const at = plan.headers.indexOf('WWW-Authenticate');
      assert.equal(plan.headers[at + 1], 'Basic realm="mote", charset="UTF-8"');
    }
  });

  test('lets users pass, at once from the second request on', async () => {
    assert.equal(await stage(facts(basic('ann', 'x'))), undefined);
    assert.equal(stage(facts(basic('ann', 'x'))), undefined);
  });
});

test('the name for the log is known after the header was verified, and only then', async () => {
  const { authenticate, knownUser } = authenticatorOf([userOf('ann', 'x')]);
  const [good, bad] = [basic('ann', 'x'), basic('ann', 'wrong')];
  assert.equal(knownUser(good), undefined);
  await Promise.all([authenticate(good), authenticate(bad)]);
  assert.deepEqual([good, bad, undefined, ''].map(knownUser), ['ann', undefined, undefined, undefined]);
});

describe('hashPassword', () => {
  test('gives a line that lets its user in', async () => {
    const line = await hashPassword('ann', 'pass:wörd', 1000);
    const [user = '', scheme, iterations, salt = '', hash = ''] = line.split(':');
    assert.deepEqual([user, scheme, iterations], ['ann', 'pbkdf2-sha256', '1000']);
    const bytes = (text: string) => Buffer.from(text, 'base64url');
    const { authenticate } = authenticatorOf([
      { user, iterations: Number(iterations), salt: bytes(salt), hash: bytes(hash) },
    ]);
    assert.equal(await authenticate(basic('ann', 'pass:wörd')), 'ann');
  });

  test('has a fresh salt each time', async () => {
    assert.notEqual(await hashPassword('ann', 'x', 1), await hashPassword('ann', 'x', 1));
  });

  for (const user of ['', 'a:b', 'a\nb', 'a\x7f']) {
    test(`refuses the user name ${JSON.stringify(user)}`, () =>
      assert.rejects(hashPassword(user, 'x', 1), RangeError));
  }
});
