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
import { success } from '../../util/result.ts';
import type { MessageInput } from '../api/draft.ts';
import { tokenOfAuthorization } from '../auth/credentials.ts';
import type { Priority } from '../message.ts';
import { NORMAL, priorityOfSeverity } from '../severity.ts';
import { type AlertGroup, parseAlertGroup } from './alert-group.ts';
import { alertText, alertTitle, alertUrl, worstSeverity } from './alert-text.ts';
import type { Dialect, SendFailure } from './dialect.ts';
import { fieldsOrNone, inputOf, isWebLink, namesOf, readJson, readQuery } from './message-input.ts';
import type { OwnWords, Wordings } from './wording.ts';

export const alertmanager = alertDialect('alertmanager');
export const grafana = alertDialect('grafana');

function alertDialect(name: keyof Wordings): Dialect {
  const path = `/notify/${name}`;
  return (facts, { wordings }) => {
    if (facts.method !== 'POST' || facts.path !== path) return undefined;
    const fields = readJson(facts);
    const group = fields.ok ? parseAlertGroup(fields.value) : fields;
    const words = fields.ok && group.ok ? wordings?.[name]?.(fields.value) : undefined;
    const input = group.ok ? success(translate(group.value, channelsOf(facts), words)) : group;
    return {
      tokens: [tokenOfAuthorization(facts.headers.authorization)],
      tokenPlace: 'as Authorization: Bearer TOKEN',
      input,
      ...(group.ok && input.ok && { subject: subjectOf(group.value, input.value) }),
      respond: ([result]) =>
        result.ok ? jsonPlan(200, { status: 'ok', id: result.value.id }) : failurePlan(result.error),
    };
  };
}

function channelsOf(facts: RequestFacts): readonly string[] | undefined {
  const names = namesOf(fieldsOrNone(readQuery(facts)).get('channels'), /,/);
  return names.length > 0 ? names : undefined;
}

function translate(
  group: AlertGroup,
  channels: readonly string[] | undefined,
  words: OwnWords = {},
): MessageInput {
  const url = alertUrl(group);
  const severity = group.commonLabels.get('severity');
  return inputOf({
    title: words.title ?? alertTitle(group),
    text: words.text ?? alertText(group),
    format: words.format ?? 'markdown',
    url: isWebLink(url) ? url : '',
    priority: priorityOf(group),
    tags: [
      group.alerts.some(({ isFiring }) => isFiring) ? 'firing' : 'resolved',
      ...(severity ? [severity] : []),
    ],
    channels,
  });
}

/** The highest of the alerts that fire. Resolved ones wake nobody. */
function priorityOf({ alerts }: AlertGroup): Priority {
  const severity = worstSeverity(alerts);
  return severity === undefined ? NORMAL : priorityOfSeverity(severity);
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
