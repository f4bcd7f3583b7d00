/** What several tables of options share. */

export const MAX_TIME_MS = 24 * 3_600_000;
export const GIB = 1024 ** 3;
export const MIB = 1024 ** 2;

export const duration = {
  kind: 'number',
  group: 'Time limits',
  label: 'TIME',
  unit: 'ms',
  max: MAX_TIME_MS,
} as const;
export const bytes = { kind: 'number', group: 'Other limits', label: 'BYTES', unit: 'bytes' } as const;
export const count = { kind: 'number', group: 'Other limits', label: 'N', unit: 'count' } as const;
