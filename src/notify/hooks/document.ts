/**
 * The body of a hook as a document that pointers lead into, whatever its type says: JSON; a form, or the JSON in its
 * `payload` (GitHub, Slack) or `data` (Uptime Kuma); or a text, as `/text`. No body is refused: an alarm with a wrong
 * quote in it is still one. Pure.
 */
import type { RequestFacts } from '../../http/types.ts';
import { readForm } from '../api/body.ts';
import { mediaTypeOf } from '../api/fields.ts';
import { hasModestShape } from '../api/json-shape.ts';
import { MULTIPART_TYPE } from '../api/multipart.ts';

export interface HookDocument {
  readonly document: unknown;
  /** What was received, for people. */
  readonly text: string;
}

/** Fields of forms with the JSON of which the rest is only a wrapping. */
const WRAPPINGS = ['payload', 'data'];
const FORM_TYPES: readonly string[] = ['application/x-www-form-urlencoded', MULTIPART_TYPE];

export function readDocument(facts: RequestFacts): HookDocument {
  const { body = new Uint8Array() } = facts;
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
    .toString('utf8')
    .replace(/^\ufeff/, '');
  return (
    parsed(text) ??
    (FORM_TYPES.includes(mediaTypeOf(facts.headers)) ? form(facts) : undefined) ?? {
      document: { text },
      text,
    }
  );
}

/** `undefined` for anything but an object or an array, and for one nested so deeply that nobody could show it. */
function parsed(text: string): HookDocument | undefined {
  if (!/^\s*[{[]/.test(text) || !hasModestShape(text, 0)) return undefined;
  try {
    return { document: JSON.parse(text), text };
  } catch {
    return undefined;
  }
}

function form(facts: RequestFacts): HookDocument | undefined {
  const read = readForm(facts);
  if (!read.ok) return undefined;
  const { fields } = read.value;
  for (const name of WRAPPINGS) {
    const wrapped = fields.get(name);
    const inside = typeof wrapped === 'string' ? parsed(wrapped) : undefined;
    if (inside) return inside;
  }
  const lines = [...fields].map(([name, value]) => `${name}: ${String(value)}`);
  return { document: Object.fromEntries(fields), text: lines.join('\n') };
}
