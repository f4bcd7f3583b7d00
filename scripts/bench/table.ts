/** Markdown tables. Pure. */

/** Numbers stand to the right. The first row is the header. */
export function markdownTable(rows: readonly (readonly string[])[]): string {
  const header = rows[0] ?? [];
  const widths = header.map((_, column) => Math.max(3, ...rows.map((row) => (row[column] ?? '').length)));
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const aligned = rows.map((row) =>
    line(
      widths.map((width, column) => {
        const cell = row[column] ?? '';
        return column ? cell.padStart(width) : cell.padEnd(width);
      }),
    ),
  );
  const rule = line(
    widths.map((width, column) => (column ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width))),
  );
  return [...aligned.slice(0, 1), rule, ...aligned.slice(1)].join('\n');
}

/** A number with so many decimals; a dash where there is none. */
export function shown(value: number, decimals = 0): string {
  if (!Number.isFinite(value)) return '–';
  return value.toLocaleString('en', { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
}
