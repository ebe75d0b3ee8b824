import { detections, falseRollbacks, hostileVerdicts, promotions, type Drawn } from "./family-tables.ts";
import { dotChart } from "./dot-chart.ts";
import { floorTable } from "./floors.ts";
import { goalReadings } from "./goals.ts";
import type { BenchRecord } from "./record.ts";
import type { Family, Scenario } from "./scenario.ts";
import type { Summary } from "./summary.ts";
import { sayCost, sayPart, table } from "./wording.ts";
import type { WhatIf } from "./ladder.ts";

/** The page and its pictures by file name. */
export interface Page {
  readonly markdown: string;
  readonly pictures: Readonly<Record<string, string>>;
}

const intro = `# Verdicts: false rollbacks, missed harm, time

Written by \`npm run bench -- judge\` from canaries that are drawn and played; \`--family A\` and \`--replicates 400\` choose,
\`--minutes 25\` ends a run early with some of each scenario, \`--threads 2\` shares the work, \`--what-if\` and \`--cost\` measure those.

What is measured: a world of two versions is drawn in windows of five seconds by instance, with a generator whose seed depends on
the scenario and the number of the replicate alone (xoshiro256** seeded by splitmix64). Its rows are what the store would hold.
**Haldane** is the engine's own \`look\` on those rows, every ten seconds, with the settle allowance, for an hour; policies are the
default ones but for what a table says. Errors are 0.1 % and durations lognormal with p50 100 ms and p99 400 ms where nothing else is said.
**Alike**: requests are independent. **Differing**: healthy instances differ by 20 % in errors and 5 % in speed, every minute of one by
bursts of 50 % and 3 %, and shocks of 30 % and 5 % hit both arms. Instances, canary against baseline: 1 v 20 at 1 %, 1 v 19 at 5 %, 10 v 10 at 50 %.

The others read the same streams. **Kayenta loop**: its rule for "High" on a point a minute, judged each minute from the tenth on.
**Flagger**: more than 1 % errors or p99 over 500 ms in five minutes. **Argo**: less than 95 % success in four. **Repeated z**: one-sided 1 %,
at each poll. **AsympCS**: the asymptotic confidence sequence of A/B services, one-sided. **Oracle**: the sequential test that knows
the effect beforehand and that instances do not differ: nobody has it, and with differing instances it is not valid. All wait for the same settle.

Percentages in brackets are exact 99 % intervals (Clopper and Pearson). Times are medians over all replicates, those that never end included.`;

const notesStart = "<!-- Written by hand, and kept: -->";
const notesEnd = "<!-- Measured again from here on. -->";

/** What people wrote between the marks of the page that stands. */
export function notesOf(page: string): string {
  const [, after = ""] = page.split(notesStart);
  return after.split(notesEnd)[0]?.trim() ?? "";
}

/** Draws everything from what was measured. */
export function pageOf(
  record: BenchRecord,
  scenarios: readonly Scenario[],
  kept: { readonly machine: string; readonly notes: string },
): Page {
  const { summaries } = record;
  const of = (family: Family, holds: (one: Summary) => boolean = () => true): readonly Summary[] =>
    summaries.filter((one) => one.family === family && holds(one));
  const sections: readonly (readonly [file: string, title: string, text: string, drawn: Drawn])[] = [
    [
      "false-rollbacks",
      "Healthy canaries (A)",
      "Nothing is promoted before the hour is over, so that every alarm of the hour is seen. *E reached 10*: a tenth of healthy canaries may; it tells of a broken guarantee long before alpha does. *Interval missed*: the interval shown for the ratio of errors left out the truth at some look. *Proven*: what would have been promoted, and when.",
      falseRollbacks(of("A")),
    ],
    [
      "errors",
      "Errors (B)",
      "Only errors are judged, without a ceiling, and nothing is promoted before the hour is over. *Proven first*: the share that would have been promoted before. *Missed although resolvable*: no rollback in the hour in cells in which the oracle finds 99 %.",
      detections(of("B"), "Time to a rollback for errors"),
    ],
    [
      "latency",
      "Latency (C)",
      "*All*: every request slower. *Tail*: the slowest 5 % stretched so that p99 is slower by as much.",
      detections(of("C"), "Time to a rollback for latency"),
    ],
    [
      "promotions",
      "Margins and promotions (G)",
      "The margin is the one that the engine uses with these instances. Errors without a ceiling; the healthy ones with the default policy.",
      promotions(of("G")),
    ],
    ["hostile", "Worlds that break (H)", "", hostileVerdicts(of("H"))],
  ];
  const pictures: Record<string, string> = {};
  const drawn = sections.map(([file, title, text, { markdown, svg }]) => {
    pictures[`judge-${file}.svg`] = svg;
    return `## ${title}\n\n${text}\n\n![${title}](judge-${file}.svg)\n\n${markdown}\n`;
  });
  const goals = goalReadings(record);
  pictures["judge-what-if.svg"] = whatIfPicture(record.whatIfs);
  const dates = [...new Set(summaries.map(({ date }) => date))].sort();
  const markdown = `${intro}

Measured ${dates.length > 1 ? `from ${dates[0] ?? ""} to ${dates[dates.length - 1] ?? ""}` : `on ${dates[0] ?? ""}`}: ${kept.machine}. The replicates really played stand in each table.

## Goals

${table(
  ["goal", "measured", "reached"],
  goals.map(({ goal, measured, reached }) => [
    goal,
    measured,
    reached === null ? "not shown by so few" : reached ? "yes" : "**no**",
  ]),
)}

${notesStart}
${kept.notes}
${notesEnd}

${drawn.join("\n")}
## What costs the time

Each line adds one thing to the line above it, on the same streams. *Requests*: canary requests to the verdict over the oracle's, misses counted as the whole hour.

![What costs the time](judge-what-if.svg)

${record.whatIfs.map(whatIfTable).join("\n")}
## What instances let be shown at all

With endless traffic, harm is shown from about this ratio on: tau is 0.25 for errors and 0.06 for latency.

${floorTable()}

## Cost

${table(
  ["what", "cost"],
  record.costs.map(({ what, amount, unit }) => [what, sayCost(amount, unit)]),
)}

## Not judged today

${table(
  ["family", "scenario", "why"],
  scenarios.flatMap(({ family, name, unjudged }) => (unjudged === null ? [] : [[family, name, unjudged]])),
)}
`;
  return { markdown, pictures };
}

function whatIfTable({ question, scenario, replicates, rows }: WhatIf): string {
  const isTime = question.includes("median seconds");
  const isShare = rows.every(({ ratio }) => ratio === null);
  return `**${question}** ${scenario}, ${replicates} replicates.

${table(
  ["", isShare ? "promoted" : "found", ...(isShare ? [] : [isTime ? "seconds" : "requests"])],
  rows.map(({ what, found, ratio }) => [
    what.trim(),
    sayPart(found),
    ratio === null ? "" : isTime ? `${ratio} s` : `${ratio.toFixed(2)}x`,
  ]),
)}
`;
}

function whatIfPicture(found: readonly WhatIf[]): string {
  const ladders = found.filter(({ question }) => question.endsWith("verdict its time?"));
  return dotChart({
    title: "What costs the time",
    axis: "canary requests to the verdict over the oracle's; 10x stands for more too",
    series: ["requests"],
    rows: ladders.flatMap(({ scenario, rows }) => [
      { label: scenario.slice(0, 52), dots: [] },
      ...rows.map(({ what, ratio }) => ({
        label: what.length > 56 ? `${what.slice(0, 55)}…` : what,
        dots: [ratio === null ? null : { at: ratio }],
      })),
    ]),
    ticks: [1, 1.5, 2, 3, 5, 10].map((at) => ({ at, text: `${at}x` })),
    scale: "log",
    limit: null,
  });
}
