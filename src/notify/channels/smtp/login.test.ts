import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { challengeIn, isQuestion, mayTryOther, usableMechanisms } from './login.ts';
import { NO_OFFERS } from './offers.ts';
import type { Reply } from './reply-parser.ts';

const reply = (text: string): Reply => ({ code: Number(text.slice(0, 3)), text });
const decoded = (text: string) => Buffer.from(text, 'base64').toString();

function namesFor(...logins: string[]): string[] {
  const usable = usableMechanisms({ ...NO_OFFERS, logins: new Set(logins) });
  return usable.map(({ begin }) => begin({ user: 'u', password: 'p' }).split(' ')[1] ?? '');
}

describe('mechanisms', () => {
  test('the best that is offered comes first', () => {
    assert.deepEqual(namesFor('CRAM-MD5', 'LOGIN', 'XOAUTH2', 'PLAIN'), ['PLAIN', 'LOGIN', 'CRAM-MD5']);
    assert.deepEqual(namesFor('NTLM', 'LOGIN'), ['LOGIN']);
    assert.deepEqual(namesFor('CRAM-MD5'), ['CRAM-MD5']);
  });
  test('none that is not offered', () => assert.deepEqual(namesFor('XOAUTH2', 'NTLM', ''), []));
  test('one where nothing is said about logins', () => assert.equal(usableMechanisms(NO_OFFERS).length, 1));

  const [plain, login, digest] = usableMechanisms({
    ...NO_OFFERS,
    logins: new Set(['PLAIN', 'LOGIN', 'CRAM-MD5']),
  });
  const credentials = { user: 'ü@a.example', password: 'pä ss' };

  test('PLAIN says it with the command, and again where it is asked', () => {
    const [, , word = ''] = plain?.begin(credentials).split(' ') ?? [];
    assert.equal(decoded(word), '\0ü@a.example\0pä ss');
    assert.deepEqual(
      plain?.answers.map((answer) => answer(credentials, '')),
      [word],
    );
  });

  test('LOGIN says user and password, whatever the questions are', () => {
    assert.equal(login?.begin(credentials), 'AUTH LOGIN');
    assert.deepEqual(
      login?.answers.map((answer) => decoded(answer(credentials, 'x'))),
      ['ü@a.example', 'pä ss'],
    );
  });

  test('CRAM-MD5 as in RFC 2195', () => {
    const challenge = challengeIn(reply('334 PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+'));
    const answers = digest?.answers.map((answer) =>
      answer({ user: 'tim', password: 'tanstaaftanstaaf' }, challenge),
    );
    assert.deepEqual(answers?.map(decoded), ['tim b913a602c7eda7a495b4e6e7334d3890']);
  });
});

describe('a refusal leaves room for another mechanism', () => {
  const cases: readonly [text: string, mayTry: boolean][] = [
    ['504 5.7.4 Unrecognized authentication type', true],
    ['502 Invalid input', true],
    ['535 Login fail', true],
    ['535 5.7.3 Authentication unsuccessful', true],
    ['553 5.3.0 Auth failure', true],
    ['534 5.7.9 Mechanism is too weak', true],
    ['535 5.7.8 Authentication credentials invalid', false],
    ['535-5.7.8 Username and Password not accepted.\n535 5.7.8 See', false],
    ['503 Bad sequence', false],
    ['454 4.7.0 Later', false],
    ['421 4.7.0 Too many', false],
  ];
  for (const [text, mayTry] of cases) {
    test(`${text}: ${mayTry}`, () => assert.equal(mayTryOther(reply(text)), mayTry));
  }
});

test('what is a question', () => {
  const texts = ['235 2.7.0 Ok', '250 Ok', '334 VXNlcm5hbWU6', '334', '535 No', '454 Later'];
  assert.deepEqual(
    texts.map((text) => isQuestion(reply(text))),
    [false, false, true, true, false, false],
  );
});
