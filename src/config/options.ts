/**
 * The table of options, in parts in `option-tables/`. An entry there is a flag `--key`, an environment variable `MOTE_KEY`, a key of
 * the JSON file, a property of `Config`, a line of `--help` and a row of docs/options.md: nothing else names it.
 */
import type { Option } from './option-kinds.ts';
import { messages } from './option-tables/messages.ts';
import { server } from './option-tables/server.ts';
import { serving } from './option-tables/serving.ts';
import { tls } from './option-tables/tls.ts';
import type { Parser } from './parse.ts';

const table = { ...serving, ...server, ...tls, ...messages } as const satisfies Readonly<
  Record<string, Option>
>;

type Table = typeof table;
type Flat<T> = T extends readonly (infer Element)[] ? Element : T;
type OptionValueOf<O> = O extends { kind: 'number' }
  ? number
  : O extends { kind: 'boolean' }
    ? boolean
    : O extends { kind: 'list'; parse: Parser<infer Entry> }
      ? readonly Flat<Entry>[]
      : O extends { kind: 'text'; parse: Parser<infer Text> }
        ? Text
        : never;

/** Everything that can be configured, valid and complete. Times in milliseconds, sizes in bytes. */
export type Config = { readonly [Property in keyof Table]: OptionValueOf<Table[Property]> };

/** An option with the names it goes by. */
export type NamedOption = Option & {
  readonly property: keyof Config;
  readonly key: string;
  readonly flag: `--${string}`;
  /** The environment variables in the order in which they count. */
  readonly envNames: readonly [string, ...string[]];
};

/** All options in the order of the table. */
export const options: readonly NamedOption[] = Object.entries<Option>(table).map(([property, option]) => {
  const key = option.key ?? property.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  const envName = `MOTE_${key.replaceAll('-', '_').toUpperCase()}`;
  const envNames = [envName, ...(option.env ?? [])] as const;
  return { ...option, property: property as keyof Config, key, flag: `--${key}`, envNames };
});

/** What is used where nothing is configured. */
export const defaults = Object.fromEntries(
  options.map((option) => [option.property, option.default]),
) as unknown as Config;
