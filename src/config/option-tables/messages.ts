/** Notify and its queue. */
import type { Option } from '../option-kinds.ts';
import { emptyOr, oneOf, parseFilePath, parseSpool, parseSpoolPrefix } from '../parse.ts';
import { bytes, count, duration, GIB, MAX_TIME_MS, MIB } from './shared.ts';

const notifyPath = { kind: 'text', group: 'Notify', parse: emptyOr(parseFilePath), default: '' } as const;
const dialectNames = [
  'serverchan',
  'gotify',
  'ntfy',
  'bark',
  'apprise',
  'alertmanager',
  'grafana',
  'slack',
  'wecom-robot',
  'pushdeer',
  'message-pusher',
] as const;

export const messages = {
  notify: {
    ...notifyPath,
    label: 'FILE',
    doc: 'The JSON file with the users and channels of POST /notify. Empty: notify is off, or configured by MOTE_NOTIFY_TOKEN.',
  },
  spool: {
    ...notifyPath,
    label: 'DIR',
    secret: true,
    parse: emptyOr(parseSpool),
    doc: 'The folder that keeps messages until they are delivered, or the redis:// URL of a server that several replicas share. Empty: messages are kept in memory and lost when the process ends.',
  },
  spoolPrefix: {
    kind: 'text',
    group: 'Notify',
    label: 'NAME',
    parse: parseSpoolPrefix,
    default: 'mote',
    doc: 'What the keys of a spool in a server begin with; replicas that share one have the same.',
  },
  notifyDialects: {
    kind: 'list',
    group: 'Notify',
    label: 'NAME',
    commas: true,
    parse: oneOf(...dialectNames),
    default: [],
    doc: `Another service whose API is accepted for messages: ${dialectNames.join(', ')}.`,
  },
  notifyQuery: {
    kind: 'boolean',
    group: 'Notify',
    default: false,
    doc: 'Let GET send messages, and accept tokens in the query, which browser histories and proxy logs record.',
  },
  notifyWaitMs: {
    ...duration,
    key: 'notify-wait',
    min: 0,
    default: 3000,
    doc: 'Time that POST /notify waits for the first attempts; then the response is 202. Dialects wait at most 2.5s.',
  },
  notifyMaxAgeMs: {
    ...duration,
    key: 'notify-max-age',
    min: 1000,
    max: 14 * MAX_TIME_MS,
    default: MAX_TIME_MS,
    doc: 'Time for which delivery of a message is retried; then the message is given up.',
  },
  maxQueuedMessages: {
    ...count,
    min: 1,
    max: 1_000_000,
    default: 10_000,
    doc: 'Messages that wait for delivery; 503 beyond this limit.',
  },
  maxQueuedBytes: {
    ...bytes,
    min: 64 * 1024,
    max: 64 * GIB,
    default: 32 * MIB,
    doc: 'Memory for waiting messages; 503 beyond this limit.',
  },
  maxDeadMessages: {
    ...count,
    min: 1,
    max: 1_000_000,
    default: 10_000,
    doc: 'Messages that were given up and stay in the spool; beyond this limit the oldest are removed.',
  },
} as const satisfies Readonly<Record<string, Option>>;
