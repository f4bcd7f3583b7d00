/** Counters of notify in the Prometheus text exposition format 0.0.4. */

/** The state of a message after an attempt. */
const RESULTS = ['delivered', 'pending', 'failed'] as const;
type AttemptResult = (typeof RESULTS)[number];

/** The values of the label `result`. */
const labels: Readonly<Record<AttemptResult, string>> = {
  delivered: 'delivered',
  pending: 'retry',
  failed: 'failed',
};

export interface MessageCounts {
  /** Messages that are still being delivered. */
  readonly waiting: number;
  /** Dead letters that are kept; absent if none are kept. */
  readonly dead: number | undefined;
}

export interface DeliveryMetrics {
  count(channel: string, result: AttemptResult): void;
  /** Counts dead letters that were removed. */
  countRemoved(messages: number): void;
  render(messages: MessageCounts): string;
}

/** Channels of spooled messages that are no longer configured are counted together as `unknown`. */
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
