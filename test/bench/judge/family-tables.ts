import { clopperPearson } from "./clopper-pearson.ts";
import { dotChart, type Dot, type DotRow } from "./dot-chart.ts";
import type { RivalName } from "./rivals.ts";
import { missedOf, type Fired, type Summary } from "./summary.ts";
import { sayCount, sayFound, sayPart, sayRatio, saySeconds, table } from "./wording.ts";

/** A table and its picture. */
export interface Drawn {
  readonly markdown: string;
  readonly svg: string;
}

const rivalWords: Readonly<Record<RivalName, string>> = {
  kayenta: "Kayenta loop",
  flagger: "Flagger",
  argo: "Argo",
  z: "repeated z",
  asympcs: "AsympCS",
  sprt: "oracle",
};
const loose = ["kayenta", "flagger", "argo", "z", "asympcs"] as const;

const shareTicks = [0, 0.01, 0.05, 0.2, 0.5, 1].map((at) => ({ at, text: sayPart(at) }));
const secondTicks = [10, 30, 60, 180, 600, 1800, 3600].map((at) => ({ at, text: saySeconds(at) }));

function shareDot(k: number, n: number): Dot {
  const [low, high] = clopperPearson(k, n);
  return { at: k / n, low, high };
}

/** Scenarios without a replicate are listed as such. */
function unplayed(summaries: readonly Summary[]): string {
  const names = summaries.filter(({ replicates, unjudged }) => replicates === 0 && unjudged === null);
  return names.length === 0 ? "" : `\n\nNot played yet: ${names.map(({ name }) => name).join("; ")}.`;
}

function played(summaries: readonly Summary[]): readonly Summary[] {
  return summaries.filter(({ replicates }) => replicates > 0);
}

/** Healthy canaries: who rolls back. */
export function falseRollbacks(summaries: readonly Summary[]): Drawn {
  const rows = played(summaries);
  const markdown = table(
    [
      "scenario",
      "replicates",
      "Haldane",
      "E reached 10",
      "interval missed",
      "proven",
      ...loose.map((rival) => rivalWords[rival]),
    ],
    rows.map(({ name, replicates: n, haldane, suspected, uncovered, proofs, rivals }) => [
      name,
      `${n}`,
      sayCount(haldane.count, n),
      sayCount(suspected, n),
      uncovered === null ? "" : sayPart(uncovered / n),
      sayFound(proofs, n),
      ...loose.map((rival) => sayPart(rivals[rival].count / n)),
    ]),
  );
  const svg = dotChart({
    title: "False rollbacks of healthy canaries in an hour",
    axis: "share of replicates with its 99 % interval; dashed: alpha = 1 %",
    series: ["Haldane", ...loose.map((rival) => rivalWords[rival])],
    rows: rows.map(({ name, replicates: n, haldane, rivals }): DotRow => ({
      label: name,
      dots: [shareDot(haldane.count, n), ...loose.map((rival) => ({ at: rivals[rival].count / n }))],
    })),
    ticks: shareTicks,
    scale: "root",
    limit: 0.01,
  });
  return { markdown: markdown + unplayed(summaries), svg };
}

/** Harmful canaries: who finds them, and when. */
export function detections(summaries: readonly Summary[], title: string): Drawn {
  const rows = played(summaries);
  const markdown = table(
    [
      "scenario",
      "replicates",
      "Haldane",
      "requests over the oracle's",
      "missed although resolvable",
      "proven first",
      "oracle",
      ...loose.map((rival) => rivalWords[rival]),
    ],
    rows.map((summary) => {
      const { name, replicates: n, haldane, proofs, rivals } = summary;
      const missed = missedOf(summary);
      return [
        name,
        `${n}`,
        sayFound(haldane, n),
        sayRatio(summary.overOracle),
        missed === null ? "" : sayCount(missed, n),
        sayPart(proofs.count / n),
        sayFound(rivals.sprt, n),
        ...loose.map((rival) => sayFound(rivals[rival], n)),
      ];
    }),
  );
  const timeOf = ({ median }: Fired): Dot | null => (median === null ? null : { at: median });
  const shown = ["sprt", "kayenta", "flagger", "z", "asympcs"] as const;
  const svg = dotChart({
    title,
    axis: "median time from the difference to the rollback; nothing where fewer than half are found",
    series: ["Haldane", ...shown.map((rival) => rivalWords[rival])],
    rows: rows.map(({ name, haldane, rivals }): DotRow => ({
      label: name,
      dots: [timeOf(haldane), ...shown.map((rival) => timeOf(rivals[rival]))],
    })),
    ticks: secondTicks,
    scale: "log",
    limit: null,
  });
  return { markdown: markdown + unplayed(summaries), svg };
}

/** Canaries at and past their margin, and healthy ones: who lets them through. Thresholds let through what they do not fail. */
export function promotions(summaries: readonly Summary[]): Drawn {
  const rows = played(summaries);
  const passers = ["kayenta", "flagger", "argo"] as const;
  const markdown = table(
    [
      "scenario",
      "replicates",
      "Haldane promotes",
      "median",
      "requests over the bound's",
      "rolls back",
      ...passers.map((rival) => `${rivalWords[rival]} passes`),
    ],
    rows.map(({ name, replicates: n, proofs, haldane, overBound, rivals }) => [
      name,
      `${n}`,
      sayCount(proofs.count, n),
      proofs.median === null ? "" : saySeconds(proofs.median),
      sayRatio(overBound),
      sayPart(haldane.count / n),
      ...passers.map((rival) => sayPart(1 - rivals[rival].count / n)),
    ]),
  );
  const svg = dotChart({
    title: "Promotions at and past the margin, and of healthy canaries",
    axis: "share of replicates promoted, with Haldane's 99 % interval; dashed: beta = 5 %",
    series: ["Haldane", ...passers.map((rival) => rivalWords[rival])],
    rows: rows.map(({ name, replicates: n, proofs, rivals }): DotRow => ({
      label: name,
      dots: [shareDot(proofs.count, n), ...passers.map((rival) => ({ at: 1 - rivals[rival].count / n }))],
    })),
    ticks: shareTicks,
    scale: "root",
    limit: 0.05,
  });
  return { markdown: markdown + unplayed(summaries), svg };
}

/** Worlds that break: what is said of them. */
export function hostileVerdicts(summaries: readonly Summary[]): Drawn {
  const rows = played(summaries);
  const wanted = { healthy: "no rollback", harmful: "rollback", pastMargin: "no promotion", between: "any" };
  const markdown = table(
    ["scenario", "replicates", "wanted", "rollback", "by", "promoted or proven", "inconclusive"],
    rows.map(({ name, replicates: n, truth, haldane, reasons, proofs, inconclusive }) => [
      name,
      `${n}`,
      wanted[truth],
      sayFound(haldane, n),
      Object.keys(reasons).join(", "),
      sayPart(proofs.count / n),
      sayPart(inconclusive / n),
    ]),
  );
  const svg = dotChart({
    title: "Telemetry that lies and worlds that break: what Haldane says",
    axis: "share of replicates",
    series: ["rollback", "proven", "inconclusive"],
    rows: rows.map(({ name, replicates: n, haldane, proofs, inconclusive }): DotRow => ({
      label: name,
      dots: [{ at: haldane.count / n }, { at: proofs.count / n }, { at: inconclusive / n }],
    })),
    ticks: shareTicks,
    scale: "root",
    limit: null,
  });
  return { markdown: markdown + unplayed(summaries), svg };
}
