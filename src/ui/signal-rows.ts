import type { IntervalPoint } from "#model/analysis.ts";
import type { ArmReading, Finding } from "#model/finding.ts";
import { sayCount, sayInterval, sayNumber, sayRatio, sayShare, sayValue } from "#engine/wording.ts";
import type { Instant } from "#model/time.ts";
import { drawInterval, elementId } from "./draw-interval.ts";
import { html, type Markup } from "./html.ts";
import { patternBlock, sayOneSided } from "./pattern-lines.ts";
import { conclusionTones } from "./tones.ts";

/** What the rows of one page share. `index` numbers the drawings. */
export interface SignalContext {
  readonly intervals: ReadonlyMap<string, readonly IntervalPoint[]>;
  readonly now: Instant;
}

export function sayReading({ value, unit }: ArmReading): string {
  if (value === null || !Number.isFinite(value)) return "–";
  return /^share\b/.test(unit) ? sayShare(value) : sayValue(value, unit);
}

function nounOf({ kind }: Finding): string {
  return kind === "counter" || kind === "gauge" || kind === "histogram" ? "value" : "request";
}

function readingCell(arm: ArmReading, name: "Canary" | "Baseline", finding: Finding): Markup {
  return html`<td role="cell" class="reading">
    <span class="arm">${name}</span>
    <b>${sayReading(arm)}</b>
    <span class="soft"
      >${sayCount(arm.n, nounOf(finding))}${finding.kind === "split" ? null : html`<br />${sayCount(arm.instances, "instance")}`}</span
    >
  </td>`;
}

/** How far the evidence has come, where the finding says what it needs. */
function sayEvidence({ evidence, conclusion }: Finding): string | null {
  const part = (name: string, has: number | null, needs: number | null): string | null =>
    has === null || needs === null || needs <= 0
      ? null
      : `${name} ${sayNumber(Math.min(Math.max(Math.floor((has / needs) * 100), 0), 100))} %`;
  const parts = [
    part("harm", evidence.harm, evidence.harmNeeded),
    part("safety", evidence.safe, evidence.safeNeeded),
  ].filter((said) => said !== null);
  if (parts.length === 0 || conclusion === "unknown") return null;
  return `Proof so far: ${parts.join(", ")} of what is needed`;
}

/** Where no single ratio can be told: why not, and what is known all the same. */
function sayNoRatio(finding: Finding): Markup {
  const { interval, canary, baseline, kind } = finding;
  const oneSided = sayOneSided(finding);
  if (oneSided !== null) return html`<span class="soft">${oneSided}</span>`;
  const zero = [canary, baseline].filter(({ value }) => value === 0).length;
  if (interval !== null && kind !== "split")
    return html`<b>${sayInterval(interval)}</b
      >${zero === 1 ? html` <span class="soft">no single ratio, as one side shows 0</span>` : null}`;
  return html`<span class="soft"
    >${zero === 2 ? "no ratio, as both sides show 0" : "nothing to compare yet"}</span
  >`;
}

function ratioCell(finding: Finding, context: SignalContext, id: string): Markup {
  const drawing =
    finding.kind === "split"
      ? null
      : drawInterval(finding, context.intervals.get(finding.signal) ?? [], context.now, id);
  const { effect, interval } = finding;
  const say = finding.kind === "split" ? sayShare : sayRatio;
  const words =
    effect === null || !Number.isFinite(effect)
      ? sayNoRatio(finding)
      : html`<b>${say(effect)}</b
          >${interval === null ? null : html` <span class="soft">interval ${finding.kind === "split" ? `${sayShare(interval[0])} to ${sayShare(interval[1])}` : sayInterval(interval)}</span>`}`;
  return html`<td role="cell" class="ratio">
    ${drawing}
    <p class="ratio-words">${words}</p>
  </td>`;
}

function signalRow(finding: Finding, context: SignalContext, id: string): Markup {
  const { tone, sign, label } = conclusionTones[finding.conclusion];
  const evidence = sayEvidence(finding);
  return html`<tr role="row" class="${tone}">
    <th role="rowheader" scope="row">
      <span class="badge ${tone}"><span aria-hidden="true">${sign}</span> ${label}</span>
      <span class="name">${finding.signal}</span>
      <p class="why">${finding.why}</p>
      ${finding.pattern === undefined ? null : patternBlock(finding.pattern, context.now)}
      ${finding.marginWhy === null || finding.margin === null || finding.conclusion === "unknown" ? null : html`<p class="soft">Margin ${sayRatio(finding.margin)}: ${finding.marginWhy}.</p>`}
      ${evidence === null ? null : html`<p class="soft">${evidence}.</p>`}
    </th>
    ${readingCell(finding.canary, "Canary", finding)}${readingCell(finding.baseline, "Baseline", finding)}${ratioCell(finding, context, id)}
  </tr>`;
}

function signalTable(findings: readonly Finding[], context: SignalContext, group: string): Markup {
  return html`<table role="table" class="signals" aria-labelledby="group-${group}">
    <thead role="rowgroup">
      <tr role="row">
        <th role="columnheader" scope="col">Signal and why</th>
        <th role="columnheader" scope="col">Canary</th>
        <th role="columnheader" scope="col">Baseline</th>
        <th role="columnheader" scope="col">Canary to baseline, over time</th>
      </tr>
    </thead>
    <tbody role="rowgroup">
      ${findings.map((finding, index) => signalRow(finding, context, elementId(group, index)))}
    </tbody>
  </table>`;
}

interface Group {
  readonly id: string;
  readonly title: string;
  readonly note: string;
  readonly folded: boolean;
  readonly holds: (finding: Finding) => boolean;
}

/** Each finding stands in the first group that holds it. */
const groups: readonly Group[] = [
  {
    id: "harm",
    title: "Harm",
    note: "Shown to be worse on the canary.",
    folded: false,
    holds: ({ conclusion, kind }) => conclusion === "worse" && kind !== "split",
  },
  {
    id: "split",
    title: "Traffic",
    note: "The traffic is not split as it was set; nothing is promoted like that.",
    folded: false,
    holds: ({ conclusion, kind }) => conclusion === "worse" && kind === "split",
  },
  {
    id: "guarded",
    title: "Guarded",
    note: "Promotion needs proof that each of these is not worse.",
    folded: false,
    holds: ({ guarded }) => guarded,
  },
  {
    id: "unknown",
    title: "Cannot be judged",
    note: "Unknown is never a pass.",
    folded: false,
    holds: ({ conclusion }) => conclusion === "unknown",
  },
  {
    id: "watched",
    title: "Watched",
    note: "These can show harm, and are not needed for a promotion.",
    folded: true,
    holds: () => true,
  },
];

/** Every finding by what it means for the reader, harm first. */
export function signalSections(findings: readonly Finding[], context: SignalContext): readonly Markup[] {
  return groups.map((group) => {
    const inGroup = findings.filter((finding) => groups.find(({ holds }) => holds(finding)) === group);
    if (inGroup.length === 0) return html``;
    const heading = html`<h3 id="group-${group.id}">
      ${group.title} <span class="count">${inGroup.length}</span>
    </h3>`;
    const note = html`<p class="soft">${group.note}</p>`;
    const table = signalTable(inGroup, context, group.id);
    return group.folded
      ? html`<details id="fold-${group.id}" class="group">
          <summary>${heading}</summary>
          ${note}${table}
        </details>`
      : html`<section class="group" aria-labelledby="group-${group.id}">${heading}${note}${table}</section>`;
  });
}
