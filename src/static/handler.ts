/**
 * The static file stage. Its steps, in order:
 *
 * 1. method: GET and HEAD are served, OPTIONS gets 204, every other method 405 (both with Allow)
 * 2. memory: a recently found path skips steps 3 to 7
 * 3. path: decode once, reject what cannot be a file name (400)
 * 4. the site's rules that are forced
 * 5. lookup: file, index of a folder, redirect to the path of the file, listing, or nothing
 * 6. nothing: the site's other rules
 * 7. nothing: the page of a single-page application for clients that want a page, else the 404 page or a plain 404
 * 8. negotiation: the best available coding that the client accepts
 * 9. content: from memory, or from the file opened again, which then determines everything that follows
 * 10. preconditions and ranges: 304, 412, 416, or a selection of bytes
 */
import { errorPlan, HttpError } from '../http/errors.ts';
import { noContentPlan, redirectPlan } from '../http/reply.ts';
import { type Plan, type RequestFacts, SAFE_METHODS } from '../http/types.ts';
import { negotiate } from './encoding.ts';
import { ListingCache, type Warn } from './listing-cache.ts';
import { indexNames, type LocateMode } from './locate.ts';
import { encodePath, type ParsedPath, parsePath, relativeReference } from './path.ts';
import { planContent, planFromMemory, planFromSource, type Representation } from './plan.ts';
import type { RuleFiles } from './rule-files.ts';
import type { HeaderEdits } from './rules/header-edits.ts';
import type { RuleOutcome, SiteRules } from './rules/site-rules.ts';
import { type FileSource, SETTLE_MS, type SourceFile } from './source.ts';
import { wantsPage } from './spa.ts';
import { FileStore, type FileStoreOptions, type Lookup, type Resource, representChanged } from './store.ts';

export interface StaticOptions extends FileStoreOptions {
  readonly spa: boolean;
  /** Name of a file in the root that is sent with status 404; it need not exist. */
  readonly notFound: string;
}

export interface StaticParts {
  readonly warn?: Warn | undefined;
  /** The rules of the site; without them files alone count. */
  readonly rules?: RuleFiles | undefined;
}

type Planned = Plan | Promise<Plan>;

const missing: Lookup = { kind: 'missing' };

/** Serves `source`. It has a response for every request, so that it must be the last stage of the router. */
export function createStaticStage(
  source: FileSource,
  options: StaticOptions,
  parts: StaticParts = {},
): (facts: RequestFacts) => Planned {
  const files = new StaticFiles(source, options, parts);
  return (facts) => files.handle(facts);
}

class StaticFiles {
  readonly #source: FileSource;
  readonly #options: StaticOptions;
  readonly #store: FileStore;
  readonly #listings: ListingCache;

  readonly #ruleFiles: RuleFiles | undefined;

  constructor(source: FileSource, options: StaticOptions, { warn, rules }: StaticParts) {
    this.#source = source;
    this.#options = options;
    this.#ruleFiles = rules;
    this.#store = new FileStore(source, options, () => rules?.refresh());
    this.#listings = new ListingCache(source, warn);
    rules?.onChange(() => this.#store.clear());
  }

  handle(facts: RequestFacts): Planned {
    const { method, path, headers } = facts;
    if (method !== 'GET' && method !== 'HEAD') return planOtherMethod(method);
    const rules = this.#ruleFiles?.current;
    const known = rules?.hasForced ? undefined : this.#store.peek(path);
    if (known) return this.#serve(method, headers, rules ? rules.decorated(known, path) : known);
    const parsed = parsePath(path);
    return parsed.ok ? this.#find(facts, parsed.value) : errorPlan('bad_path');
  }

  async #find(facts: RequestFacts, parsed: ParsedPath): Promise<Plan> {
    await this.#ruleFiles?.refresh();
    const rules = this.#ruleFiles?.current;
    if (!rules) return this.#planLookup(facts, parsed, await this.#lookUp(parsed));
    const forced = rules.hasForced ? await this.#outcomeOf(rules, facts, parsed, false) : undefined;
    if (forced) return this.#follow(rules, facts, parsed, forced);
    const found = await this.#lookUp(parsed);
    if (found.kind === 'resource')
      return this.#serve(facts.method, facts.headers, rules.decorated(found, facts.path));
    const isMissing = !(await this.#hasContent(found));
    const outcome = isMissing ? await this.#outcomeOf(rules, facts, parsed, true) : undefined;
    if (outcome) return this.#follow(rules, facts, parsed, outcome);
    return this.#planLookup(facts, parsed, found, rules.editsFor(parsed));
  }

  #outcomeOf(
    rules: SiteRules,
    facts: RequestFacts,
    parsed: ParsedPath,
    isMissing: boolean,
  ): Promise<RuleOutcome | undefined> {
    return rules.outcomeFor(facts, parsed, isMissing, async (path) => {
      const found = await this.#lookUp(path);
      const to = found.kind === 'redirect' ? found.to : undefined;
      return { hasContent: await this.#hasContent(found), to };
    });
  }

  /** Whether there is something to show, also where a redirect leads: a folder alone is nothing. */
  async #hasContent(found: Lookup): Promise<boolean> {
    if (found.kind === 'redirect') return this.#hasContent(await this.#lookUp(found.to));
    return found.kind === 'resource' || (found.kind === 'folder' && this.#options.listing);
  }

  async #follow(
    rules: SiteRules,
    facts: RequestFacts,
    parsed: ParsedPath,
    outcome: RuleOutcome,
  ): Promise<Plan> {
    const edits = rules.editsFor(parsed);
    if (outcome.kind === 'file') {
      const target = await this.#lookUp(outcome.path, 'target');
      if (target.kind === 'resource' && outcome.status === 200)
        return onlyOnce(await this.#serveEdited(facts, target, edits));
      const page =
        target.kind === 'resource' ? await this.#servePage(target.identity) : await this.#planNotFound();
      return edits?.applyTo(page) ?? page;
    }
    const plan = redirectPlan(outcome.status, outcome.location);
    return edits?.applyTo(plan) ?? plan;
  }

  #serveEdited({ method, headers }: RequestFacts, resource: Resource, edits?: HeaderEdits): Planned {
    return this.#serve(method, headers, edits ? edits.decorate(resource) : resource);
  }

  async #planLookup(
    facts: RequestFacts,
    parsed: ParsedPath,
    found: Lookup,
    edits?: HeaderEdits,
  ): Promise<Plan> {
    if (found.kind === 'resource') return this.#serveEdited(facts, found, edits);
    const shell = await this.#shellFor(facts, parsed, found);
    if (shell) return byAccept(await this.#serveEdited(facts, shell, edits));
    const plan = await this.#planOther(facts, parsed, found);
    return edits?.applyTo(plan) ?? plan;
  }

  async #planOther(facts: RequestFacts, parsed: ParsedPath, found: Exclude<Lookup, Resource>): Promise<Plan> {
    if (found.kind === 'redirect')
      return redirectPlan(301, relativeReference(facts.path, found.to) + facts.query);
    if (found.kind === 'folder' && this.#options.listing) return this.#listings.planOf(parsed.segments);
    return this.#planNotFound();
  }

  /** The page of a single-page application, if there is nothing else. */
  async #shellFor(
    { headers }: RequestFacts,
    { segments }: ParsedPath,
    found: Exclude<Lookup, Resource>,
  ): Promise<Resource | undefined> {
    const { spa, listing } = this.#options;
    const isListed = found.kind === 'folder' && listing;
    if (!spa || found.kind === 'redirect' || isListed) return undefined;
    if (!wantsPage(headers.accept, segments.at(-1) ?? '')) return undefined;
    for (const name of indexNames(this.#options.index)) {
      const found = await this.#lookUp({ segments: [name], directory: false }, 'exact');
      if (found.kind === 'resource') return found;
    }
    return undefined;
  }

  async #planNotFound(): Promise<Plan> {
    const path = { segments: [this.#options.notFound], directory: false };
    // A 404 page that cannot be read must not turn this into another error.
    const page = await this.#lookUp(path, 'exact').catch(() => missing);
    return page.kind === 'resource' ? this.#servePage(page.identity) : errorPlan('not_found');
  }

  /** Cached under the canonical path only: other spellings must not fill the memory. */
  async #lookUp(parsed: ParsedPath, mode: LocateMode = 'request'): Promise<Lookup> {
    const path = encodePath(parsed.segments, parsed.directory);
    const name = mode === 'request' ? path : `${mode} ${path}`;
    return this.#store.peek(name) ?? this.#store.find(name, parsed, mode);
  }

  #serve(method: string, headers: RequestFacts['headers'], resource: Resource): Planned {
    const { identity, coded, available } = resource;
    const coding = available.length > 0 ? negotiate(headers['accept-encoding'], available) : 'identity';
    const representation = coding === 'identity' ? identity : (coded.get(coding) ?? identity);
    const { content, edits } = representation;
    if (!content) {
      const opened = this.#serveOpened(method, headers, representation, available.length > 0);
      return edits ? opened.then((plan) => edits.finish(plan)) : opened;
    }
    const planned = planContent(method, headers, representation);
    const plan =
      planned.kind === 'plan'
        ? planned.plan
        : planFromMemory(planned.selection, content, representation.reuse);
    return edits ? edits.finish(plan) : plan;
  }

  /**
   * Content that is not in memory may have changed since the lookup. So the file is opened first, also for HEAD and
   * for responses without content: size, tag, preconditions and ranges all refer to the same version.
   */
  async #serveOpened(
    method: string,
    headers: RequestFacts['headers'],
    lookedUp: Representation,
    varies: boolean,
  ): Promise<Plan> {
    const file = await this.#openSettled(lookedUp);
    if (!file) return errorPlan('not_found');
    const isSame = file.version === lookedUp.version;
    const current = isSame ? lookedUp : changed(file, lookedUp, varies);
    const planned = planContent(method, headers, current);
    if (planned.kind === 'selection') return planFromSource(planned.selection, file);
    await file.close();
    return planned.plan;
  }

  /**
   * A file that has just changed has a version, and thus a tag, that equals no other: no client could revalidate it.
   * So such a file is opened again after {@link SETTLE_MS}.
   */
  async #openSettled(lookedUp: Representation): Promise<SourceFile | undefined> {
    const file = await this.#openFile(lookedUp);
    const ageMs = file?.changedMs === undefined ? SETTLE_MS : Date.now() - file.changedMs;
    if (!file || file.version === lookedUp.version || ageMs < 0 || ageMs >= SETTLE_MS) return file;
    await file.close();
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS - ageMs));
    return this.#openFile(lookedUp);
  }

  async #openFile({ segments }: Representation): Promise<SourceFile | undefined> {
    const found = await this.#source.open(segments);
    return found.kind === 'file' ? found.file : undefined;
  }

  /** The whole 404 page: preconditions and ranges refer to the requested file, which does not exist. */
  async #servePage(page: Representation): Promise<Plan> {
    const { content, contentType, size } = page;
    const headers = ['Content-Type', contentType, 'Cache-Control', 'no-store'];
    if (content) {
      return { status: 404, headers: [...headers, 'Content-Length', String(size)], body: content };
    }
    const file = await this.#openFile(page);
    if (!file) return errorPlan('not_found');
    const selection = { status: 404, headers: [...headers, 'Content-Length', String(file.size)] };
    return planFromSource({ ...selection, pieces: [{ start: 0, end: file.size - 1 }] }, file);
  }
}

function planOtherMethod(method: string): Plan {
  if (method !== 'OPTIONS') throw new HttpError('method_not_allowed', ['Allow', SAFE_METHODS]);
  return noContentPlan(['Allow', SAFE_METHODS]);
}

/** Caches must not send the page to clients that would get a 404. */
function byAccept(plan: Plan): Plan {
  return onlyOnce({ ...plan, headers: [...plan.headers, 'Vary', 'Accept'] });
}

/** For a file of another path: it is looked up anew each time, because there may be a file at the requested one by then. */
function onlyOnce(plan: Plan): Plan {
  return { ...plan, reuse: undefined };
}

/** The representation of a file that has changed since its lookup, which must not be cached, whatever rules say. */
function changed(file: SourceFile, lookedUp: Representation, varies: boolean): Representation {
  const current = representChanged(file, lookedUp, varies);
  return lookedUp.edits?.decorateForm(current, 'cache-control') ?? current;
}
