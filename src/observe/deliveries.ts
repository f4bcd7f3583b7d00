/** Counters of notify in the Prometheus text exposition format 0.0.4. */

/** How an attempt left its message. */
const RESULTS = ['delivered', 'pending', 'failed'] as const;
type Result = (typeof RESULTS)[number];

/** As the label says it. */
const labels: Readonly<Record<Result, string>> = {
  delivered: 'delivered',
  pending: 'retry',
  failed: 'failed',
};

export interface DeliveryMetrics {
  count(channel: string, result: Result): void;
  /** `waiting` are the messages that have not ended. */
  render(waiting: number): string;
}

/** Channels of messages in a spool that are not configured any more are counted together, as `unknown`. */
export function deliveryMetrics(channels: readonly string[]): DeliveryMetrics {
  const counts = new Map(
    [...channels, 'unknown'].map((name) => [name, { delivered: 0, pending: 0, failed: 0 }]),
  );
  return {
    count(channel, result) {
      const counters = counts.get(channel) ?? counts.get('unknown');
      if (counters) counters[result] += 1;
    },
    render(waiting) {
      const attempts = 'mote_notify_attempts_total';
      const lines = [...counts].flatMap(([channel, counters]) =>
        RESULTS.map(
          (result) => `${attempts}{channel="${channel}",result="${labels[result]}"} ${counters[result]}\n`,
        ),
      );
      return [
        `# HELP ${attempts} Attempts to deliver, by channel and how they ended.\n# TYPE ${attempts} counter\n`,
        ...lines,
        '# HELP mote_notify_messages Messages that wait for their delivery.\n# TYPE mote_notify_messages gauge\n',
        `mote_notify_messages ${waiting}\n`,
      ].join('');
    },
  };
}
