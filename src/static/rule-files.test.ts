import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { embeddedFolder, packSite } from './embedded.ts';
import { bodyOf, headerOf, MemorySource, settle, staticOptions } from './fixtures.ts';
import { createStaticStage } from './handler.ts';
import { openRuleFiles, type RuleReport, withoutRuleFiles } from './rule-files.ts';

const options = staticOptions;

async function serve(t: TestContext, files: Readonly<Record<string, string>>) {
  const clock = { nowMs: 1000 };
  t.mock.method(performance, 'now', () => clock.nowMs);
  const source = new MemorySource({ 'a.txt': 'a', 'b.txt': 'b', ...files });
  const rules = await openRuleFiles(source);
  const reports: RuleReport[] = [];
  rules.tell((report) => reports.push(report));
  const stage = createStaticStage(withoutRuleFiles(source), options, { rules });
  const ask = async (path: string) =>
    stage({ method: 'GET', target: path, path, query: '', headers: {}, client: '' });
  return { clock, source, rules, reports, ask };
}

test('a root without rules: a file in memory costs no look, and its plan is the same object', async (t) => {
  const { source, rules, reports, ask } = await serve(t, {});
  const plan = await ask('/a.txt');
  source.looks.length = 0;
  for (let i = 0; i < 10; i++) assert.equal(await ask('/a.txt'), plan);
  assert.deepEqual(source.looks, []);
  assert.equal(rules.current, undefined);
  assert.deepEqual(reports, []);
});

test('with headers too, and the plan can be used again', async (t) => {
  const { source, ask } = await serve(t, { _headers: '/*\n A: 1\n' });
  const plan = await ask('/a.txt');
  source.looks.length = 0;
  assert.equal(headerOf(plan.headers, 'a'), '1');
  for (let i = 0; i < 10; i++) assert.equal(await ask('/a.txt'), plan);
  assert.equal(plan.reuse?.isFresh(), true);
  assert.deepEqual(source.looks, []);
});

test('a change ends every plan within a second, that of a busy file too', async (t) => {
  const { clock, source, ask, reports } = await serve(t, {});
  const [a, b] = [await ask('/a.txt'), await ask('/b.txt')];
  source.put('_headers', '/*\n A: 1\n');
  clock.nowMs += 499;
  assert.equal(a.reuse?.isFresh(), true, 'nothing is looked at so soon');
  clock.nowMs += 1;
  assert.equal(a.reuse?.isFresh(), true, 'checked behind the request');
  // The rules are loaded in a module of their own.
  while (reports.length === 0) await settle();
  assert.equal(a.reuse?.isGone, true);
  assert.equal(b.reuse?.isGone, true);
  assert.equal(headerOf((await ask('/a.txt')).headers, 'a'), '1');
  assert.equal(headerOf((await ask('/b.txt')).headers, 'a'), '1');
});

test('a lookup that began before a change is not kept', async (t) => {
  const { clock, source, rules, ask } = await serve(t, { _headers: '/*\n A: 1\n' });
  await ask('/a.txt');
  clock.nowMs += 600;
  const release = source.hold();
  const early = ask('/a.txt');
  source.put('_headers', '/*\n A: 2\n');
  release();
  await early;
  clock.nowMs += 600;
  await rules.refresh();
  assert.equal(headerOf((await ask('/a.txt')).headers, 'a'), '2');
});

test('what cannot be read now stays as it was; one report for each change', async (t) => {
  const { clock, source, rules, reports, ask } = await serve(t, {
    _redirects: '/x /y\n',
    _headers: '/*\n A: 1\nbad\n',
  });
  const look = async () => {
    clock.nowMs += 200;
    await rules.refresh();
  };
  assert.equal(reports.length, 1);
  assert.match(reports[0]?.warnings.join() ?? '', /^_headers line 3 is skipped/);
  source.failOpen('_redirects', new Error('EMFILE'));
  await look();
  assert.equal((await ask('/x')).status, 301);
  source.failOpen('_redirects');
  source.put('_redirects', '/x /y\n');
  await look();
  assert.equal(reports.length, 1, 'the same content is no change');
  source.put('_redirects', '/x /z\n/w\n');
  await look();
  assert.deepEqual(reports[1]?.warnings, ['_redirects line 2 is skipped: no target']);
  source.remove('_redirects');
  source.remove('_headers');
  await look();
  assert.equal(rules.current, undefined);
  assert.equal((await ask('/x')).status, 404);
  await bodyOf(await ask('/a.txt'));
  source.assertClosed();
});

test('an embedded site', async () => {
  const site = packSite(
    [
      { segments: ['_headers'], bytes: Buffer.from('/*\n A: 1\n') },
      { segments: ['_redirects'], bytes: Buffer.from('/x /y\n') },
      { segments: ['a.txt'], bytes: Buffer.from('a') },
    ],
    undefined,
  );
  const source = embeddedFolder(site);
  const rules = await openRuleFiles(source);
  const stage = createStaticStage(withoutRuleFiles(source), options, { rules });
  const ask = (path: string) =>
    stage({ method: 'GET', target: path, path, query: '', headers: {}, client: '' });
  assert.equal(headerOf((await ask('/a.txt')).headers, 'a'), '1');
  assert.equal((await ask('/x')).status, 301);
  assert.equal((await ask('/_headers')).status, 404);
});
