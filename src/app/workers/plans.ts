/** Requests and plans on their way between the leader and a worker: their data as JSON, their bodies as bytes. Pure. */
import { type ErrorCode, HttpError } from '../../http/errors.ts';
import type { HeaderList, Plan, RequestFacts } from '../../http/types.ts';
import type { Parcel } from './link.ts';

type FactsData = Omit<RequestFacts, 'body' | 'isGone'> & { readonly hasBody: boolean };

export function packFacts({ body, isGone: _, ...data }: RequestFacts): Parcel {
  return { data: { ...data, hasBody: body !== undefined } satisfies FactsData, body };
}

export function unpackFacts(data: unknown, bytes: Uint8Array): RequestFacts {
  const { hasBody, ...facts } = data as FactsData;
  return hasBody ? { ...facts, body: bytes } : facts;
}

/** A plan, that the request is for nobody, or an error of the catalogue. */
type PlanData =
  | { readonly kind: 'none' }
  | { readonly kind: 'error'; readonly code: ErrorCode; readonly headers: HeaderList }
  | {
      readonly kind: 'plan';
      readonly plan: Omit<Plan, 'body'>;
      readonly text?: string;
      readonly bytes: boolean;
    };

export function packPlan(plan: Plan | undefined): Parcel {
  if (!plan) return { data: { kind: 'none' } satisfies PlanData };
  const { body, ...rest } = plan;
  switch (body.kind) {
    case 'none':
      return { data: { kind: 'plan', plan: rest, bytes: false } satisfies PlanData };
    case 'text':
      return { data: { kind: 'plan', plan: rest, text: body.text, bytes: false } satisfies PlanData };
    case 'bytes':
      return { data: { kind: 'plan', plan: rest, bytes: true } satisfies PlanData, body: body.bytes };
    case 'source':
      throw new Error('an open file cannot be given to another process');
  }
}

export function packError({ code, headers }: HttpError): Parcel {
  return { data: { kind: 'error', code, headers } satisfies PlanData };
}

/** @throws HttpError where the leader did. */
export function unpackPlan(data: unknown, body: Uint8Array): Plan | undefined {
  const packed = data as PlanData;
  if (packed.kind === 'none') return undefined;
  if (packed.kind === 'error') throw new HttpError(packed.code, packed.headers);
  const { plan, text, bytes } = packed;
  if (text !== undefined) return { ...plan, body: { kind: 'text', text } };
  return { ...plan, body: bytes ? { kind: 'bytes', bytes: body } : { kind: 'none' } };
}
