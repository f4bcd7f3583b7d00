/** A site below a path, behind a proxy that passes the whole path on. Pure. */
import { errorPlan } from '../http/errors.ts';
import { redirectPlan } from '../http/reply.ts';
import type { Plan, RequestFacts } from '../http/types.ts';
import { type ParsedPath, parsePath, relativeReference } from './path.ts';

type FinalStage = (facts: RequestFacts) => Plan | Promise<Plan>;

/** The request as it would be without the base path; `undefined` for a path that is not below it. */
export type BasePathReader = (facts: RequestFacts) => RequestFacts | undefined;

/** `basePath` has a slash at its beginning, and none at its end. */
export function basePathReader(basePath: string): BasePathReader {
  const base = segmentsOf(basePath);
  // Whatever stands for the base path, with repeated slashes and `.` before a segment.
  const spelling = new RegExp(`^(?:(?:/(?:\\.|%2e)?(?=/))*/[^/]+){${base.length}}`, 'i');
  return (facts) => {
    const { path } = facts;
    if (path.startsWith(`${basePath}/`)) return { ...facts, path: path.slice(basePath.length) };
    const parsed = parsePath(path);
    // Another spelling: a proxy that compares decoded paths passes it on.
    if (!parsed.ok || !startsWith(parsed.value, base)) return undefined;
    const { segments, directory } = parsed.value;
    if (segments.length === base.length && !directory) return undefined;
    // As it was received: redirects are relative to it.
    return { ...facts, path: path.replace(spelling, '') };
  };
}

/**
 * Serves below `basePath` what `stage` has for the rest of the path, and nothing elsewhere. What other methods get does
 * not depend on the path.
 */
export function createBasePathStage(basePath: string, stage: FinalStage): FinalStage {
  const read = basePathReader(basePath);
  const root: ParsedPath = { segments: segmentsOf(basePath), directory: true };
  return (facts) => {
    const inner = read(facts);
    if (inner) return stage(inner);
    if (facts.method !== 'GET' && facts.method !== 'HEAD') return stage(facts);
    const parsed = parsePath(facts.path);
    if (!parsed.ok || !startsWith(parsed.value, root.segments)) return errorPlan('not_found');
    return redirectPlan(301, relativeReference(facts.path, root) + facts.query);
  };
}

function segmentsOf(path: string): readonly string[] {
  return path.split('/').slice(1);
}

function startsWith({ segments }: ParsedPath, base: readonly string[]): boolean {
  return base.every((segment, at) => segment === segments[at]);
}
