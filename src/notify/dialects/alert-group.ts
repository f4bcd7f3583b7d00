/** The notifications of Alertmanager (webhook version 4) and of Grafana, which has the same shape and more. Pure. */
import { failure, type Result, success } from '../../util/result.ts';
import type { FieldMap } from '../api/fields.ts';
import { type NotifyProblem, notifyProblem } from '../api/problem.ts';
import { htmlToText } from './html-text.ts';

export type Labels = ReadonlyMap<string, string>;

export interface Alert {
  readonly isFiring: boolean;
  /** The label `alertname`, or empty. */
  readonly name: string;
  /** The label `severity`, or empty. */
  readonly severity: string;
  /** In milliseconds since the epoch. */
  readonly startMs: number | undefined;
  readonly endMs: number | undefined;
  /** The sender's identifier of the alert. */
  readonly fingerprint: string;
  /** Only a few of thousands of alerts are shown. */
  details(): AlertDetails;
}

export interface AlertDetails {
  readonly labels: Labels;
  readonly annotations: Labels;
  /** URLs by name, only those for a browser. */
  readonly links: Labels;
  /** Grafana: the measured values. */
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
  /** The sender's own page, or empty. */
  readonly externalUrl: string;
  /** The number of alerts that the sender omitted or that are over the limit. */
  readonly omitted: number;
}

/** More are only counted: megabytes of tiny alerts would take a hundred times as much memory. */
export const MAX_ALERTS = 5000;
/** Of one alert. */
const MAX_LABELS = 200;

export function parseAlertGroup(given: FieldMap): Result<AlertGroup, NotifyProblem> {
  const alerts = given.get('alerts');
  if (!Array.isArray(alerts) || alerts.length === 0) {
    const detail = 'alerts: must be an array with at least one alert';
    return failure(notifyProblem('unprocessable_content', detail));
  }
  const truncated = given.get('truncatedAlerts');
  const omitted =
    typeof truncated === 'number' && Number.isSafeInteger(truncated) ? Math.max(0, truncated) : 0;
  const unread = Math.max(0, alerts.length - MAX_ALERTS);
  return success({
    key: asText(given.get('groupKey')),
    alerts: alerts.slice(0, MAX_ALERTS).map((alert) => alertOf(recordOf(alert))),
    groupLabels: labelsOf(given.get('groupLabels')),
    commonLabels: labelsOf(given.get('commonLabels')),
    commonAnnotations: annotationsOf(given.get('commonAnnotations')),
    externalUrl: linkOf(given.get('externalURL')) ?? '',
    omitted: omitted + unread,
  });
}

const linkNames: readonly (readonly [name: string, member: string])[] = [
  ['source', 'generatorURL'],
  ['dashboard', 'dashboardURL'],
  ['panel', 'panelURL'],
  ['image', 'imageURL'],
  ['silence', 'silenceURL'],
];

function alertOf(given: Readonly<Record<string, unknown>>): Alert {
  const labels = recordOf(given.labels);
  return {
    isFiring: given.status !== 'resolved',
    name: asText(labels.alertname),
    severity: asText(labels.severity),
    startMs: timeOf(given.startsAt),
    endMs: timeOf(given.endsAt),
    fingerprint: asText(given.fingerprint),
    details: () => detailsOf(given),
  };
}

function detailsOf(given: Readonly<Record<string, unknown>>): AlertDetails {
  const annotations = annotationsOf(given.annotations);
  const links = new Map<string, string>();
  for (const [name, member] of linkNames) {
    const link = linkOf(given[member]);
    if (link !== undefined) links.set(name, link);
  }
  const runbook = linkOf(annotations.get('runbook_url') ?? annotations.get('runbook'));
  if (runbook !== undefined) links.set('runbook', runbook);
  return { labels: labelsOf(given.labels), annotations, links, values: labelsOf(roundedOf(given.values)) };
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

function annotationsOf(value: unknown): Labels {
  return new Map(Array.from(labelsOf(value), ([name, text]) => [name, withoutHtml(text)]));
}

/** Annotations are often made for mail. What has no tag of these in it is no HTML: `<nil>`, `a < b`. */
function withoutHtml(text: string): string {
  return /<br\b[^<>]{0,20}>|<\/(?:p|b|i|u|a|em|strong|span|font|div|li|td|h\d|pre|code)>/i.test(text)
    ? htmlToText(text)
    : text;
}

const VALUE_DIGITS = 6;

/** Of a measured value the digits that people read, but all before the point: it may be a number of bytes. */
function rounded(value: number): number {
  return Math.abs(value) < 10 ** VALUE_DIGITS ? Number(value.toPrecision(VALUE_DIGITS)) : Math.round(value);
}

function roundedOf(values: unknown): Readonly<Record<string, unknown>> {
  const pairs = Object.entries(recordOf(values)).slice(0, MAX_LABELS);
  return Object.fromEntries(
    pairs.map(([name, value]) => [name, typeof value === 'number' ? rounded(value) : value]),
  );
}

/** Go writes a missing time as the year 1. */
function timeOf(value: unknown): number | undefined {
  const ms = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return ms > 0 ? ms : undefined;
}

const MAX_LINK_CHARACTERS = 1000;

function linkOf(value: unknown): string | undefined {
  if (typeof value !== 'string' || value.length > MAX_LINK_CHARACTERS) return undefined;
  return /^https?:\/\/[!-~]+$/i.test(value) && URL.canParse(value) ? value : undefined;
}
