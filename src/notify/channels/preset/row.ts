/** What a preset is: everything that the channel has to know about a provider, as data. */
import type { Rate } from '../channel.ts';
import type { StyleName } from './styles.ts';

/**
 * JSON with values in it: a string `$name` becomes the value of that name. Where there is no such value, what the
 * string stands in goes too, up to the nearest item of an array or property whose name ends in `?`.
 */
export type Template =
  | string
  | number
  | boolean
  | readonly Template[]
  | { readonly [name: string]: Template };

/** What a template may name: the keys of the configuration, and what the channel makes of the message. */
export type Values = Readonly<Record<string, Value | readonly string[] | undefined>>;

type Value = string | number | boolean;

/** Codes of a provider that its own words do not explain, and what to do about each. */
type Meanings = Readonly<Record<string, string>>;

export interface Preset {
  /** The provider in reasons. */
  readonly label: string;
  /** `$url` and `$base` as they are, all other values percent-encoded. */
  readonly to: string;
  /** Where the provider is, unless the configuration says otherwise. */
  readonly base?: (values: Values) => string;
  /** Parameters without a value are left out. */
  readonly query?: Readonly<Record<string, string>>;
  /** A field without a value is left out. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Addresses of other products that people take for this one, and what to do. */
  readonly mistake?: readonly [address: RegExp, advice: string];
  readonly body: Template;
  /** The body for Markdown, if that is another one. */
  readonly markdownBody?: Template;
  /** How a text is written. */
  readonly text: StyleName;
  /** How Markdown is written; default: as readable text. */
  readonly markdown?: StyleName;
  /** A longer text becomes several messages. */
  readonly limit: Limit;
  /** The longest title in UTF-16 units where `$title` has a place of its own; a longer one begins the text too. */
  readonly maxTitleUnits?: number;
  /** A message without a title gets the beginning of its text. */
  readonly needsTitle?: true;
  /** `$link` has a place of its own; otherwise the URL ends the text. */
  readonly hasLink?: true;
  /** `$format` of a text and of Markdown; there is none in a message that is sent as plain text. */
  readonly formats?: readonly [text: Value | undefined, markdown: Value];
  /** `$priority` from 1 to 5. */
  readonly priorities?: readonly (Value | undefined)[];
  readonly signature?: SignatureRule;
  readonly rates?: readonly Rate[];
  readonly responses: Responses;
}

export interface Limit {
  readonly max: number;
  /**
   * What is counted: UTF-16 units or bytes of the text as it is sent; UTF-16 units before it is written in the style;
   * bytes of the whole body, as JSON or as Go writes JSON.
   */
  readonly of: 'units' | 'bytes' | 'source' | 'json' | 'go json';
  /** What the whole body may have besides. */
  readonly maxJsonBytes?: number;
}

/** HMAC-SHA256 in base64 as `$sign`, made anew for each attempt; only where a `secret` is configured. */
export interface SignatureRule {
  /** Of `$timestamp`. */
  readonly unitMs: number;
  readonly key: string;
  readonly content: string;
}

/** Places in JSON responses are names with dots, and alternatives with `|`; empty: the whole text. */
export interface Responses {
  /** What a success says, besides a status of 2xx: this value, or any. */
  readonly success?: readonly [at: string, value?: Value];
  /** The provider's id of the message. */
  readonly id?: string;
  readonly code: string;
  /** An explanation. */
  readonly said: string;
  /** Seconds to wait, besides `Retry-After`. */
  readonly retryAfter?: string;
  /** All other codes too; with a status that is no success, this decides. */
  readonly rejects?: Meanings;
  readonly retries?: Meanings;
  /** Called too often. */
  readonly limits?: Meanings;
  /** How long to wait where `limits` do not say; default a minute. */
  readonly blockMs?: number;
  /** Explanations that mean the same as `rejects` and `limits`, whatever the code is. */
  readonly rejectsIf?: RegExp;
  readonly limitsIf?: RegExp;
  /** Explanations after which the message is sent as plain text, at once. */
  readonly plainIf?: RegExp;
  /** Where a response has the value that the key should have; it is used at once. */
  readonly moved?: readonly [at: string, key: string];
}
