import { simulate, type Outcome, type Seams } from "./simulation.ts";

/** A failing seed as people need it: what broke, and everything that led there. */
export function tellFailure({ seed, violations, trace }: Outcome): string {
  const broken = violations.map(({ promise, text, atMs }) => `  ${promise} (${atMs} ms): ${text}`);
  return [
    `seed ${seed} breaks`,
    ...broken,
    ...trace,
    `again: npm run simulate -- --from ${seed} --seeds 1 --trace`,
  ].join("\n");
}

export interface Summary {
  readonly failed: readonly number[];
  readonly text: string;
  readonly tally: ReadonlyMap<string, number>;
  readonly crashes: number;
}

/** Plays seeds in order and counts how their analyses ended. */
export async function simulateMany(
  range: { readonly from: number; readonly seeds: number },
  each: (outcome: Outcome) => void,
  seams: Seams = {},
): Promise<Summary> {
  const began = performance.now();
  const tally = new Map<string, number>();
  const failed: number[] = [];
  const total = { saves: 0, crashes: 0, analyses: 0 };
  for (let seed = range.from; seed < range.from + range.seeds; seed += 1) {
    const outcome = await simulate(seed, { seams });
    each(outcome);
    if (outcome.violations.length > 0) failed.push(seed);
    total.saves += outcome.saves;
    total.crashes += outcome.crashes;
    for (const analysis of outcome.analyses) {
      total.analyses += 1;
      const by = analysis.verdict.reasons.some(({ code }) => code === "operator") ? " by an operator" : "";
      const kind = outcome.behaviours[analysis.service]?.v2.kind ?? "";
      const name = `${kind} ${analysis.terminal?.word ?? "open"}${by}`;
      tally.set(name, (tally.get(name) ?? 0) + 1);
    }
  }
  const seconds = (performance.now() - began) / 1000;
  const lines = [...tally.entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, count]) => `  ${name}: ${count}`);
  const text = [
    `${range.seeds} seeds from ${range.from} in ${seconds.toFixed(1)} s (${(range.seeds / seconds).toFixed(1)} seeds/s): ` +
      `${total.analyses} analyses, ${total.saves} saves, ${total.crashes} crashes, ${failed.length} seeds broken` +
      (failed.length > 0 ? ` (${failed.slice(0, 20).join(", ")})` : ""),
    ...lines,
  ].join("\n");
  return { failed, text, tally, crashes: total.crashes };
}
