import assert from 'node:assert/strict';
import { test } from 'node:test';
import { framesOf, type Profile, renderSvg, renderTable } from './flame.ts';

const frame = (functionName: string, url = '', lineNumber = 0) => ({ functionName, url, lineNumber });

/** `a` calls `b` at two places; a second passes between samples. */
const profile: Profile = {
  nodes: [
    { id: 1, callFrame: frame('(root)'), children: [2, 3] },
    { id: 2, callFrame: frame('(idle)') },
    { id: 3, callFrame: frame('a', 'file:///x/a.ts', 4), children: [4, 5] },
    { id: 4, callFrame: frame('b<c>', 'node:net', 9) },
    { id: 5, callFrame: frame('b<c>', 'node:net', 20) },
  ],
  samples: [2, 3, 4, 5, 4],
  timeDeltas: [5e6, 1e6, 1e6, 1e6, 1e6],
};

test('calls are added up by function and callers, and idle time is left out', () => {
  const root = framesOf(profile);
  const a = root.children.get('a a.ts:5');
  assert.equal(root.total, 4e6);
  assert.deepEqual([a?.self, a?.total, a?.children.size], [1e6, 4e6, 1]);
  assert.equal(a?.children.get('b<c> node:net')?.self, 3e6);
});

test('the first seconds can be left out', () => {
  assert.equal(framesOf(profile, 7).total, 2e6);
});

test('the table begins with what took most time itself', () => {
  assert.match(
    renderTable(framesOf(profile)),
    /\n *75\.0 +75\.0 {2}b<c> node:net\n *25\.0 +100\.0 {2}a a\.ts:5\n/,
  );
});

test('the graph is as wide as its time, and names are no markup', () => {
  const svg = renderSvg(framesOf(profile), 'a & b');
  assert.match(svg, />a &#38; b</);
  assert.match(svg, /<title>b&#60;c&#62; node:net 75\.0%<\/title><rect x="0\.0" y="\d+" width="900\.0"/);
});
