import type { AnalysisReport } from "#engine/asking.ts";
import type { WeightSpan } from "#model/analysis.ts";
import { sayNumber } from "#engine/wording.ts";
import { formatDuration, type Instant } from "#model/time.ts";
import { html, type Markup } from "./html.ts";
import { sayAge, sayMoment } from "./moments.ts";

/** The drawing's own units; the style sheet scales it. */
const frame = { width: 360, height: 112, left: 42, right: 312, top: 20, bottom: 92 };
const narrowestLabel = 24;

interface Span {
  readonly weight: number;
  readonly from: Instant;
  readonly to: Instant;
}

function inForce(weights: readonly WeightSpan[], until: Instant): readonly Span[] {
  return weights.map(({ canaryWeight, from, to }) => ({
    weight: canaryWeight,
    from,
    to: Math.max(to ?? until, from),
  }));
}

/** The rest of the plan, if every step lasts as long as it must and no longer. Nothing where an end is under way. */
function ahead({ analysis, steps }: AnalysisReport, now: Instant): readonly Span[] {
  const { phase } = analysis;
  if (phase.phase === "ending" || phase.phase === "ended" || analysis.terminal !== null) return [];
  let from = now;
  return steps.slice(phase.step).map(({ weight, dwellMs }, index) => {
    const rest = index === 0 ? Math.max(phase.since + dwellMs - now, 0) : dwellMs;
    const span = { weight, from, to: from + rest };
    from = span.to;
    return span;
  });
}

function corners(
  spans: readonly Span[],
  x: (at: Instant) => number,
  y: (weight: number) => number,
): readonly string[] {
  return spans.flatMap(({ weight, from, to }) => [`${x(from)},${y(weight)}`, `${x(to)},${y(weight)}`]);
}

/** The plan of weights in one sentence, or nothing. */
export function sayPlan({ steps }: AnalysisReport): string {
  if (steps.length === 0) return "";
  const said = steps.map(({ weight, dwellMs }) => `${sayNumber(weight)} % for ${formatDuration(dwellMs)}`);
  return `Plan: ${said.join(", ")}.`;
}

/** The weight in force in words, for everybody and instead of the drawing. */
export function sayWeight(report: AnalysisReport, now: Instant): string {
  const current = report.analysis.weights.at(-1);
  if (report.analysis.mode === "report") return "Report only: Haldane moves no traffic here.";
  if (current === undefined) return "No weight has been asked for yet.";
  const age = sayAge(current.from, now).replace(" ago", "");
  return `${sayNumber(current.canaryWeight)} % of the traffic goes to the canary, for ${age === "now" ? "0 s" : age}.`;
}

interface Plot {
  readonly x: (at: Instant) => number;
  readonly y: (weight: number) => number;
}

/** Each weight above its span where there is room; the present one beside its point where nothing follows. */
function labels(spans: readonly Span[], { x, y }: Plot, isOver: boolean): readonly Markup[] {
  return spans.map(({ weight, from, to }, index) => {
    const isLast = index === spans.length - 1;
    const said = `${sayNumber(weight)} %`;
    if (isLast && isOver) {
      return html`<text class="current" x="${x(to) + 8}" y="${y(weight) + 4}">${said}</text>`;
    }
    if (!isLast && x(to) - x(from) < narrowestLabel) return html``;
    const at = Math.max((x(from) + x(to)) / 2, frame.left + 14);
    const style = isLast ? "current" : "tick";
    return html`<text class="${style}" x="${at}" y="${y(weight) - 7}" text-anchor="middle">${said}</text>`;
  });
}

/** The canary's weight over time: what was in force, the present one marked, and the plan that remains. Null without any. */
export function drawWeights(report: AnalysisReport, now: Instant): Markup | null {
  const { analysis } = report;
  const { phase } = analysis;
  const until = phase.phase === "ended" ? phase.since : now;
  const past = inForce(analysis.weights, until);
  const first = past[0];
  if (first === undefined) return null;
  const future = ahead(report, now);
  const end = Math.max(future.at(-1)?.to ?? 0, until, past.at(-1)?.to ?? 0);
  const duration = Math.max(end - first.from, 1);
  const x = (at: Instant): number =>
    Math.round((frame.left + ((at - first.from) / duration) * (frame.right - frame.left)) * 10) / 10;
  const y = (weight: number): number =>
    Math.round(
      (frame.bottom - (Math.min(Math.max(weight, 0), 100) / 100) * (frame.bottom - frame.top)) * 10,
    ) / 10;
  const drawn = corners(past, x, y);
  const last = past.at(-1) ?? first;
  const area = [`${x(first.from)},${frame.bottom}`, ...drawn, `${x(last.to)},${frame.bottom}`];
  const planned = [`${x(last.to)},${y(last.weight)}`, ...corners(future, x, y)];
  return html`<svg
    class="weights"
    viewBox="0 0 ${frame.width} ${frame.height}"
    role="img"
    aria-labelledby="weights-title weights-text"
  >
    <title id="weights-title">Canary's share of the traffic over time</title>
    <desc id="weights-text">${sayWeight(report, now)} ${sayPlan(report)}</desc>
    ${[0, 50, 100].map((weight) => html`<line class="grid" x1="${frame.left}" x2="${frame.right}" y1="${y(weight)}" y2="${y(weight)}" /><text class="tick" x="${frame.left - 5}" y="${y(weight) + 3.5}" text-anchor="end">${weight} %</text>`)}
    <polygon class="area" points="${area.join(" ")}" />
    <polyline class="line" points="${drawn.join(" ")}" />
    ${future.length === 0 ? null : html`<polyline class="plan" points="${planned.join(" ")}" />`}
    ${labels(past, { x, y }, future.length === 0)}
    <circle class="end" cx="${x(last.to)}" cy="${y(last.weight)}" r="3.5" />
    <text class="tick" x="${frame.left}" y="${frame.height - 5}">
      ${sayMoment(first.from, now).replace(" UTC", "")}
    </text>
    <text class="tick" x="${frame.right}" y="${frame.height - 5}" text-anchor="end">
      ${future.length > 0 ? "plan's end, at the soonest" : sayMoment(until, now).replace(" UTC", "")}
    </text>
  </svg>`;
}
