/**
 * Incoming webhooks of Slack, `POST /services/T…/B…/TOKEN`, and of Mattermost, `POST /hooks/TOKEN`: JSON, or a form of
 * either encoding whose field `payload` is that JSON. What the message says is in `slack-message.ts`.
 *
 * Responses are texts: `ok`, or Slack's name of the error. A message that failed for good on all channels is 424, since
 * Alertmanager and Grafana repeat requests after every 5xx.
 */
import type { ErrorCode } from '../../http/errors.ts';
import { textPlan } from '../../http/reply.ts';
import type { Plan, RequestFacts } from '../../http/types.ts';
import { type Result, success } from '../../util/result.ts';
import { readForm } from '../api/body.ts';
import { bodyText, type FieldMap, formFields, jsonFields, mediaTypeOf } from '../api/fields.ts';
import { MULTIPART_TYPE } from '../api/multipart.ts';
import type { NotifyProblem } from '../api/problem.ts';
import { type DialectRequest, decodeSegment, type SendFailure } from './dialect.ts';
import { fieldsOrNone, textOf } from './message-input.ts';
import { messageOfSlack } from './slack-message.ts';

export const SLACK_PATH = /^\/(?:services\/[^/]+\/[^/]+|hooks)\/([^/]+)\/?$/;

export function slack(facts: RequestFacts): DialectRequest | undefined {
  const token = facts.method === 'POST' ? SLACK_PATH.exec(facts.path)?.[1] : undefined;
  if (token === undefined) return undefined;
  const payload = readPayload(facts);
  const channel = textOf(fieldsOrNone(payload), 'channel').replace(/^[#@]/, '');
  return {
    tokens: [decodeSegment(token)],
    input: payload.ok ? success(messageOfSlack(payload.value)) : payload,
    channelHints: [channel],
    respond: ([result]) => (result.ok ? textPlan(200, 'ok') : failurePlan(result.error)),
  };
}

/** By its shape, not by its type, which scripts get wrong; only parts of a form are known by theirs. */
function readPayload(facts: RequestFacts): Result<FieldMap, NotifyProblem> {
  if (mediaTypeOf(facts.headers) === MULTIPART_TYPE) return readParts(facts);
  const text = bodyText(facts.body);
  if (!text.ok) return text;
  if (!/^\s*(?:[\w.-]+=|%)/.test(text.value)) return jsonFields(text.value);
  const form = formFields(text.value.trim());
  return form.ok ? jsonFields(textOf(form.value, 'payload')) : form;
}

/** As `curl -F` sends them: Slack has all in `payload`; with Mattermost a part may be a field, too. */
function readParts(facts: RequestFacts): Result<FieldMap, NotifyProblem> {
  const form = readForm(facts);
  if (!form.ok) return form;
  const { fields } = form.value;
  const payload = textOf(fields, 'payload');
  return payload === '' ? success(fields) : jsonFields(payload);
}

/** Slack's own, for what it knows too. */
const names: Partial<Record<ErrorCode | 'undelivered', readonly [status: number, name: string]>> = {
  bad_body: [400, 'invalid_payload'],
  content_too_large: [413, 'invalid_payload'],
  unprocessable_content: [400, 'no_text'],
  unauthorized: [404, 'no_service'],
  forbidden: [403, 'action_prohibited'],
  too_many_requests: [429, 'rate_limited'],
};

function failurePlan({ code, status, detail, headers }: SendFailure): Plan {
  const named = names[code];
  if (named) return textPlan(named[0], named[1], code === 'too_many_requests' ? headers : []);
  return textPlan(code === 'undelivered' ? 424 : status, detail, headers);
}
