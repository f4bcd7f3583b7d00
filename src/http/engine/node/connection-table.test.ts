/** The order of requests, bodies and refusals on one connection, over fakes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errorPlan } from '../../errors.ts';
import { tick } from '../../fixtures.ts';
import { textPlan } from '../../reply.ts';
import type { BodyRoom } from '../../types.ts';
import { Peer, suite } from './connection-fixtures.ts';

/** Room for ten bytes, with a refusal of its own. */
function tenBytes(): BodyRoom {
  return { maxBytes: 10, refuse: () => errorPlan('unavailable'), release: () => undefined };
}

suite('in order', [
  { name: 'nothing', steps: () => undefined, told: '', wants: 'head' },
  { name: 'one answer', steps: (peer) => peer.ask('/a'), told: 'start; GET /a; 200', wants: 'nothing' },
  {
    name: 'an answer that is taken',
    steps: (peer) => peer.ask('/a').res.destroy(),
    told: 'start; GET /a; 200; end 200',
    wants: 'head',
  },
  {
    name: 'an answer that is made later',
    steps: (peer) => {
      peer.ask('/late');
      peer.late.resolve(textPlan(202, ''));
    },
    told: 'start; GET /late; 202',
    wants: 'nothing',
  },
  {
    name: 'an answer that is made after its client has left',
    steps: (peer) => {
      peer.ask('/late').res.destroy();
      peer.late.resolve(textPlan(202, ''));
    },
    told: 'start; GET /late; end 0',
    wants: 'head',
  },
  {
    name: 'the next request waits until the answer is made',
    steps: (peer) => {
      peer.ask('/late');
      peer.ask('/b');
    },
    told: 'start; GET /late',
    wants: 'nothing',
  },
  {
    name: 'the next request waits until the answer is taken',
    steps: (peer) => {
      peer.ask('/a');
      peer.ask('/b');
    },
    told: 'start; GET /a; 200',
    wants: 'nothing',
  },
  {
    name: 'those that wait follow one by one',
    steps: (peer) => {
      const [a, b] = [peer.ask('/a'), peer.ask('/b')];
      peer.ask('/c');
      a.res.destroy();
      b.res.destroy();
    },
    told: 'start; GET /a; 200; end 200; start; GET /b; 200; end 200; start; GET /c; 200',
    wants: 'nothing',
  },
  {
    name: 'those that wait do not begin when the connection is cut',
    steps: (peer) => {
      peer.ask('/a');
      peer.ask('/b');
      peer.connection.cut('cut');
    },
    told: 'start; GET /a; 200; cut; end 200, cut',
    wants: 'head',
  },
  { name: 'a bad head', steps: (peer) => peer.ask('/a#b'), told: 'start; 400 and close', wants: 'over' },
  { name: 'a bad form', steps: (peer) => peer.ask('*'), told: 'start; 400 and close', wants: 'over' },
]);

suite('bodies', [
  { name: 'one that is awaited', steps: (peer) => peer.post('/a', 4), told: 'start', wants: 'body' },
  {
    name: 'one that fits, in pieces',
    steps: (peer) => {
      const { req } = peer.post('/a');
      req.emit('data', Buffer.from('ab'));
      req.finish('cd');
    },
    told: 'start; POST /a abcd; 200',
    wants: 'nothing',
  },
  {
    name: 'one that is declared too large',
    steps: (peer) => peer.post('/a', 5),
    told: 'start; last word 413',
    wants: 'over',
  },
  {
    name: 'one that becomes too large',
    steps: (peer) => peer.post('/a').req.emit('data', Buffer.from('abcde')),
    told: 'start; last word 413',
    wants: 'over',
  },
  {
    name: 'one that has become too large and is complete',
    steps: (peer) => peer.post('/a').req.finish('abcde'),
    told: 'start; last word 413',
    wants: 'over',
  },
  {
    name: 'one with more framing than content',
    steps: (peer) => {
      peer.post('/a');
      peer.connection.onExcessFraming();
    },
    told: 'start; last word 413',
    wants: 'over',
  },
  {
    name: 'one whose client leaves',
    steps: (peer) => {
      peer.post('/a');
      peer.socket.destroy();
    },
    told: 'start; cut; end 0',
    wants: 'head',
  },
  {
    name: 'one that is waited for with 100 Continue',
    steps: (peer) => peer.post('/a', 4, 'continue').req.finish('abcd'),
    told: 'start; 100; POST /a abcd; 200',
    wants: 'nothing',
  },
  {
    name: 'one that is too large for 100 Continue',
    steps: (peer) => peer.post('/a', 5, 'continue'),
    told: 'start; last word 413',
    wants: 'over',
  },
  {
    name: 'one with room of its own',
    rules: { roomFor: tenBytes },
    steps: (peer) => {
      const { req, res } = peer.post('/a', 10);
      req.finish('abcdefghij');
      return tick().then(() => res.destroy());
    },
    told: 'start; room; POST /a abcdefghij; 200; release; end 200',
    wants: 'head',
  },
  {
    name: 'one too large for its own room gets the refusal of the room',
    rules: { roomFor: tenBytes },
    steps: (peer) => peer.post('/a', 11),
    told: 'start; room; last word 503',
    wants: 'over',
  },
]);

suite('refusals', [
  {
    name: 'before a request',
    steps: (peer) => peer.deny(),
    told: 'refused 400 192.0.2.1; last word 400',
    wants: 'over',
  },
  {
    name: 'while an answer is made: not before it',
    steps: (peer) => {
      peer.ask('/late');
      peer.deny();
    },
    told: 'start; GET /late',
    wants: 'nothing',
  },
  {
    name: 'while an answer is taken: after it',
    steps: (peer) => {
      const { res } = peer.ask('/a');
      peer.deny();
      res.destroy();
    },
    told: 'start; GET /a; 200; end 200; last word 400',
    wants: 'over',
  },
  {
    name: 'while others wait: after all of them',
    steps: (peer) => {
      const [a, b] = [peer.ask('/a'), peer.ask('/b')];
      peer.deny();
      a.res.destroy();
      b.res.destroy();
    },
    told: 'start; GET /a; 200; end 200; start; GET /b; 200; end 200; last word 400',
    wants: 'over',
  },
  {
    name: 'in the middle of a body: at once',
    steps: (peer) => {
      peer.post('/a', 4);
      peer.deny();
      peer.socket.destroy();
    },
    told: 'start; last word 400; cut; end 400',
    wants: 'over',
  },
  {
    name: 'behind a body: after its answer',
    steps: (peer) => {
      peer.post('/a', 4).req.finish('abcd');
      peer.deny();
    },
    told: 'start; POST /a abcd; 200',
    wants: 'nothing',
  },
  {
    name: 'only one, and no request after it',
    steps: (peer) => {
      peer.deny();
      peer.deny();
      peer.ask('/a');
    },
    told: 'refused 400 192.0.2.1; last word 400',
    wants: 'over',
  },
  {
    name: 'for want of room for what waits: unanswered',
    steps: (peer) => {
      peer.ask('/late');
      peer.connection.onOverload();
    },
    told: 'start; GET /late; refused 503 192.0.2.1; cut; end 0',
    wants: 'over',
  },
]);

test('nothing is read while an answer waits for its client', async (t) => {
  const peer = new Peer();
  t.after(() => peer.socket.destroy());
  peer.ask('/a').res.destroy();
  await tick();
  assert.ok(!peer.socket.isPaused, 'the kernel has taken the answer');
  peer.socket.writableLength = 1;
  const { res } = peer.ask('/b');
  await tick();
  assert.ok(peer.socket.isPaused);
  res.destroy();
  await tick();
  assert.ok(!peer.socket.isPaused);
});
