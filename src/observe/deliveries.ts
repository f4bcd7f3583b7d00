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

export interface MessageCounts {
  /** They have not ended. */
  readonly waiting: number;
  /** They were given up and are kept; absent where nothing is kept. */
  readonly dead: number | undefined;
}

export interface DeliveryMetrics {
  count(channel: string, result: Result): void;
  /** So many messages that were given up are not kept any more. */
  countRemoved(messages: number): void;
  render(messages: MessageCounts): string;
}

/** Channels of messages in a spool that are not configured any more are counted together, as `unknown`. */
export function deliveryMetrics(channels: readonly string[]): DeliveryMetrics {
  const counts = new Map(
    [...channels, 'unknown'].map((name) => [name, { delivered: 0, pending: 0, failed: 0 }]),
  );
  let removed = 0;
  return {
    countRemoved(messages) {
      removed += messages;
    },
    count(channel, result) {
      const counters = counts.get(channel) ?? counts.get('unknown');
      if (counters) counters[result] += 1;
    },
    render({ waiting, dead }) {
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
        ...(dead === undefined ? [] : deadLines(dead, removed)),
      ].join('');
    },
  };
}

function deadLines(dead: number, removed: number): string[] {
  const [kept, gone] = ['mote_notify_dead_messages', 'mote_notify_dead_messages_removed_total'];
  return [
    `# HELP ${kept} Messages that were given up and are kept.\n# TYPE ${kept} gauge\n${kept} ${dead}\n`,
    `# HELP ${gone} Messages that were removed because too many were given up.\n# TYPE ${gone} counter\n`,
    `${gone} ${removed}\n`,
  ];
}
