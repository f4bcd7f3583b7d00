/**
 * Keys of the notify configuration, described as data: one description checks what is received, types what comes
 * out, and becomes the published JSON Schema. Pure; all problems are reported at once.
 */
import type { JsonValue } from '../../util/json.ts';
import { isObject } from '../../util/json.ts';
import { failure, type Result, success } from '../../util/result.ts';
import {
  allOf,
  bracketedCode,
  type Problems,
  readSecretFile,
  refused,
  refusedSecret,
  refusedUnseen,
  shownName,
} from '../problems.ts';
import { closestName } from '../suggestion.ts';
import type { Env, ReadFile } from '../system.ts';

interface KeyBase {
  /** What it is, in a sentence. */
  readonly doc: string;
  readonly required?: true;
}

interface TextKey extends KeyBase {
  readonly type: 'text';
  /** The only texts allowed. */
  readonly words?: readonly string[];
  /** Never shown; may stand in a file or in a variable instead, see {@link SecretSources}. */
  readonly secret?: true;
}

interface IntegerKey extends KeyBase {
  readonly type: 'integer';
  readonly min: number;
  readonly max: number;
}

interface BooleanKey extends KeyBase {
  readonly type: 'boolean';
}

/** An array that is not empty. */
interface TextsKey extends KeyBase {
  readonly type: 'texts';
}

/** An array that is not empty. */
interface IntegersKey extends KeyBase {
  readonly type: 'integers';
  readonly min: number;
  readonly max: number;
}

/** An object of texts. */
interface RecordKey extends KeyBase {
  readonly type: 'record';
  readonly secret?: true;
}

/** An object or array of any shape. */
interface JsonKey extends KeyBase {
  readonly type: 'json';
  /** Never shown; its variable may name a file instead. */
  readonly secret?: true;
}

/** A number, a text, true, false or null. */
interface ScalarKey extends KeyBase {
  readonly type: 'scalar';
}

/** An object of whole numbers. */
interface LevelsKey extends KeyBase {
  readonly type: 'levels';
  readonly min: number;
  readonly max: number;
}

/** An object whose members are scalars or arrays of them that are not empty. */
interface ConditionsKey extends KeyBase {
  readonly type: 'conditions';
}

export type ConfigKey =
  | TextKey
  | IntegerKey
  | BooleanKey
  | TextsKey
  | IntegersKey
  | RecordKey
  | JsonKey
  | ScalarKey
  | LevelsKey
  | ConditionsKey;

export type KeyTable = Readonly<Record<string, ConfigKey>>;

interface Types {
  readonly text: string;
  readonly integer: number;
  readonly boolean: boolean;
  readonly texts: readonly string[];
  readonly integers: readonly number[];
  readonly record: Readonly<Record<string, string>>;
  readonly json: JsonValue;
  readonly scalar: Scalar;
  readonly levels: Readonly<Record<string, number>>;
  readonly conditions: Readonly<Record<string, Scalar | readonly Scalar[]>>;
}

type Scalar = null | boolean | number | string;

type KeyValueOf<K extends ConfigKey> = K extends { words: readonly (infer Word)[] } ? Word : Types[K['type']];
type RequiredOf<T extends KeyTable> = {
  [K in keyof T]: T[K] extends { required: true } ? K : never;
}[keyof T];

/** What `T` becomes when it is read. */
export type KeyValues<T extends KeyTable> = {
  readonly [K in RequiredOf<T>]: KeyValueOf<T[K]>;
} & { readonly [K in Exclude<keyof T, RequiredOf<T>>]?: KeyValueOf<T[K]> };

/** Where secrets are that do not stand in the configuration itself: `{"file": PATH}` or `{"env": NAME}`. */
export interface SecretSources {
  readonly env: Env;
  readonly readFile: ReadFile;
}

/** One object that is read. */
export interface ReadContext {
  /** The object in words, for problems that concern it as a whole. */
  readonly place: string;
  /** A key in words. */
  readonly placeOf: (key: string) => string;
  readonly secrets: SecretSources;
}

/** Why a value was not taken. */
type ValueError =
  | { readonly kind: 'wrong value'; readonly allowed: string }
  /** The value is well-formed and names something that cannot be used; `problem` follows the place. */
  | { readonly kind: 'unusable source'; readonly problem: string };

type ReadValue<T> = Result<T, ValueError>;

/** The values of `received`, or every problem with it. */
export function readConfigKeys<T extends KeyTable>(
  table: T,
  received: Readonly<Record<string, unknown>>,
  context: ReadContext,
): Result<KeyValues<T>, Problems> {
  const known = Object.keys(table);
  const unknown = Object.keys(received).filter((key) => !known.includes(key));
  const entries = allOf([
    ...unknown.map((key) => failure([unknownKey(context.place, key, known)])),
    ...Object.entries<ConfigKey>(table).map(([key, spec]) => readEntry(key, spec, received[key], context)),
  ]);
  if (!entries.ok) return entries;
  // The table types what its entries become.
  return success(Object.fromEntries(entries.value.flat()) as KeyValues<T>);
}

type ValueEntry = readonly [key: string, value: unknown];

/** The entry of a key, or none where the key may be missing. */
function readEntry(
  key: string,
  spec: ConfigKey,
  received: unknown,
  { place, placeOf, secrets }: ReadContext,
): Result<ValueEntry[], Problems> {
  if (received === undefined) {
    if (!spec.required) return success([]);
    return failure([`${placeOf(key)}: missing; ${place} needs it: ${spec.doc}`]);
  }
  const value = readValue(spec, received, secrets);
  if (value.ok) return success([[key, value.value]]);
  const { error } = value;
  return failure([
    error.kind === 'unusable source'
      ? `${placeOf(key)}: ${error.problem}`
      : wrongValue(spec, placeOf(key), received, error.allowed),
  ]);
}

function unknownKey(place: string, key: string, known: readonly string[]): string {
  const guess = closestName(key, known);
  const advice = guess ? `did you mean ${guess}?` : `the keys are ${known.join(', ')}`;
  return `${place}: ${shownName(key)}: no such key; ${advice}`;
}

/** Shows only what cannot be a secret: keys are easily confused, and lists written as one string. */
function wrongValue(spec: ConfigKey, place: string, received: unknown, allowed: string): string {
  if ('secret' in spec) return refusedSecret(place, allowed);
  const isWord = spec.type === 'boolean' || (spec.type === 'text' && spec.words !== undefined);
  const isHarmless =
    isWord || received === '' || typeof received === 'number' || typeof received === 'boolean';
  return isHarmless ? refused(place, received, allowed) : refusedUnseen(place, allowed);
}

function readValue(spec: ConfigKey, received: unknown, secrets: SecretSources): ReadValue<unknown> {
  switch (spec.type) {
    case 'text':
      if (spec.words) return readWord(spec.words, received);
      return spec.secret ? readSecretText(received, secrets) : readText(received);
    case 'integer':
      return readInteger(received, spec);
    case 'boolean':
      return typeof received === 'boolean' ? success(received) : wrong('true or false');
    case 'texts':
      return readList(received, readText, 'a non-empty array of strings');
    case 'integers':
      return readList(received, (item) => readInteger(item, spec), 'a non-empty array of whole numbers');
    case 'record':
      return readRecord(received, 'an object of strings', (item) =>
        spec.secret ? readSecretText(item, secrets) : readText(item),
      );
    case 'levels':
      return readRecord(received, `an object of whole numbers from ${spec.min} to ${spec.max}`, (item) =>
        readInteger(item, spec),
      );
    case 'conditions':
      return readRecord(received, CONDITIONS, readCondition);
    case 'json':
      return typeof received === 'object' && received !== null
        ? success(received)
        : wrong('an object or an array');
    case 'scalar':
      return isScalar(received) ? success(received) : wrong('a number, a string, true, false or null');
  }
}

const CONDITIONS = 'an object of strings, numbers, true, false, null, or non-empty arrays of them';

function isScalar(received: unknown): received is Scalar {
  return typeof received !== 'object' || received === null;
}

function readCondition(received: unknown): ReadValue<Scalar | readonly Scalar[]> {
  if (isScalar(received)) return success(received);
  const isList = Array.isArray(received) && received.length > 0 && received.every(isScalar);
  return isList ? success(received as readonly Scalar[]) : wrong(CONDITIONS);
}

function wrong(allowed: string): ReadValue<never> {
  return failure({ kind: 'wrong value', allowed });
}

function readText(received: unknown): ReadValue<string> {
  return typeof received === 'string' && received !== '' ? success(received) : wrong('a non-empty string');
}

function readWord(words: readonly string[], received: unknown): ReadValue<string> {
  const word = words.find((one) => one === received);
  return word === undefined ? wrong(words.join(', ')) : success(word);
}

function readInteger(received: unknown, { min, max }: { min: number; max: number }): ReadValue<number> {
  const fits = typeof received === 'number' && Number.isSafeInteger(received);
  return fits && received >= min && received <= max
    ? success(received)
    : wrong(`a whole number from ${min} to ${max}`);
}

function readList(
  received: unknown,
  readItem: (item: unknown) => ReadValue<unknown>,
  allowed: string,
): ReadValue<unknown[]> {
  if (!Array.isArray(received) || received.length === 0) return wrong(allowed);
  const items = received.map(readItem).flatMap((item) => (item.ok ? [item.value] : []));
  return items.length === received.length ? success(items) : wrong(allowed);
}

function readRecord<T>(
  received: unknown,
  allowed: string,
  readItem: (item: unknown) => ReadValue<T>,
): ReadValue<Readonly<Record<string, T>>> {
  if (!isObject(received)) return wrong(allowed);
  const entries: [string, T][] = [];
  for (const [name, item] of Object.entries(received)) {
    const read = readItem(item);
    if (!read.ok) return read;
    entries.push([name, read.value]);
  }
  return success(Object.fromEntries(entries));
}

const SECRET = 'a non-empty string, or {"file": "PATH"} or {"env": "NAME"} that names one';

function readSecretText(received: unknown, { env, readFile }: SecretSources): ReadValue<string> {
  if (typeof received === 'string') return received === '' ? wrong(SECRET) : success(received);
  if (!isObject(received) || Object.keys(received).length !== 1) return wrong(SECRET);
  const { file, env: name } = received;
  if (typeof name === 'string') return readVariable(name, env);
  return typeof file === 'string' ? readNamedFile(file, readFile) : wrong(SECRET);
}

function readNamedFile(path: string, readFile: ReadFile): ReadValue<string> {
  const file = `names the file${shownPath(path)}`;
  try {
    const text = readSecretFile(path, readFile);
    return text === ''
      ? unusable(`${file}, which is empty; allowed: a file that contains the secret`)
      : success(text);
  } catch (error) {
    return unusable(`${file}, which cannot be read${bracketedCode(error)}; allowed: a readable file`);
  }
}

function readVariable(name: string, env: Env): ReadValue<string> {
  const text = env[name];
  if (text) return success(text);
  // What does not look like the name of a variable could be the secret itself.
  const shown = /^[A-Z_][A-Z0-9_]*$/.test(name) ? ` ${name}` : '';
  return unusable(`names the variable${shown}, which is not set; set it, or write {"file": "PATH"}`);
}

function unusable(problem: string): ReadValue<never> {
  return failure({ kind: 'unusable source', problem });
}

/** What does not look like a path could be the secret itself. */
function shownPath(path: string): string {
  return /^\.{0,2}\//.test(path) ? ` ${shownName(path)}` : '';
}
