import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import { type Answerer, Link, LinkClosedError } from './link.ts';

type Answerers = Readonly<Record<string, Answerer>>;

async function linked(t: TestContext, one: Answerers = {}, other: Answerers = {}): Promise<[Link, Link]> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const near = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [far] = await once(server, 'connection');
  t.after(() => {
    server.close();
    near.destroy();
    far.destroy();
  });
  return [new Link(near, one), new Link(far, other)];
}

test('questions in both directions, with replies in any order', async (t) => {
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const slow: Answerer = async (data) => {
    await held;
    return { data };
  };
  const [near, far] = await linked(
    t,
    { twice: (data) => ({ data: Number(data) * 2 }) },
    {
      slow,
      echo: (data, body) => ({ data, body }),
    },
  );
  const late = near.ask('slow', { data: 1 });
  const { data, body } = await near.ask('echo', { data: { a: [1] }, body: Buffer.from('bytes') });
  assert.deepEqual([data, String(body)], [{ a: [1] }, 'bytes']);
  assert.equal((await far.ask('twice', { data: 21 })).data, 42);
  release();
  assert.equal((await late).data, 1);
});

test('what is thrown there is thrown here', async (t) => {
  const [near] = await linked(
    t,
    {},
    {
      bad: () => {
        throw new Error('no room');
      },
    },
  );
  await assert.rejects(near.ask('bad'), { message: 'no room' });
  await assert.rejects(near.ask('unknown'), { message: 'nobody replies to unknown' });
});

test('what is asked of somebody who has ended is rejected', async (t) => {
  const [near, far] = await linked(t, {}, { never: () => new Promise(() => {}) });
  const asked = near.ask('never');
  far.close();
  await assert.rejects(asked, LinkClosedError);
  await near.closed;
  await assert.rejects(near.ask('never'), LinkClosedError);
});
