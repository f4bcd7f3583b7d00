import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { HttpError } from './errors.ts';
import { route } from './router.ts';
import { noBody, type Plan, type RequestFacts, type Stage } from './types.ts';

const facts: RequestFacts = { method: 'GET', target: '/', path: '/', query: '', headers: {}, client: '' };
const planOf = (status: number): Plan => ({ status, headers: [], body: noBody });

/** A stage that says that it was asked. */
function stageOf(name: string, asked: string[], answer: ReturnType<Stage>): Stage {
  return (given) => {
    assert.equal(given, facts);
    asked.push(name);
    return answer;
  };
}

const now = (status?: number) => (status === undefined ? undefined : planOf(status));
const later = async (status?: number) => now(status);

describe('the first stage that answers wins', () => {
  const cases: readonly (readonly [
    name: string,
    answers: ReturnType<Stage>[],
    asked: string,
    status: number,
  ])[] = [
    ['the only one', [now(200)], '0', 200],
    ['the first', [now(200), now(201)], '0', 200],
    ['the second', [now(), now(201)], '0 1', 201],
    ['none', [now(), now()], '0 1', 404],
    ['no stages', [], '', 404],
    ['a late one', [later(200), now(201)], '0', 200],
    ['a late one that passes', [later(), now(201)], '0 1', 201],
    ['late ones in turn', [later(), later(), later(202)], '0 1 2', 202],
    ['a late one after others', [now(), later(), now(), later(203)], '0 1 2 3', 203],
    ['none, late', [later(), now(), later()], '0 1 2', 404],
  ];
  for (const [name, answers, expectedAsked, status] of cases) {
    test(name, async () => {
      const asked: string[] = [];
      const stages = answers.map((answer, index) => stageOf(String(index), asked, answer));
      assert.equal((await route(stages)(facts)).status, status);
      assert.equal(asked.join(' '), expectedAsked);
    });
  }
});

test('stays synchronous as long as the stages do', () => {
  assert.ok(!(route([() => undefined, () => planOf(200)])(facts) instanceof Promise));
  assert.ok(!(route([])(facts) instanceof Promise));
});

test('a late stage is waited for before the next is asked', async () => {
  const asked: string[] = [];
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const answer = route([stageOf('slow', asked, promise), stageOf('next', asked, planOf(200))])(facts);
  await new Promise((done) => setImmediate(done));
  assert.deepEqual(asked, ['slow']);
  resolve(undefined);
  assert.equal((await answer).status, 200);
});

describe('errors pass as they are', () => {
  const error = new HttpError('forbidden');
  const fail = () => {
    throw error;
  };
  test('of a stage', () => assert.throws(() => route([fail])(facts), error));
  test('of a late stage', () => assert.rejects(async () => route([async () => fail()])(facts), error));
  test('of a stage after a late one', () =>
    assert.rejects(async () => route([async () => undefined, fail])(facts), error));
});
