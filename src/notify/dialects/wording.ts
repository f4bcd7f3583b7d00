/** The operator's own words for alerts, in place of those of `alert-text.ts`. */
import type { FieldMap } from '../api/fields.ts';
import type { Format } from '../message.ts';

/** What is given replaces the default. */
export interface OwnWords {
  readonly title?: string;
  readonly text?: string;
  /** Of the text. */
  readonly format?: Format;
}

export type Wording = (given: FieldMap) => OwnWords;

/** By the dialects that have alerts. */
export type Wordings = Readonly<Partial<Record<'alertmanager' | 'grafana', Wording>>>;
