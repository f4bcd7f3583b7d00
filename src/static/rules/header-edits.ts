/** What the rules of `_headers` change in the responses for one path. Pure. */
import type { HeaderList, Plan } from '../../http/types.ts';
import { type Representation, wholeHeaders } from '../plan.ts';
import type { Resource } from '../store.ts';
import type { HeaderChange } from './headers-file.ts';

/**
 * These describe content, so that a redirect or a 404 does not have them: caches would keep an error as long as the file
 * that is missing for a moment.
 */
const OF_CONTENT =
  /^(?:content-(?:type|disposition|language|location)|expires|surrogate-control|(?:.*-)?cache-control)$/;
/** Of those, what a 304 has too (RFC 9110 §15.4.5). */
const OF_CACHING = /^(?!content-)/;

/** The changes of all rules for a path, in order: a later one replaces an earlier one. */
export class HeaderEdits {
  /** By the name in lower case. */
  readonly #fields = new Map<string, readonly HeaderChange[]>();
  readonly #contentType: string | undefined;

  /** Each list is the changes of one rule, in which a header may have several values. */
  constructor(rules: readonly (readonly HeaderChange[])[]) {
    for (const changes of rules) {
      const own = new Map<string, HeaderChange[]>();
      for (const change of changes) {
        const key = change.name.toLowerCase();
        const isAdded = change.value !== undefined && own.get(key)?.[0]?.value !== undefined;
        own.set(key, isAdded ? joined(key, own.get(key) as HeaderChange[], change) : [change]);
      }
      for (const [key, list] of own) this.#fields.set(key, list);
    }
    this.#contentType = this.#fields.get('content-type')?.[0]?.value;
    this.#fields.delete('content-type');
  }

  /** A response without content of a file: a redirect, a listing, an error. */
  applyTo(plan: Plan): Plan {
    const isOther = (key: string) => !OF_CONTENT.test(key);
    return this.#mark({ ...plan, headers: this.#edited(plan.headers, isOther) });
  }

  /** The same resource, whose responses have the changes. */
  decorate(resource: Resource): Resource {
    const coded = new Map([...resource.coded].map(([coding, form]) => [coding, this.decorateForm(form)]));
    return { ...resource, identity: this.decorateForm(resource.identity), coded };
  }

  decorateForm(form: Representation, except = ''): Representation {
    const { size, content, reuse, notModified } = form;
    const contentType = this.#contentType ?? form.contentType;
    const fields = this.#edited(form.fields, (key) => key !== except);
    const headers = this.#edited(notModified.headers, (key) => key !== except && OF_CACHING.test(key));
    const whole: Plan | undefined = content && {
      status: 200,
      headers: wholeHeaders(contentType, size, fields),
      body: content,
      reuse,
    };
    return {
      ...form,
      contentType,
      fields,
      notModified: this.#mark({ ...notModified, headers }),
      whole: whole && this.#mark(whole),
      edits: this,
    };
  }

  /** A response that was made of a decorated form. */
  finish(plan: Plan): Plan {
    if (plan.withoutDefaults) return plan;
    const isOfContent = plan.status < 300 || plan.status === 304;
    return isOfContent ? this.#mark(plan) : this.applyTo(plan);
  }

  #mark(plan: Plan): Plan {
    const removed = [...this.#fields].filter(([, [first]]) => first?.value === undefined);
    return { ...plan, overridesDefaults: true, withoutDefaults: removed.map(([key]) => key) };
  }

  #edited(headers: HeaderList, isWanted: (key: string) => boolean): HeaderList {
    const wanted = new Map([...this.#fields].filter(([key]) => isWanted(key)));
    const result: string[] = [];
    for (let at = 0; at < headers.length; at += 2) {
      const [name, value] = [headers[at] as string, headers[at + 1] as string];
      const key = name.toLowerCase();
      const changes = wanted.get(key);
      // Without what mote says itself, a cache would give one client the response to another one.
      if (key === 'vary' && changes) {
        result.push(name, [value, ...changes.map((change) => change.value)].join(', '));
        wanted.delete(key);
      } else if (!changes) result.push(name, value);
    }
    for (const changes of wanted.values())
      for (const { name, value } of changes) if (value !== undefined) result.push(name, value);
    return result;
  }
}

/** One field with all values (RFC 9110 §5.3), but for cookies, whose values have commas. */
function joined(key: string, before: readonly HeaderChange[], { name, value }: HeaderChange): HeaderChange[] {
  if (key === 'set-cookie') return [...before, { name, value }];
  return [{ name: before[0]?.name ?? name, value: `${before[0]?.value}, ${value}` }];
}
