import type { IntervalPoint } from "#model/analysis.ts";
import type { Finding } from "#model/finding.ts";
import { sayInterval, sayRatio } from "#engine/wording.ts";
import type { Instant } from "#model/time.ts";
import { html, type Markup } from "./html.ts";
import { sayMoment } from "./moments.ts";
import { conclusionTones } from "./tones.ts";

/** The drawing's own units; the style sheet scales it. */
const frame = { width: 360, height: 136, left: 42, right: 262, top: 8, bottom: 116 };
const niceRatios = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100];
const closestLabels = 12;

interface Scale {
  readonly x: (at: Instant) => number;
  readonly y: (ratio: number) => number;
  readonly low: number;
  readonly high: number;
}

interface Limit {
  readonly name: "tolerance" | "margin";
  readonly ratio: number;
}

function isDrawable({ low, high, effect }: IntervalPoint): boolean {
  return low >= 0 && high > 0 && effect > 0 && Number.isFinite(low + effect) && !Number.isNaN(high);
}

function limitsOf({ tolerance, margin }: Finding): readonly Limit[] {
  const limits: Limit[] = [];
  if (margin !== null && margin > 0) limits.push({ name: "margin", ratio: margin });
  if (tolerance !== null && tolerance > 0) limits.push({ name: "tolerance", ratio: tolerance });
  return limits.sort((a, b) => b.ratio - a.ratio);
}

/** Ratios from what the later looks show: the first, wide ones run out of the picture, and are seen to narrow. */
function scaleOf(points: readonly IntervalPoint[], limits: readonly Limit[]): Scale {
  const later = points.slice(Math.floor(points.length / 4));
  const ratios = [
    1,
    ...limits.map(({ ratio }) => ratio),
    ...later.flatMap(({ low, high, effect }) => [low, high, effect]),
  ];
  const drawn = ratios.filter((ratio) => ratio >= 0.01 && ratio <= 100);
  const low = Math.min(0.8, ...drawn) / 1.12;
  const high = Math.max(1.25, ...drawn) * 1.12;
  const span = Math.log(high / low);
  const from = points[0]?.at ?? 0;
  const duration = Math.max((points.at(-1)?.at ?? 0) - from, 1);
  const { left, right, top, bottom } = frame;
  const round = (value: number): number => Math.round(value * 10) / 10;
  return {
    low,
    high,
    x: (at) => round(left + ((at - from) / duration) * (right - left)),
    y: (ratio) => {
      const share = Math.log(Math.min(Math.max(ratio, low), high) / low) / span;
      return round(bottom - share * (bottom - top));
    },
  };
}

function ratioAxis({ low, high, y }: Scale): readonly Markup[] {
  const shown = niceRatios.filter((ratio) => ratio >= low && ratio <= high);
  const every = Math.ceil(shown.length / 6);
  return shown
    .filter((ratio, index) => ratio === 1 || index % every === 0)
    .filter((ratio) => ratio === 1 || Math.abs(y(ratio) - y(1)) >= closestLabels)
    .map(
      (ratio) =>
        html`<line
            class="${ratio === 1 ? "one" : "grid"}"
            x1="${frame.left}"
            x2="${frame.right}"
            y1="${y(ratio)}"
            y2="${y(ratio)}"
          />
          <text class="tick" x="${frame.left - 5}" y="${y(ratio) + 3.5}" text-anchor="end"
            >${ratio === 1 ? "1.0x" : sayRatio(ratio)}</text
          >`,
    );
}

/** Lines across the plot with their names beside it, pushed apart where two would overlap. */
function limitLines(limits: readonly Limit[], { y }: Scale): readonly Markup[] {
  const [first, second] = limits.map(({ ratio }) => y(ratio));
  const overlap =
    first === undefined || second === undefined ? 0 : Math.max(0, closestLabels - (second - first));
  return limits.map(({ name, ratio }, index) => {
    const label = y(ratio) + (index === 0 ? -overlap / 2 : overlap / 2) + 3.5;
    return html`<line
        class="${name}"
        x1="${frame.left}"
        x2="${frame.right}"
        y1="${y(ratio)}"
        y2="${y(ratio)}"
      />
      <text class="limit" x="${frame.right + 6}" y="${Math.max(label, frame.top + 4)}"
        >${name} ${sayRatio(ratio)}</text
      >`;
  });
}

function describe(points: readonly IntervalPoint[], limits: readonly Limit[], now: Instant): string {
  const first = points[0];
  const last = points.at(-1);
  if (first === undefined || last === undefined) return "";
  const lines = limits.map(({ name, ratio }) => `${name} ${sayRatio(ratio)}`).join(", ");
  return `At ${sayMoment(first.at, now)} the interval was ${sayInterval([first.low, first.high])}; at ${sayMoment(last.at, now)} it is ${sayInterval([last.low, last.high])}, best guess ${sayRatio(last.effect)}. ${lines === "" ? "" : `Limits: ${lines}.`}`;
}

/** A stable, harmless identifier for references inside the page. */
export function elementId(prefix: string, index: number): string {
  return `${prefix}-${index}`;
}

/**
 * The interval of one signal over time on a logarithmic axis of ratios, against its limits: a band that narrows.
 * Null where fewer than two looks can be drawn.
 */
export function drawInterval(
  finding: Finding,
  points: readonly IntervalPoint[],
  now: Instant,
  id: string,
): Markup | null {
  const drawable = points.filter(isDrawable);
  if (drawable.length < 2) return null;
  const limits = limitsOf(finding);
  const scale = scaleOf(drawable, limits);
  const { x, y } = scale;
  const upper = drawable.map((point) => `${x(point.at)},${y(point.high)}`);
  const lower = drawable.map((point) => `${x(point.at)},${y(point.low)}`).reverse();
  const middle = drawable.map((point) => `${x(point.at)},${y(point.effect)}`);
  const from = drawable[0]?.at ?? now;
  const to = drawable.at(-1)?.at ?? now;
  const ends = `${x(to)},${y(drawable.at(-1)?.effect ?? 1)}`.split(",");
  return html`<svg
    class="interval ${conclusionTones[finding.conclusion].tone}"
    viewBox="0 0 ${frame.width} ${frame.height}"
    role="img"
    aria-labelledby="${id}-title ${id}-text"
  >
    <title id="${id}-title">${finding.signal}: canary to baseline ratio over time</title>
    <desc id="${id}-text">${describe(drawable, limits, now)}</desc>
    ${ratioAxis(scale)}
    <polygon class="band" points="${[...upper, ...lower].join(" ")}" />
    <polyline class="edge" points="${upper.join(" ")}" />
    <polyline class="edge" points="${lower.join(" ")}" />
    <polyline class="guess" points="${middle.join(" ")}" />
    ${limitLines(limits, scale)}
    <circle class="end" cx="${ends[0] ?? ""}" cy="${ends[1] ?? ""}" r="3" />
    <text class="tick" x="${frame.left}" y="${frame.height - 6}">
      ${sayMoment(from, now).replace(" UTC", "")}
    </text>
    <text class="tick" x="${frame.right}" y="${frame.height - 6}" text-anchor="end">
      ${sayMoment(to, now).replace(" UTC", "")}
    </text>
  </svg>`;
}
