/** The notifications of Alertmanager (webhook version 4) and of Grafana, which has the same shape and more. Pure. */
import { problem, type Refused } from '../api/refusal.ts';
import type { Fields } from '../api/request.ts';

export type Labels = ReadonlyMap<string, string>;

export interface Alert {
  readonly isFiring: boolean;
  readonly labels: Labels;
  readonly annotations: Labels;
  /** In milliseconds since the epoch. */
  readonly startMs: number | undefined;
  readonly endMs: number | undefined;
  /** What the sender tells alerts apart by. */
  readonly fingerprint: string;
  /** Names and URLs, only those for a browser. */
  readonly links: Labels;
  /** Grafana: what was measured. */
  readonly values: Labels;
}

/** Alerts that are reported together. */
export interface AlertGroup {
  readonly key: string;
  /** At least one. */
  readonly alerts: readonly Alert[];
  readonly groupLabels: Labels;
  readonly commonLabels: Labels;
  readonly commonAnnotations: Labels;
  /** The sender's own page, if it is one. */
  readonly externalUrl: string;
  /** Alerts that the sender left out, or that are too many to be read. */
  readonly omitted: number;
}

/** That are read: megabytes of tiny ones would take a hundred times as much memory. The others are counted. */
export const MAX_ALERTS = 5000;
/** Of one alert. */
const MAX_LABELS = 200;

export function readGroup(given: Fields): AlertGroup | Refused {
  const alerts = given.get('alerts');
  if (!Array.isArray(alerts) || alerts.length === 0) {
    return problem('unprocessable_content', 'alerts: must be a list of at least one alert');
  }
  const truncated = given.get('truncatedAlerts');
  const omitted =
    typeof truncated === 'number' && Number.isSafeInteger(truncated) ? Math.max(0, truncated) : 0;
  const unread = Math.max(0, alerts.length - MAX_ALERTS);
  return {
    key: asText(given.get('groupKey')),
    alerts: alerts.slice(0, MAX_ALERTS).map((alert) => readAlert(recordOf(alert))),
    groupLabels: labelsOf(given.get('groupLabels')),
    commonLabels: labelsOf(given.get('commonLabels')),
    commonAnnotations: labelsOf(given.get('commonAnnotations')),
    externalUrl: linkOf(given.get('externalURL')) ?? '',
    omitted: omitted + unread,
  };
}

const linkNames: readonly (readonly [name: string, member: string])[] = [
  ...([
    ['source', 'generatorURL'],
    ['dashboard', 'dashboardURL'],
    ['panel', 'panelURL'],
  ] as const),
  ...([
    ['image', 'imageURL'],
    ['silence', 'silenceURL'],
  ] as const),
];

function readAlert(given: Readonly<Record<string, unknown>>): Alert {
  const annotations = labelsOf(given.annotations);
  const links = new Map<string, string>();
  for (const [name, member] of linkNames) {
    const link = linkOf(given[member]);
    if (link !== undefined) links.set(name, link);
  }
  const runbook = linkOf(annotations.get('runbook_url') ?? annotations.get('runbook'));
  if (runbook !== undefined) links.set('runbook', runbook);
  return {
    isFiring: given.status !== 'resolved',
    labels: labelsOf(given.labels),
    annotations,
    links,
    startMs: timeOf(given.startsAt),
    endMs: timeOf(given.endsAt),
    fingerprint: asText(given.fingerprint),
    values: labelsOf(given.values),
  };
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function asText(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

function labelsOf(value: unknown): Labels {
  const given = Object.entries(recordOf(value)).slice(0, MAX_LABELS);
  const pairs = given.map(([name, label]): [string, string] => [name, asText(label)]);
  return new Map(pairs.filter(([, label]) => label !== ''));
}

/** Go says the year 1 for no time. */
function timeOf(value: unknown): number | undefined {
  const ms = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return ms > 0 ? ms : undefined;
}

const MAX_LINK_CHARACTERS = 1000;

function linkOf(value: unknown): string | undefined {
  if (typeof value !== 'string' || value.length > MAX_LINK_CHARACTERS) return undefined;
  return /^https?:\/\/[!-~]+$/i.test(value) && URL.canParse(value) ? value : undefined;
}
