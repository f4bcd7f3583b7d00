/**
 * Keys of the notify configuration, described as data: one description checks what is received, types what comes
 * out, and becomes the published JSON Schema. Pure; whatever is wrong is reported, all of it at once.
 */
import { nearest } from '../nearest.ts';
import { readSecret, reasonOf, refused, refusedSecret, refusedUnseen, shownName } from '../source.ts';

interface Common {
  /** What it is, in a sentence. */
  readonly doc: string;
  readonly required?: true;
}

interface TextField extends Common {
  readonly type: 'text';
  /** The only texts allowed. */
  readonly words?: readonly string[];
  /** Never shown; may stand in a file or in a variable instead, see {@link Secrets}. */
  readonly secret?: true;
}

interface IntegerField extends Common {
  readonly type: 'integer';
  readonly min: number;
  readonly max: number;
}

interface BooleanField extends Common {
  readonly type: 'boolean';
}

/** An array that is not empty. */
interface TextsField extends Common {
  readonly type: 'texts';
}

/** An array that is not empty. */
interface IntegersField extends Common {
  readonly type: 'integers';
  readonly min: number;
  readonly max: number;
}

/** An object of texts. */
interface RecordField extends Common {
  readonly type: 'record';
  readonly secret?: true;
}

/** An object or array of any shape. */
interface JsonField extends Common {
  readonly type: 'json';
  /** Never shown; its variable may name a file instead. */
  readonly secret?: true;
}

/** A number, a text, true, false or null. */
interface ScalarField extends Common {
  readonly type: 'scalar';
}

export type Field =
  | TextField
  | IntegerField
  | BooleanField
  | TextsField
  | IntegersField
  | RecordField
  | JsonField
  | ScalarField;

export type Fields = Readonly<Record<string, Field>>;

export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

interface Types {
  readonly text: string;
  readonly integer: number;
  readonly boolean: boolean;
  readonly texts: readonly string[];
  readonly integers: readonly number[];
  readonly record: Readonly<Record<string, string>>;
  readonly json: Json;
  readonly scalar: null | boolean | number | string;
}

type ValueOf<F extends Field> = F extends { words: readonly (infer Word)[] } ? Word : Types[F['type']];
type Required<F extends Fields> = { [K in keyof F]: F[K] extends { required: true } ? K : never }[keyof F];

/** What comes out of `F`. */
export type Values<F extends Fields> = {
  readonly [K in Required<F>]: ValueOf<F[K]>;
} & { readonly [K in Exclude<keyof F, Required<F>>]?: ValueOf<F[K]> };

/** Where secrets are that do not stand in the configuration itself: `{"file": PATH}` or `{"env": NAME}`. */
export interface Secrets {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Throws the system's error when it cannot read. */
  readonly readFile: (path: string) => string;
}

/** One object that is read, and where to complain about it. */
export interface Reading {
  /** The object in words, for what concerns it as a whole. */
  readonly place: string;
  /** A key in words. */
  readonly placeOf: (key: string) => string;
  readonly secrets: Secrets;
  /** Grows by one line for each mistake. */
  readonly problems: string[];
}

/** Words for what is not what it should be. */
class Mismatch {
  readonly allowed: string;
  /** The whole of the complaint, where it is not that what was received is wrong. */
  readonly fault: string | undefined;

  constructor(allowed: string, fault?: string) {
    this.allowed = allowed;
    this.fault = fault;
  }
}

/** The values of `received`, or `undefined` after a complaint. */
export function readFields<F extends Fields>(
  fields: F,
  received: Readonly<Record<string, unknown>>,
  reading: Reading,
): Values<F> | undefined {
  const { place, placeOf, secrets, problems } = reading;
  const before = problems.length;
  for (const key of Object.keys(received)) {
    if (!Object.hasOwn(fields, key)) problems.push(unknownKey(place, key, Object.keys(fields)));
  }
  const values: Record<string, unknown> = {};
  for (const [key, field] of Object.entries<Field>(fields)) {
    const given = received[key];
    if (given === undefined) {
      if (field.required) problems.push(`${placeOf(key)}: missing; ${place} needs it: ${field.doc}`);
      continue;
    }
    const value = readValue(field, given, secrets);
    if (!(value instanceof Mismatch)) values[key] = value;
    else if (value.fault !== undefined) problems.push(`${placeOf(key)}: ${value.fault}`);
    else problems.push(refusal(field, placeOf(key), given, value.allowed));
  }
  return problems.length === before ? (values as Values<F>) : undefined;
}

function unknownKey(place: string, key: string, known: readonly string[]): string {
  const guess = nearest(key, known);
  const advice = guess ? `did you mean ${guess}?` : `there are ${known.join(', ')}`;
  return `${place}: ${shownName(key)}: no such key; ${advice}`;
}

/** Shows only what cannot be a secret: keys are easily mixed up, and lists written as one text. */
function refusal(field: Field, place: string, given: unknown, allowed: string): string {
  if ('secret' in field) return refusedSecret(place, allowed);
  const isWord = field.type === 'boolean' || (field.type === 'text' && field.words !== undefined);
  const isHarmless = isWord || given === '' || typeof given === 'number' || typeof given === 'boolean';
  return isHarmless ? refused(place, given, allowed) : refusedUnseen(place, allowed);
}

function readValue(field: Field, given: unknown, secrets: Secrets): unknown {
  switch (field.type) {
    case 'text':
      if (field.words) return wordOf(field.words, given);
      return field.secret ? secretOf(given, secrets) : textOf(given);
    case 'integer':
      return integerOf(given, field);
    case 'boolean':
      return typeof given === 'boolean' ? given : new Mismatch('true or false');
    case 'texts':
      return listOf(given, textOf, 'an array of texts, not empty');
    case 'integers':
      return listOf(given, (item) => integerOf(item, field), 'an array of whole numbers, not empty');
    case 'record':
      return recordOf(given, (item) => (field.secret ? secretOf(item, secrets) : textOf(item)));
    case 'json':
      return typeof given === 'object' && given !== null ? given : new Mismatch('an object or an array');
    case 'scalar':
      return typeof given !== 'object' || given === null
        ? given
        : new Mismatch('a number, a text, true, false or null');
  }
}

function textOf(given: unknown): string | Mismatch {
  return typeof given === 'string' && given !== '' ? given : new Mismatch('a text, not empty');
}

function wordOf(words: readonly string[], given: unknown): unknown {
  return words.find((word) => word === given) ?? new Mismatch(words.join(', '));
}

function integerOf(given: unknown, { min, max }: { min: number; max: number }): unknown {
  const fits = Number.isSafeInteger(given) && (given as number) >= min && (given as number) <= max;
  return fits ? given : new Mismatch(`a whole number from ${min} to ${max}`);
}

function listOf(given: unknown, itemOf: (item: unknown) => unknown, allowed: string): unknown {
  if (!Array.isArray(given) || given.length === 0) return new Mismatch(allowed);
  const items = given.map(itemOf);
  return items.some((item) => item instanceof Mismatch) ? new Mismatch(allowed) : items;
}

function recordOf(given: unknown, itemOf: (item: unknown) => unknown): unknown {
  if (!isObject(given)) return new Mismatch('an object of texts');
  const entries = Object.entries(given).map(([name, item]) => [name, itemOf(item)] as const);
  const wrong = entries.find(([, item]) => item instanceof Mismatch)?.[1];
  return wrong ?? Object.fromEntries(entries);
}

const SECRET = 'a text, not empty, or {"file": "PATH"} or {"env": "NAME"} that hold one';

function secretOf(given: unknown, { env, readFile }: Secrets): string | Mismatch {
  if (typeof given === 'string') return given === '' ? new Mismatch(SECRET) : given;
  if (!isObject(given) || Object.keys(given).length !== 1) return new Mismatch(SECRET);
  const { file, env: name } = given;
  if (typeof name === 'string') return env[name] || unsetVariable(name);
  return typeof file === 'string' ? secretFileOf(file, readFile) : new Mismatch(SECRET);
}

function secretFileOf(path: string, readFile: Secrets['readFile']): string | Mismatch {
  try {
    const text = readSecret(path, readFile);
    return (
      text ||
      new Mismatch(SECRET, `names the file${shownPath(path)}, which is empty; allowed: one with the secret`)
    );
  } catch (error) {
    const fault = `names the file${shownPath(path)}, which cannot be read${reasonOf(error)}; allowed: a readable file`;
    return new Mismatch(SECRET, fault);
  }
}

/** What does not look like a path could be the secret itself. */
function shownPath(path: string): string {
  return /^\.{0,2}\//.test(path) ? ` ${shownName(path)}` : '';
}

/** What does not look like the name of a variable could be the secret itself. */
function unsetVariable(name: string): Mismatch {
  const shown = /^[A-Z_][A-Z0-9_]*$/.test(name) ? ` ${name}` : '';
  return new Mismatch(
    SECRET,
    `names the variable${shown}, which is not set; set it, or write {"file": "PATH"}`,
  );
}

/** What `{…}` in JSON becomes. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
