/** A value with its interval, where it has one. */
export interface Dot {
  readonly at: number;
  readonly low?: number;
  readonly high?: number;
}

export interface DotRow {
  readonly label: string;
  /** One a series; null where there is nothing to show. */
  readonly dots: readonly (Dot | null)[];
}

export interface DotChart {
  readonly title: string;
  readonly axis: string;
  readonly series: readonly string[];
  readonly rows: readonly DotRow[];
  /** Marks on the axis, ascending; the first and the last are its ends. */
  readonly ticks: readonly { readonly at: number; readonly text: string }[];
  /** `log`: ticks above 0; `root`: shares, with room for the small ones. */
  readonly scale: "log" | "root";
  /** A value that should not be passed. */
  readonly limit: number | null;
}

const colours = ["#0b6e4f", "#c1121f", "#f4a261", "#8d99ae", "#6a4c93", "#1d3557"] as const;
const left = 330;
const width = 940;
const right = 24;
const rowHeight = 17;
const top = 64;

/** Rows of dots on one axis, as an SVG that reads on light and dark pages. */
export function dotChart(chart: DotChart): string {
  const height = top + chart.rows.length * rowHeight + 40;
  const bottom = top + chart.rows.length * rowHeight;
  const x = placeOf(chart);
  const grid = chart.ticks.map(
    ({ at, text }) =>
      `<line x1="${x(at)}" y1="${top - 6}" x2="${x(at)}" y2="${bottom}" stroke="#d8dee4"/><text x="${x(at)}" y="${bottom + 15}" text-anchor="middle">${escaped(text)}</text>`,
  );
  const limit =
    chart.limit === null
      ? ""
      : `<line x1="${x(chart.limit)}" y1="${top - 6}" x2="${x(chart.limit)}" y2="${bottom}" stroke="#c1121f" stroke-dasharray="4 3"/>`;
  const legend = chart.series.map((name, i) => {
    const at = left + i * 100;
    return `${markAt(i, at, 44)}<text x="${at + 9}" y="48">${escaped(name)}</text>`;
  });
  const rows = chart.rows.map(({ label, dots }, i) => {
    const y = top + i * rowHeight + rowHeight / 2;
    const drawn = dots.map((dot, series) => (dot === null ? "" : dotAt(dot, series, { x, y })));
    return `<text x="${left - 10}" y="${y + 4}" text-anchor="end">${escaped(label)}</text>${drawn.reverse().join("")}`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="11.5" fill="#24292f">
<title>${escaped(chart.title)}</title>
<rect width="${width}" height="${height}" fill="#ffffff"/>
<text x="14" y="22" font-size="15" font-weight="600">${escaped(chart.title)}</text>
${[...grid, limit, ...legend, ...rows].join("\n")}
<text x="${(left + width - right) / 2}" y="${bottom + 32}" text-anchor="middle">${escaped(chart.axis)}</text>
</svg>
`;
}

function placeOf({ ticks, scale }: DotChart): (value: number) => number {
  const bend = scale === "log" ? Math.log : Math.sqrt;
  const first = ticks[0]?.at ?? 0;
  const last = ticks[ticks.length - 1]?.at ?? 1;
  const [low, high] = [bend(first), bend(last)];
  return (value) => {
    const kept = Math.min(last, Math.max(first, value));
    return round(left + ((bend(kept) - low) / (high - low)) * (width - right - left));
  };
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function dotAt(dot: Dot, series: number, on: { x: (value: number) => number; y: number }): string {
  const { low, high, at } = dot;
  const interval =
    low === undefined || high === undefined
      ? ""
      : `<line x1="${on.x(low)}" y1="${on.y}" x2="${on.x(high)}" y2="${on.y}" stroke="${colourOf(series)}" stroke-opacity="0.45" stroke-width="2"/>`;
  return interval + markAt(series, on.x(at), on.y);
}

const marks: readonly ((x: number, y: number, colour: string) => string)[] = [
  (x, y, colour) => `<circle cx="${x}" cy="${y}" r="4.5" fill="${colour}"/>`,
  (x, y, colour) =>
    `<rect x="${round(x - 3.5)}" y="${round(y - 3.5)}" width="7" height="7" fill="${colour}"/>`,
  (x, y, colour) => `<path d="M${x} ${y - 4.5}l4.5 4.5l-4.5 4.5l-4.5 -4.5z" fill="${colour}"/>`,
  (x, y, colour) =>
    `<path d="M${round(x - 3.5)} ${round(y - 3.5)}l7 7m0 -7l-7 7" stroke="${colour}" stroke-width="2"/>`,
  (x, y, colour) => `<circle cx="${x}" cy="${y}" r="3.8" fill="none" stroke="${colour}" stroke-width="2"/>`,
  (x, y, colour) => `<path d="M${x} ${y - 5}v10" stroke="${colour}" stroke-width="3"/>`,
];

function colourOf(series: number): string {
  return colours[series % colours.length] ?? "#000000";
}

function markAt(series: number, x: number, y: number): string {
  return marks[series % marks.length]?.(x, y, colourOf(series)) ?? "";
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
