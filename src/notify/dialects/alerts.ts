/**
 * Webhooks of alert senders: `POST /notify/alertmanager` and `POST /notify/grafana`, the token as Bearer or as the
 * password of Basic. These two words are never ids of messages, nor keys of the apprise dialect. `?channels=` picks
 * channels, so that receivers with one token can go different ways.
 *
 * Alertmanager sends again after 5xx, never after 4xx. So what may succeed later is a 503 (too many requests too),
 * and what failed for good is a 424: sent again it would only fail again.
 */
import type { RequestFacts } from '../../http/types.ts';
import type { Refused } from '../api/refusal.ts';
import type { Fields } from '../api/request.ts';
import type { Priority } from '../message.ts';
import { type AlertGroup, readGroup } from './alert-group.ts';
import { alertText, alertTitle } from './alert-text.ts';
import { tokenOfAuthorization } from './credentials.ts';
import { type Dialect, type Fault, replyJson } from './dialect.ts';
import { fieldsOf, fieldsOrNone, isWebLink, namesOf, readJson, readQuery } from './reading.ts';

export const alertmanager = alertDialect('/notify/alertmanager');
export const grafana = alertDialect('/notify/grafana');

function alertDialect(path: string): Dialect {
  return (facts) => {
    if (facts.method !== 'POST' || facts.path !== path) return undefined;
    const group = read(facts);
    const fields = 'kind' in group ? group : translate(group, channelsOf(facts));
    return {
      tokens: [tokenOfAuthorization(facts.headers.authorization)],
      fields,
      ...('kind' in group || 'kind' in fields ? {} : { subject: subjectOf(group, fields) }),
      reply: ([result]) =>
        result.kind === 'sent' ? replyJson(200, { status: 'ok', id: result.id }) : fault(result),
    };
  };
}

function read(facts: RequestFacts): AlertGroup | Refused {
  const given = readJson(facts);
  return 'kind' in given ? given : readGroup(given);
}

function channelsOf(facts: RequestFacts): readonly string[] | undefined {
  const names = namesOf(fieldsOrNone(readQuery(facts)).get('channels'), /,/);
  return names.length > 0 ? names : undefined;
}

function translate(group: AlertGroup, channels: readonly string[] | undefined): Fields {
  const { alerts, externalUrl } = group;
  const [first, ...others] = alerts;
  const url = (others.length === 0 ? first?.links.get('source') : undefined) ?? externalUrl;
  const severity = group.commonLabels.get('severity');
  return fieldsOf({
    title: alertTitle(group),
    text: alertText(group),
    format: 'markdown',
    url: isWebLink(url) ? url : '',
    priority: priorityOf(group),
    tags: [alerts.some(({ isFiring }) => isFiring) ? 'firing' : 'resolved', ...(severity ? [severity] : [])],
    ...(channels && { channels }),
  });
}

/** By the label `severity`, in the words that rules commonly use. */
const severities: ReadonlyMap<string, Priority> = new Map([
  ...['critical', 'page', 'emergency', 'disaster'].map((word): [string, Priority] => [word, 5]),
  ...['error', 'high', 'major', 'warning'].map((word): [string, Priority] => [word, 4]),
  ...['low', 'minor', 'info', 'none'].map((word): [string, Priority] => [word, 2]),
]);
const NORMAL: Priority = 3;

/** The highest of those that fire. What has ended wakes nobody. */
function priorityOf({ alerts }: AlertGroup): Priority {
  const firing = alerts.filter(({ isFiring }) => isFiring);
  const found = firing.map(
    ({ labels }) => severities.get((labels.get('severity') ?? '').toLowerCase()) ?? NORMAL,
  );
  return found.length > 0 ? (Math.max(...found) as Priority) : NORMAL;
}

/** Equal for requests that tell of the same: these alerts in these states, in the same words. */
function subjectOf({ key, alerts }: AlertGroup, fields: Fields): string {
  const states = alerts.map(({ fingerprint, isFiring, startMs, endMs }) => [
    fingerprint,
    isFiring,
    startMs,
    endMs,
  ]);
  return JSON.stringify([key, states, [...fields]]);
}

function fault({ code, status, detail, headers }: Fault) {
  const told = code === 'undelivered' ? 424 : code === 'too_many_requests' ? 503 : status;
  return replyJson(told, { status: 'error', error: detail }, headers);
}
