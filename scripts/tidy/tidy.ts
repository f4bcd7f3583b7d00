/**
 * The rules of this repository that no linter knows: who may import whom, who may touch the system, how long things
 * may get, that every file is used. Each rule is a pure function from the tree to what breaks it; `npm run structure`
 * applies all of them to the repository. Known violations are listed in `exceptions.ts`, which can only shrink: an
 * exception that nothing needs any more is a failure, too.
 */
import { resolve } from 'node:path';
import { answerHelp } from '../help.ts';
import { arrowRules } from './arrows.ts';
import { type Exception, exceptions } from './exceptions.ts';
import { formRules } from './form.ts';
import { inventoryRules } from './inventory.ts';
import { nameRules } from './names.ts';
import { nodeRules } from './node-subset.ts';
import type { Finding, Rules, Tree } from './rule.ts';
import { parse, readTexts, type Texts } from './source-tree.ts';

export interface Violation extends Finding {
  readonly rule: string;
}

/** All rules by name; a rule sees the whole tree. */
export const rules: Rules = { ...arrowRules, ...nodeRules, ...inventoryRules, ...nameRules, ...formRules };

/** The facts of all files in `texts`. */
export async function treeOf(texts: Texts): Promise<Tree> {
  return { texts, sources: await parse(texts) };
}

/** Everything that breaks a rule without being an exception, and every exception that nothing needs. */
export function check(tree: Tree, allowed: readonly Exception[] = exceptions): Violation[] {
  const same = (a: Omit<Violation, 'reason'>, b: Omit<Violation, 'reason'>) =>
    a.rule === b.rule && a.path === b.path && a.subject === b.subject;
  const all = Object.entries(rules).flatMap(([rule, judge]) =>
    judge(tree).map((finding) => ({ rule, ...finding })),
  );
  const stale = allowed.filter((exception) => !all.some((violation) => same(exception, violation)));
  return [
    ...all.filter((violation) => !allowed.some((exception) => same(exception, violation))),
    ...stale.map(({ rule, path, subject }) => ({
      rule: 'exceptions',
      path,
      subject,
      reason: `nothing here breaks "${rule}" any more: take the exception out`,
    })),
  ];
}

/** What breaks a rule in this repository, one line each. */
export async function checkRepository(): Promise<string[]> {
  const violations = check(await treeOf(readTexts(resolve(import.meta.dirname, '../..'))));
  return violations.map(({ rule, path, subject, reason }) => `${rule}: ${path}: ${subject}: ${reason}`);
}

if (import.meta.main) {
  answerHelp(import.meta.filename);
  const lines = await checkRepository();
  process.stdout.write(lines.map((line) => `${line}\n`).join(''));
  process.exitCode = lines.length > 0 ? 1 : 0;
}
