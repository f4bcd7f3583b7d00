/** Timeouts, last answers and failures of one connection, over fakes. */

import { textPlan } from '../../reply.ts';
import { suite } from './connection-fixtures.ts';

const CUT = 'the client took nothing for 5000 ms';

function brokenRoom(): never {
  throw new Error('defect');
}

suite('timeouts', [
  {
    name: 'before the first request others count',
    steps: (peer) => peer.connection.timedOut(),
    told: '',
    wants: 'head',
  },
  {
    name: 'after a request the idle connection is cut',
    steps: (peer) => {
      peer.ask('/a').res.destroy();
      peer.connection.timedOut();
    },
    told: 'start; GET /a; 200; end 200; cut',
    wants: 'head',
  },
  {
    name: 'while a body comes others count',
    steps: (peer) => {
      peer.post('/a', 4);
      peer.connection.timedOut();
    },
    told: 'start',
    wants: 'body',
  },
  {
    name: 'while an answer is made others count',
    steps: (peer) => {
      peer.ask('/late');
      peer.connection.timedOut();
    },
    told: 'start; GET /late',
    wants: 'nothing',
  },
  {
    name: 'while an answer waits for its client it is cut',
    steps: (peer) => {
      peer.ask('/a');
      peer.connection.timedOut();
    },
    told: `start; GET /a; 200; cut; end 200, ${CUT}`,
    wants: 'head',
  },
]);

suite('the last answer', [
  {
    name: 'is that to the last request allowed',
    rules: { maxRequestsPerConnection: 2 },
    steps: (peer) => {
      const [a, b] = [peer.ask('/a'), peer.ask('/b')];
      peer.ask('/c');
      a.res.destroy();
      b.res.destroy();
    },
    told: 'start; GET /a; 200; end 200; start; GET /b; 200 and close; end 200',
    wants: 'over',
  },
  {
    name: 'is the next one while the server drains',
    steps: (peer) => {
      peer.ask('/late');
      peer.shared.state.draining = true;
      peer.late.resolve(textPlan(202, ''));
    },
    told: 'start; GET /late; 202 and close',
    wants: 'over',
  },
  {
    name: 'was under way when the server began to drain',
    steps: (peer) => {
      const { res } = peer.ask('/a');
      peer.shared.state.draining = true;
      res.destroy();
    },
    told: 'start; GET /a; 200; end 200; soon; cut',
    wants: 'head',
  },
  {
    name: 'is that to an Upgrade',
    steps: (peer) => peer.ask('/a', { headers: { upgrade: 'h2c' } }),
    told: 'start; GET /a; 200 and close',
    wants: 'over',
  },
  {
    name: 'is what HTTP/1.0 wants to be so',
    steps: (peer) => peer.ask('/a', { httpVersion: '1.0', headers: { connection: 'keep-alive, close' } }),
    told: 'start; GET /a; 200 and close',
    wants: 'over',
  },
  {
    name: 'was another one where somebody else takes over',
    steps: (peer) => {
      peer.connection.leave();
      peer.ask('/a');
    },
    told: '',
    wants: 'elsewhere',
  },
]);

suite('failures', [
  {
    name: 'a defect in a stage',
    steps: (peer) => peer.ask('/defect').res.destroy(),
    told: 'start; GET /defect; fault defect /defect; 500; end 500',
    wants: 'head',
  },
  {
    name: 'a defect in a stage that waits',
    steps: (peer) => peer.ask('/late-defect'),
    told: 'start; GET /late-defect; fault defect /late-defect; 500',
    wants: 'nothing',
  },
  {
    name: 'a defect behind a body',
    steps: (peer) => peer.post('/defect', 4).req.finish('abcd'),
    told: 'start; POST /defect abcd; fault defect /defect; 500',
    wants: 'nothing',
  },
  {
    name: 'a plan that cannot be begun',
    steps: (peer) => peer.ask('/bad-header'),
    told: 'start; GET /bad-header; fault invalid header /bad-header; 500',
    wants: 'nothing',
  },
  {
    name: 'a plan that cannot be carried out to its end',
    steps: (peer) => peer.ask('/bad-content'),
    told: 'start; GET /bad-content; fault invalid content /bad-content; end 200',
    wants: 'head',
  },
  {
    name: 'an error of the catalogue is no fault',
    steps: (peer) => peer.ask('/forbidden'),
    told: 'start; GET /forbidden; 403',
    wants: 'nothing',
  },
  {
    name: 'a lack of descriptors',
    steps: (peer) => peer.ask('/exhausted'),
    told: 'start; GET /exhausted; exhausted; 503',
    wants: 'nothing',
  },
  {
    name: 'a defect where a body is given room',
    rules: { roomFor: brokenRoom },
    steps: (peer) => {
      peer.post('/a', 4);
      peer.socket.destroy();
    },
    told: 'start; fault defect /a; last word 500; cut; end 500',
    wants: 'over',
  },
  {
    name: 'the same for a body that has come',
    rules: { roomFor: brokenRoom },
    steps: (peer) => {
      const { res } = peer.ask('/a');
      peer.post('/b', 4).req.complete = true;
      res.destroy();
    },
    told: 'start; GET /a; 200; end 200; start; fault defect /b; last word 500',
    wants: 'over',
  },
]);
