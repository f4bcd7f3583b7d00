/** Alerts for people: a title for a lock screen, and a text in Markdown that is readable without rendering. Pure. */
import { cutText } from '../channels/text/split.ts';
import type { Alert, AlertGroup, Labels } from './alert-group.ts';

/** Of all alerts together; the rest is only counted. Providers split at 2 KB, so this is a handful of messages. */
export const MAX_ALERTS_BYTES = 6 * 1024;
const MAX_VALUE_UNITS = 200;
const MAX_ANNOTATION_UNITS = 800;
const MAX_LABELS = 20;
const MAX_NAMES = 3;
const NAME = 'alertname';
/** Without the two spaces Markdown would join the lines; in plain text they are invisible. */
const LINE_BREAK = '  \n';
/** Annotations that are part of the text, in this order. */
const shownAnnotations = ['summary', 'message', 'description'];

/** `[FIRING:2, RESOLVED:1] DiskFull (cluster=eu)`; a single alert with its summary. */
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
  const group = labelText([...groupLabels].filter(([name]) => name !== NAME));
  const detail = summary ? `: ${cutText(summary, MAX_VALUE_UNITS)}` : group && ` (${group})`;
  return `[${counts.join(', ')}] ${listed.join(', ')}${detail}`;
}

/** What all alerts share, then those that fire, then those that are resolved. */
export function alertText(group: AlertGroup): string {
  const { alerts, commonLabels, externalUrl } = group;
  const budget = { bytes: MAX_ALERTS_BYTES };
  const labels = labelText([...commonLabels].filter(([name]) => name !== NAME));
  const sections = [
    alerts.length > 1 ? annotationLines(group.commonAnnotations).join(LINE_BREAK) : '',
    section(
      'Firing',
      alerts.filter(({ isFiring }) => isFiring),
      group,
      budget,
    ),
    section(
      'Resolved',
      alerts.filter(({ isFiring }) => !isFiring),
      group,
      budget,
    ),
    group.omitted > 0 ? `and ${group.omitted} more that are not shown` : '',
    labels && `Labels: ${labels}`,
    externalUrl && link('all alerts', externalUrl),
  ];
  return sections.filter((part) => part !== '').join('\n\n');
}

function section(
  name: string,
  alerts: readonly Alert[],
  group: AlertGroup,
  budget: { bytes: number },
): string {
  if (alerts.length === 0) return '';
  const lines = [`**${name} (${alerts.length})**`];
  let shown = 0;
  for (const alert of alerts) {
    const block = alertBlock(alert, group);
    const bytes = Buffer.byteLength(block);
    // The first is always shown: an empty section would say nothing.
    if (shown > 0 && bytes > budget.bytes) break;
    budget.bytes -= bytes;
    lines.push(block);
    shown += 1;
  }
  if (shown < alerts.length) lines.push(`and ${alerts.length - shown} more`);
  return lines.join('\n\n');
}

/** A list item: what identifies the alert, what is wrong, since when, and where to look. */
function alertBlock(alert: Alert, { alerts, commonLabels, commonAnnotations }: AlertGroup): string {
  const { labels, annotations, links, values } = alert.details();
  const own = labelText([...labels].filter(([name]) => name !== NAME && !commonLabels.has(name)));
  const name = cutText(alert.name || 'alert', MAX_VALUE_UNITS);
  const head = own === '' || !commonLabels.has(NAME) ? [`**${name}**`, own] : [own];
  const shared = alerts.length > 1 ? commonAnnotations : new Map<string, string>();
  const measured = labelText([...values]);
  const lines = [
    head.filter((part) => part !== '').join(' '),
    ...annotationLines(annotations, shared),
    ...(measured === '' ? [] : [`Values: ${measured}`]),
    [timesOf(alert), ...[...links].map(([label, url]) => link(label, url))]
      .filter((part) => part)
      .join(' · '),
  ];
  return `- ${lines.filter((line) => line !== '').join(`${LINE_BREAK}  `)}`;
}

function annotationLines(annotations: Labels, shared: Labels = new Map()): string[] {
  const texts = shownAnnotations.flatMap((name) => (shared.has(name) ? [] : [annotations.get(name) ?? '']));
  return [...new Set(texts)]
    .filter((text) => text !== '')
    .flatMap((text) => cutText(text.trim(), MAX_ANNOTATION_UNITS).split(/[\r\n]+/));
}

function labelText(pairs: readonly (readonly [name: string, value: string])[]): string {
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
