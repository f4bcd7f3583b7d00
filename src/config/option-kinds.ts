/** The shape of an entry in the table of options. */
import type { Bounds, Parser } from './parse.ts';

/** The number that stands for the word `auto`; below every minimum. */
export const AUTO = 0;

/** In the order in which `--help` and the documentation have them. */
export const groups = [
  'What is served',
  'Address',
  'TLS',
  'Caching',
  'Headers',
  'Access',
  'Notify',
  'Observability',
  'Time limits',
  'Other limits',
] as const;

export type Group = (typeof groups)[number];

interface OptionBase {
  readonly group: Group;
  /** What it does, in sentences; where it is shown, the bounds of numbers and the default are added. */
  readonly doc: string;
  /** Only if it is not the property in kebab case. */
  readonly key?: string;
  /** Other environment variables, which the `MOTE_` one overrides. */
  readonly env?: readonly string[];
  /** Its index among the positional arguments of `mote`, from 0. */
  readonly positional?: number;
  /** Never shown in a message; can be read from a file named by `MOTE_KEY_FILE`. */
  readonly secret?: true;
}

/** An option that takes a value; the label stands for it in `--help`. */
interface Labelled extends OptionBase {
  readonly label: string;
}

interface TextOption extends Labelled {
  readonly kind: 'text';
  readonly parse: Parser<string>;
  readonly default: string;
}

interface NumberOption extends Labelled, Bounds {
  readonly kind: 'number';
  /** The word `auto` is allowed as well, and has the value {@link AUTO}. */
  readonly auto?: true;
  readonly default: number;
}

interface BooleanOption extends OptionBase {
  readonly kind: 'boolean';
  readonly default: boolean;
}

/** Given more than once as a flag, an array in JSON, elsewhere separated by line breaks. */
interface ListOption extends Labelled {
  readonly kind: 'list';
  /** Takes one entry. An entry that is an array itself adds each of its elements. */
  readonly parse: Parser<unknown>;
  /** No entry can hold a comma, so commas separate entries too. */
  readonly commas?: true;
  readonly default: readonly [];
}

export type Option = TextOption | NumberOption | BooleanOption | ListOption;
