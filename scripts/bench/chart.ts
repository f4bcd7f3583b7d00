/** The chart of the documentation from the results of one run: SVG without scripts, fonts or links. Pure. */
import { serversOf } from './report.ts';
import { medianOf, type Results, ratioOf } from './results.ts';
import { type RowName, rows } from './rows.ts';
import { shown } from './table.ts';

/** Columns of panels, from above to below. */
const columns: readonly (readonly RowName[])[] = [
  ['1k', 'log'],
  ['100k', 'close'],
];

const COLUMN_WIDTH = 490;
const LABEL_WIDTH = 190;
const VALUE_WIDTH = 100;
const COLUMN_GAP = 10;
const BAR_WIDTH = COLUMN_WIDTH - COLUMN_GAP - LABEL_WIDTH - VALUE_WIDTH;
const LINE_HEIGHT = 22;
const BAR_HEIGHT = 14;
const TOP = 34;
const PANEL_GAP = 18;

const style = `text{font:13px system-ui,sans-serif;fill:#1f2328}.title{font-weight:600}.end{text-anchor:end}
.bar{fill:#8c959f}.mote{fill:#0969da}text.mote{font-weight:600}
@media (prefers-color-scheme:dark){text{fill:#e6edf3}.bar{fill:#6e7681}.mote{fill:#4493f8}}`;

export function chart(results: Results): string {
  const drawn = columns.map((panels, column) => drawColumn(results, panels, column * COLUMN_WIDTH));
  const [width, height] = [COLUMN_WIDTH * columns.length, Math.max(...drawn.map(({ bottom }) => bottom))];
  const summary = 'Requests for each second that the server had of a core, and their ratio to mote';
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${summary}">
<style>${style}</style>
<text x="0" y="16">${summary}</text>
${drawn.flatMap(({ lines }) => lines).join('\n')}
</svg>
`;
}

interface Drawn {
  readonly lines: readonly string[];
  /** Where the next thing can stand. */
  readonly bottom: number;
}

function drawColumn(results: Results, panels: readonly RowName[], left: number): Drawn {
  let bottom = TOP;
  const lines: string[] = [];
  for (const row of panels) {
    const panel = drawPanel(results, row, left, bottom);
    lines.push(...panel.lines);
    bottom = panel.bottom + PANEL_GAP;
  }
  return { lines, bottom: bottom - PANEL_GAP };
}

function drawPanel(results: Results, row: RowName, left: number, top: number): Drawn {
  const rateOf = (server: string) => medianOf(results, { row, server, metric: 'perCoreSecond' });
  const servers = serversOf(results, row).filter((server) => Number.isFinite(rateOf(server)));
  const most = Math.max(...servers.map(rateOf));
  const bars = servers.flatMap((server, index) => {
    const y = top + (index + 1) * LINE_HEIGHT;
    const key = { row, server, metric: 'perCoreSecond' } as const;
    const ratio = shown(ratioOf(results, key, { ...key, server: 'mote' }), 2);
    const width = Math.max(1, Math.round((rateOf(server) / most) * BAR_WIDTH));
    const base = y + BAR_HEIGHT - 3;
    const own = server === 'mote' ? ' mote' : '';
    const barLeft = left + LABEL_WIDTH;
    return [
      `<text class="end${own}" x="${barLeft - 8}" y="${base}">${labelOf(results, server)}</text>`,
      `<rect class="bar${own}" x="${barLeft}" y="${y}" width="${width}" height="${BAR_HEIGHT}" rx="2"/>`,
      `<text x="${barLeft + width + 6}" y="${base}">${shown(rateOf(server))} (${ratio})</text>`,
    ];
  });
  const title = `<text class="title" x="${left + LABEL_WIDTH}" y="${top + BAR_HEIGHT}">${plain(rows[row].title)}</text>`;
  return { lines: [title, ...bars], bottom: top + (servers.length + 1) * LINE_HEIGHT };
}

const labelOf = ({ titles }: Results, server: string): string => plain(titles[server] ?? server);

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Without the marks of Markdown. */
function plain(text: string): string {
  return text.replace(/[*`]/g, '').replace(/[&<>"]/g, (character) => entities[character] ?? '');
}
