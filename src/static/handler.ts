/**
 * The static file stage. Its steps, in order:
 *
 * 1. method: GET and HEAD are served, OPTIONS is answered, everything else is refused (405 with Allow)
 * 2. memory: a path that was looked up a moment ago skips steps 3 to 5
 * 3. path: decode once, refuse what cannot be a file name (400)
 * 4. look-up: file, index of a folder, redirect to the folder's slash, listing, or nothing
 * 5. nothing: the single-page fallback for who wants a page, else the 404 page, else the plain 404
 * 6. negotiation: the best coding that the client accepts among those that exist
 * 7. content: from memory, or from the file opened anew, which then decides all that follows
 * 8. preconditions and ranges: 304, 412, 416 or a selection of bytes
 */
import { errorPlan, HttpError } from '../http/errors.ts';
import { noContentPlan, redirectPlan } from '../http/reply.ts';
import { type Plan, type RequestFacts, SAFE_METHODS } from '../http/types.ts';
import { negotiate } from './encoding.ts';
import { Listings, type Warn } from './listings.ts';
import { encodePath, parsePath } from './path.ts';
import { answerTo, planFromMemory, planFromSource, type Representation } from './plan.ts';
import { SETTLE_MS, type Source, type SourceFile } from './source.ts';
import { wantsPage } from './spa.ts';
import {
  type Lookup,
  type Place,
  type Resource,
  representChanged,
  Store,
  type StoreOptions,
} from './store.ts';

export interface StaticOptions extends StoreOptions {
  readonly listing: boolean;
  readonly spa: boolean;
  /** Name of a file in the root that is sent with status 404; absence is fine. */
  readonly notFound: string;
}

type Answered = Plan | Promise<Plan>;

const missing: Lookup = { kind: 'missing' };

/** Serves `source`. It answers every request, so it is the router's last stage. */
export function createStaticStage(
  source: Source,
  options: StaticOptions,
  warn?: Warn,
): (facts: RequestFacts) => Answered {
  const files = new StaticFiles(source, options, warn);
  return (facts) => files.handle(facts);
}

class StaticFiles {
  readonly #source: Source;
  readonly #options: StaticOptions;
  readonly #store: Store;
  readonly #listings: Listings;

  constructor(source: Source, options: StaticOptions, warn: Warn | undefined) {
    this.#source = source;
    this.#options = options;
    this.#store = new Store(source, options);
    this.#listings = new Listings(source, warn);
  }

  handle(facts: RequestFacts): Answered {
    const { method, path, headers } = facts;
    if (method !== 'GET' && method !== 'HEAD') return answerOtherMethod(method);
    const known = this.#store.peek(path);
    if (known) return this.#serve(method, headers, known);
    const parsed = parsePath(path);
    if (parsed.kind === 'bad') return errorPlan('bad_path');
    return this.#find(facts, parsed);
  }

  async #find(facts: RequestFacts, place: Place): Promise<Plan> {
    const found = await this.#lookUp(place);
    if (found.kind === 'resource') return this.#serve(facts.method, facts.headers, found);
    if (found.kind === 'redirect') return redirectTo(place, facts.query);
    if (found.kind === 'folder' && this.#options.listing) return this.#listings.answer(place.segments);
    return this.#findNothing(facts, place);
  }

  async #findNothing(facts: RequestFacts, { segments }: Place): Promise<Plan> {
    const { spa, index, notFound } = this.#options;
    if (spa && wantsPage(facts.headers.accept, segments.at(-1) ?? '')) {
      const shell = await this.#lookUp({ segments: [index], directory: false });
      if (shell.kind === 'resource') return byAccept(await this.#serve(facts.method, facts.headers, shell));
    }
    // What may not be read is no answer to a question about something else.
    const page = await this.#lookUp({ segments: [notFound], directory: false }).catch(() => missing);
    if (page.kind === 'resource') return this.#servePage(page.identity);
    return errorPlan('not_found');
  }

  /** Remembered under the canonical path alone: other spellings must not fill the memory. */
  async #lookUp(place: Place): Promise<Lookup> {
    const path = encodePath(place.segments, place.directory);
    return this.#store.peek(path) ?? this.#store.find(path, place);
  }

  #serve(method: string, headers: RequestFacts['headers'], resource: Resource): Answered {
    const { identity, coded, available } = resource;
    const coding = available.length > 0 ? negotiate(headers['accept-encoding'], available) : 'identity';
    const representation = coding === 'identity' ? identity : (coded.get(coding) ?? identity);
    const { content } = representation;
    if (!content) return this.#serveOpened(method, headers, representation, available.length > 0);
    const answer = answerTo(method, headers, representation);
    return answer.kind === 'plan' ? answer.plan : planFromMemory(answer.selection, content);
  }

  /**
   * Content that is not in memory may be another by now. So the file is opened first, for HEAD and for what needs
   * no content as well, and one truth decides sizes, tags, conditions and ranges.
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
    const answer = answerTo(method, headers, isSame ? lookedUp : representChanged(file, lookedUp, varies));
    if (answer.kind === 'selection') return planFromSource(answer.selection, file);
    await file.close();
    return answer.plan;
  }

  /**
   * A version of this very moment equals no other, and neither would a tag made of it: a client could never come
   * back to it. So what changed just now is opened once more when its version has settled.
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

  /** The 404 page, always whole: preconditions and ranges are about what was asked for, which does not exist. */
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

function answerOtherMethod(method: string): Plan {
  if (method !== 'OPTIONS') throw new HttpError('method_not_allowed', ['Allow', SAFE_METHODS]);
  return noContentPlan(['Allow', SAFE_METHODS]);
}

/** Caches must not hand the page to those who would have been told that nothing is there. */
function byAccept(plan: Plan): Plan {
  return { ...plan, headers: [...plan.headers, 'Vary', 'Accept'] };
}

/**
 * To the folder with its slash. The reference is relative to what was asked for: so it holds behind a proxy that
 * strips a prefix, and can name no other host. A `:` in its first segment would end a scheme (RFC 3986 §4.2).
 */
function redirectTo({ segments }: Place, query: string): Plan {
  const name = encodePath(segments.slice(-1), true).slice(1);
  return redirectPlan(301, (name.includes(':') ? './' : '') + name + query);
}
