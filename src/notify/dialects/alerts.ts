/**
 * Webhooks of alert senders: `POST /notify/alertmanager` and `POST /notify/grafana`, with the token as Bearer or as the
 * password of Basic. These two words are never ids of messages, nor keys of the apprise dialect. `?channels=` selects
 * channels, so that receivers that share a token can use different ones.
 *
 * Alertmanager sends again after 5xx, never after 4xx. So what may succeed later is a 503 (too many requests too),
 * and what failed for good is a 424: sent again it would only fail again.
 */

import { jsonPlan } from '../../http/reply.ts';
import type { RequestFacts } from '../../http/types.ts';
import { type Result, success } from '../../util/result.ts';
import type { MessageInput } from '../api/draft.ts';
import type { NotifyProblem } from '../api/problem.ts';
import { tokenOfAuthorization } from '../auth/credentials.ts';
import type { Priority } from '../message.ts';
import { type AlertGroup, parseAlertGroup } from './alert-group.ts';
import { alertText, alertTitle } from './alert-text.ts';
import type { Dialect, SendFailure } from './dialect.ts';
import { fieldsOrNone, inputOf, isWebLink, namesOf, readJson, readQuery } from './message-input.ts';

export const alertmanager = alertDialect('/notify/alertmanager');
export const grafana = alertDialect('/notify/grafana');

function alertDialect(path: string): Dialect {
  return (facts) => {
    if (facts.method !== 'POST' || facts.path !== path) return undefined;
    const group = readGroup(facts);
    const input = group.ok ? success(translate(group.value, channelsOf(facts))) : group;
    return {
      tokens: [tokenOfAuthorization(facts.headers.authorization)],
      input,
      ...(group.ok && input.ok && { subject: subjectOf(group.value, input.value) }),
      respond: ([result]) =>
        result.ok ? jsonPlan(200, { status: 'ok', id: result.value.id }) : failurePlan(result.error),
    };
  };
}

function readGroup(facts: RequestFacts): Result<AlertGroup, NotifyProblem> {
  const fields = readJson(facts);
  return fields.ok ? parseAlertGroup(fields.value) : fields;
}

function channelsOf(facts: RequestFacts): readonly string[] | undefined {
  const names = namesOf(fieldsOrNone(readQuery(facts)).get('channels'), /,/);
  return names.length > 0 ? names : undefined;
}

function translate(group: AlertGroup, channels: readonly string[] | undefined): MessageInput {
  const { alerts, externalUrl } = group;
  const [first, ...others] = alerts;
  const url = (others.length === 0 ? first?.details().links.get('source') : undefined) ?? externalUrl;
  const severity = group.commonLabels.get('severity');
  return inputOf({
    title: alertTitle(group),
    text: alertText(group),
    format: 'markdown',
    url: isWebLink(url) ? url : '',
    priority: priorityOf(group),
    tags: [alerts.some(({ isFiring }) => isFiring) ? 'firing' : 'resolved', ...(severity ? [severity] : [])],
    channels,
  });
}

/** Common values of the label `severity`. */
const severities: ReadonlyMap<string, Priority> = new Map([
  ...['critical', 'page', 'emergency', 'disaster'].map((word): [string, Priority] => [word, 5]),
  ...['error', 'high', 'major', 'warning'].map((word): [string, Priority] => [word, 4]),
  ...['low', 'minor', 'info', 'none'].map((word): [string, Priority] => [word, 2]),
]);
const NORMAL: Priority = 3;

/** The highest of the alerts that fire. Resolved ones wake nobody. */
function priorityOf({ alerts }: AlertGroup): Priority {
  const firing = alerts.filter(({ isFiring }) => isFiring);
  const found = firing.map(({ severity }) => severities.get(severity.toLowerCase()) ?? NORMAL);
  return found.length > 0 ? (Math.max(...found) as Priority) : NORMAL;
}

/** Equal for requests with the same alerts in the same states and the same text. */
function subjectOf({ key, alerts }: AlertGroup, input: MessageInput): string {
  const states = alerts.map(({ fingerprint, isFiring, startMs, endMs }) => [
    fingerprint,
    isFiring,
    startMs,
    endMs,
  ]);
  return JSON.stringify([key, states, input]);
}

function failurePlan({ code, status, detail, headers }: SendFailure) {
  const theirs = code === 'undelivered' ? 424 : code === 'too_many_requests' ? 503 : status;
  return jsonPlan(theirs, { status: 'error', error: detail }, headers);
}
