/** Alerts for people: a title for a lock screen, and a text in Markdown that is readable without rendering. Pure. */
import { cutText } from '../channels/text/split.ts';
import { priorityOfSeverity } from '../severity.ts';
import type { Alert, AlertGroup, Labels } from './alert-group.ts';

/** Of all alerts together; the rest is only counted. Providers split at 2 KB, so this is a handful of messages. */
export const MAX_ALERTS_BYTES = 6 * 1024;
const MAX_VALUE_UNITS = 200;
const MAX_ANNOTATION_UNITS = 800;
const MAX_LABELS = 20;
const MAX_NAMES = 3;
const MAX_SEVERITY_UNITS = 40;
const NAME = 'alertname';
/** Without the two spaces Markdown would join the lines; in plain text they are invisible. */
const LINE_BREAK = '  \n';
/** Annotations that are part of the text, in this order. */
const shownAnnotations = ['summary', 'message', 'description'];

/** The word for the most severe of those that fire. Resolved ones wake nobody. */
export function worstSeverity(alerts: readonly Alert[]): string | undefined {
  let worst: string | undefined;
  for (const { isFiring, severity } of alerts) {
    if (!isFiring) continue;
    if (worst === undefined || priorityOfSeverity(severity) > priorityOfSeverity(worst)) worst = severity;
  }
  return worst;
}

/** `[FIRING:2, RESOLVED:1] critical DiskFull (cluster=eu)`; a single alert with its summary. */
export function alertTitle({ alerts, groupLabels, omitted }: AlertGroup): string {
  const firing = alerts.filter(({ isFiring }) => isFiring).length;
  const resolved = alerts.length - firing;
  const counts = [
    ...(firing > 0 ? [`FIRING:${firing}`] : []),
    ...(resolved > 0 ? [`RESOLVED:${resolved}`] : []),
    ...(omitted > 0 ? [`${omitted} MORE`] : []),
  ];
  const names = [...new Set(alerts.map(({ name }) => name || 'alert'))];
  const listed = names.slice(0, MAX_NAMES).map((name) => cutText(name, MAX_VALUE_UNITS));
  if (names.length > MAX_NAMES) listed.push(`${names.length - MAX_NAMES} more`);
  const [only, ...others] = alerts;
  const summary = others.length === 0 ? only?.details().annotations.get('summary') : undefined;
  const severity = cutText(worstSeverity(alerts) ?? '', MAX_SEVERITY_UNITS);
  const isShown = (name: string) => name !== NAME && (name !== 'severity' || severity === '');
  const group = pairsText([...groupLabels].filter(([name]) => isShown(name)));
  const detail = summary ? `: ${cutText(summary, MAX_VALUE_UNITS)}` : group && ` (${group})`;
  return `[${counts.join(', ')}] ${severity && `${severity} `}${listed.join(', ')}${detail}`;
}

/**
 * One alert: what is wrong, its labels, since when. Several: what they share, then a line for each that fires, and for
 * each that is resolved. The link of the message is not repeated.
 */
export function alertText(group: AlertGroup): string {
  const { alerts, commonLabels, omitted } = group;
  const [only, ...others] = alerts;
  const more = omitted > 0 ? `and ${omitted} more that are not shown` : '';
  if (only && others.length === 0) return paragraphsOf([...singleAlert(only, group), more]);
  const budget = { bytes: MAX_ALERTS_BYTES };
  return paragraphsOf([
    annotationLines(group.commonAnnotations).join(LINE_BREAK),
    section('Firing', ofState(alerts, true), group, budget),
    section('Resolved', ofState(alerts, false), group, budget),
    more,
    labelText([...commonLabels].filter(([name]) => name !== NAME)),
  ]);
}

/** Where the alert is, or all of them are. */
export function alertUrl({ alerts, externalUrl }: AlertGroup): string {
  const [first, ...others] = alerts;
  return (others.length === 0 ? first?.details().links.get('source') : undefined) ?? externalUrl;
}

function paragraphsOf(parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join('\n\n');
}

function ofState(alerts: readonly Alert[], isFiring: boolean): readonly Alert[] {
  return alerts.filter((alert) => alert.isFiring === isFiring);
}

/** Its name is in the title. */
function singleAlert(alert: Alert, group: AlertGroup): readonly string[] {
  const { labels, annotations, links, values } = alert.details();
  const measured = labelText([...values]);
  const lines = [
    ...annotationLines(annotations),
    measured && `Values: ${measured}`,
    labelText([...labels].filter(([name]) => name !== NAME)),
    [`**${alert.isFiring ? 'Firing' : 'Resolved'}**`, timesOf(alert)]
      .filter((part) => part !== '')
      .join(': '),
  ];
  const url = alertUrl(group);
  const pages = [...links, ['all alerts', group.externalUrl] as const].filter(
    ([, page]) => page && page !== url,
  );
  return [
    lines.filter((line) => line !== '').join(LINE_BREAK),
    pages.map(([label, page]) => link(label, page)).join(' · '),
  ];
}

function section(
  name: string,
  alerts: readonly Alert[],
  group: AlertGroup,
  budget: { bytes: number },
): string {
  if (alerts.length === 0) return '';
  const lines: string[] = [];
  for (const alert of alerts) {
    const line = alertLine(alert, group);
    const bytes = Buffer.byteLength(line);
    // The first is always shown: an empty section would say nothing.
    if (lines.length > 0 && bytes > budget.bytes) break;
    budget.bytes -= bytes;
    lines.push(line);
  }
  if (lines.length < alerts.length) lines.push(`- and ${alerts.length - lines.length} more`);
  return `**${name} (${alerts.length})**\n\n${lines.join('\n')}`;
}

/** What distinguishes the alert, what is wrong, and since when. */
function alertLine(alert: Alert, { commonLabels, commonAnnotations }: AlertGroup): string {
  const { labels, annotations, links, values } = alert.details();
  const own = labelText([...labels].filter(([name]) => name !== NAME && !commonLabels.has(name)));
  const name =
    commonLabels.has(NAME) && own !== '' ? '' : asMarkdown(cutText(alert.name || 'alert', MAX_VALUE_UNITS));
  const head = [name, own].filter((part) => part !== '').join(' ');
  const said = annotationLines(annotations, commonAnnotations)
    .map((line) => line.trim())
    .join(', ');
  const measured = labelText([...values]);
  // Those to Prometheus have the whole query in them, which nobody reads where links are written out.
  const pages = ['dashboard', 'panel', 'runbook'].flatMap((label) => {
    const url = links.get(label);
    return url === undefined ? [] : [link(label, url)];
  });
  const rest = [said, measured, timesOf(alert), ...pages].filter((part) => part !== '');
  return `- **${head}**${rest.length > 0 ? `: ${rest.join(' · ')}` : ''}`;
}

function annotationLines(annotations: Labels, shared: Labels = new Map()): string[] {
  const texts = shownAnnotations.flatMap((name) => (shared.has(name) ? [] : [annotations.get(name) ?? '']));
  return [...new Set(texts)]
    .filter((text) => text !== '')
    .flatMap((text) => cutText(text.trim(), MAX_ANNOTATION_UNITS).split(/[\r\n]+/));
}

/** What Markdown would take for a mark, outside of URLs: `__name__`, `.*` and `{a=~"b",c=~"d"}` would lose it. */
const urlOrMark = /(https?:\/\/[^\s<>,]+)|\\(?=[!-/:-@[-`{-~])|[*`[<~]|&(?=#?\w+;)|(?<![^\W_])_|_(?![^\W_])/g;

function asMarkdown(text: string): string {
  return text.replace(urlOrMark, (mark, url?: string) => url ?? `\\${mark}`);
}

/** Labels and values as Markdown. */
function labelText(pairs: readonly (readonly [name: string, value: string])[]): string {
  return asMarkdown(pairsText(pairs));
}

function pairsText(pairs: readonly (readonly [name: string, value: string])[]): string {
  const shown = pairs
    .slice(0, MAX_LABELS)
    .map(([name, value]) => cutText(`${name}=${value}`, MAX_VALUE_UNITS));
  if (pairs.length > shown.length) shown.push(`${pairs.length - shown.length} more`);
  return shown.join(', ').replace(/[\r\n]+/g, ' ');
}

/** Parentheses would end the link. */
function link(label: string, url: string): string {
  return `[${label}](${url.replaceAll('(', '%28').replaceAll(')', '%29')})`;
}

function timesOf({ isFiring, startMs, endMs }: Alert): string {
  if (isFiring || endMs === undefined) return startMs === undefined ? '' : `since ${minuteOf(startMs)}`;
  const lasted = startMs !== undefined && endMs >= startMs ? `, after ${durationOf(endMs - startMs)}` : '';
  return `ended ${minuteOf(endMs)}${lasted}`;
}

/** `2026-01-02 03:04 UTC` */
function minuteOf(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

/** In the two largest units, rounded like the times next to it. */
function durationOf(ms: number): string {
  if (ms < 60_000) return `${Math.round(ms / 1000)} s`;
  const minutes = Math.round(ms / 60_000);
  const hours = Math.floor(minutes / 60);
  if (hours >= 24) return `${Math.floor(hours / 24)} d ${hours % 24} h`;
  return hours > 0 ? `${hours} h ${minutes % 60} min` : `${minutes} min`;
}
