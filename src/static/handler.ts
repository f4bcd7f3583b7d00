/**
 * The static file stage. Its steps, in order:
 *
 * 1. method: GET and HEAD are served, OPTIONS gets 204, every other method 405 (both with Allow)
 * 2. memory: a recently found path skips steps 3 to 5
 * 3. path: decode once, reject what cannot be a file name (400)
 * 4. lookup: file, index of a folder, redirect to the trailing slash, listing, or nothing
 * 5. nothing: the page of a single-page application for clients that want a page, else the 404 page or a plain 404
 * 6. negotiation: the best available coding that the client accepts
 * 7. content: from memory, or from the file opened again, which then determines everything that follows
 * 8. preconditions and ranges: 304, 412, 416, or a selection of bytes
 */
import { errorPlan, HttpError } from '../http/errors.ts';
import { noContentPlan, redirectPlan } from '../http/reply.ts';
import { type Plan, type RequestFacts, SAFE_METHODS } from '../http/types.ts';
import { negotiate } from './encoding.ts';
import type { ListingCache, Warn } from './listing-cache.ts';
import { encodePath, type ParsedPath, parsePath } from './path.ts';
import { planContent, planFromMemory, planFromSource, type Representation } from './plan.ts';
import { type FileSource, SETTLE_MS, type SourceFile } from './source.ts';
import { wantsPage } from './spa.ts';
import { FileStore, type FileStoreOptions, type Lookup, type Resource, representChanged } from './store.ts';

export interface StaticOptions extends FileStoreOptions {
  readonly listing: boolean;
  readonly spa: boolean;
  /** Name of a file in the root that is sent with status 404; it need not exist. */
  readonly notFound: string;
}

type Planned = Plan | Promise<Plan>;

const missing: Lookup = { kind: 'missing' };

/** Serves `source`. It has a response for every request, so that it must be the last stage of the router. */
export function createStaticStage(
  source: FileSource,
  options: StaticOptions,
  warn?: Warn,
): (facts: RequestFacts) => Planned {
  const files = new StaticFiles(source, options, warn);
  return (facts) => files.handle(facts);
}

class StaticFiles {
  readonly #source: FileSource;
  readonly #options: StaticOptions;
  readonly #store: FileStore;
  readonly #warn: Warn | undefined;
  #listings: Promise<ListingCache> | undefined;

  constructor(source: FileSource, options: StaticOptions, warn: Warn | undefined) {
    this.#source = source;
    this.#options = options;
    this.#store = new FileStore(source, options);
    this.#warn = warn;
  }

  handle(facts: RequestFacts): Planned {
    const { method, path, headers } = facts;
    if (method !== 'GET' && method !== 'HEAD') return planOtherMethod(method);
    const known = this.#store.peek(path);
    if (known) return this.#serve(method, headers, known);
    const parsed = parsePath(path);
    return parsed.ok ? this.#find(facts, parsed.value) : errorPlan('bad_path');
  }

  async #find(facts: RequestFacts, parsed: ParsedPath): Promise<Plan> {
    const found = await this.#lookUp(parsed);
    if (found.kind === 'resource') return this.#serve(facts.method, facts.headers, found);
    if (found.kind === 'redirect') return redirectTo(parsed, facts.query);
    if (found.kind === 'folder' && this.#options.listing) return this.#list(facts, parsed);
    return this.#planMissing(facts, parsed);
  }

  /** What makes listings is loaded with the first of them. */
  async #list({ headers, query }: RequestFacts, { segments }: ParsedPath): Promise<Plan> {
    this.#listings ??= import('./listing-cache.ts').then(
      ({ ListingCache }) => new ListingCache(this.#source, this.#warn),
    );
    const listings = await this.#listings;
    return listings.planOf(segments, { accept: headers.accept, query });
  }

  async #planMissing(facts: RequestFacts, { segments }: ParsedPath): Promise<Plan> {
    const { spa, index, notFound } = this.#options;
    if (spa && wantsPage(facts.headers.accept, segments.at(-1) ?? '')) {
      const shell = await this.#lookUp({ segments: [index], directory: false });
      if (shell.kind === 'resource') return byAccept(await this.#serve(facts.method, facts.headers, shell));
    }
    // A 404 page that cannot be read must not turn this into another error.
    const page = await this.#lookUp({ segments: [notFound], directory: false }).catch(() => missing);
    if (page.kind === 'resource') return this.#servePage(page.identity);
    return errorPlan('not_found');
  }

  /** Cached under the canonical path only: other spellings must not fill the memory. */
  async #lookUp(parsed: ParsedPath): Promise<Lookup> {
    const path = encodePath(parsed.segments, parsed.directory);
    return this.#store.peek(path) ?? this.#store.find(path, parsed);
  }

  #serve(method: string, headers: RequestFacts['headers'], resource: Resource): Planned {
    const { identity, coded, available } = resource;
    const coding = available.length > 0 ? negotiate(headers['accept-encoding'], available) : 'identity';
    const representation = coding === 'identity' ? identity : (coded.get(coding) ?? identity);
    const { content } = representation;
    if (!content) return this.#serveOpened(method, headers, representation, available.length > 0);
    const planned = planContent(method, headers, representation);
    return planned.kind === 'plan'
      ? planned.plan
      : planFromMemory(planned.selection, content, representation.reuse);
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
    const current = isSame ? lookedUp : representChanged(file, lookedUp, varies);
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

/**
 * Caches must not send the page to clients that would get a 404. It is looked up anew each time, because there may be
 * a file at the path by then.
 */
function byAccept(plan: Plan): Plan {
  return { ...plan, headers: [...plan.headers, 'Vary', 'Accept'], reuse: undefined };
}

/**
 * To the folder with its trailing slash. The reference is relative to the requested path: so it is valid behind a proxy
 * that strips a prefix, and cannot name another host. A `:` in its first segment would end a scheme (RFC 3986 §4.2).
 */
function redirectTo({ segments }: ParsedPath, query: string): Plan {
  const name = encodePath(segments.slice(-1), true).slice(1);
  return redirectPlan(301, (name.includes(':') ? './' : '') + name + query);
}
