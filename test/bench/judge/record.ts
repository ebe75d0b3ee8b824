import { existsSync, readFileSync, writeFileSync } from "node:fs";
import type { CostReading } from "./cost.ts";
import type { Summary } from "./summary.ts";
import type { WhatIf } from "./ladder.ts";

/** What was measured last of each scenario, each what-if and the cost: the page is drawn from it. */
export interface BenchRecord {
  readonly summaries: readonly (Summary & { readonly date: string })[];
  readonly whatIfs: readonly WhatIf[];
  readonly costs: readonly CostReading[];
}

const file = "test/bench/judge/record.jsonl";

type Line =
  | { readonly kind: "scenario"; readonly summary: BenchRecord["summaries"][number] }
  | { readonly kind: "whatIf"; readonly whatIf: WhatIf }
  | { readonly kind: "cost"; readonly cost: CostReading };

export function readRecord(): BenchRecord {
  if (!existsSync(file)) return { summaries: [], whatIfs: [], costs: [] };
  const lines = readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Line);
  return {
    summaries: lines.flatMap((line) => (line.kind === "scenario" ? [line.summary] : [])),
    whatIfs: lines.flatMap((line) => (line.kind === "whatIf" ? [line.whatIf] : [])),
    costs: lines.flatMap((line) => (line.kind === "cost" ? [line.cost] : [])),
  };
}

/** Replaces what was measured anew; scenarios that were not played keep what they had. */
export function writeRecord(before: BenchRecord, measured: Partial<BenchRecord>): BenchRecord {
  const known = new Set(before.summaries.map(({ id }) => id));
  // A run that ended before it came to a scenario says nothing new of it.
  const fresh = (measured.summaries ?? []).filter(({ id, replicates }) => replicates > 0 || !known.has(id));
  const summaries = [
    ...before.summaries.filter(({ id }) => !fresh.some((one) => one.id === id)),
    ...fresh,
  ].sort((a, b) => a.id - b.id);
  const after = {
    summaries,
    whatIfs: measured.whatIfs ?? before.whatIfs,
    costs: measured.costs ?? before.costs,
  };
  const lines: Line[] = [
    ...after.summaries.map((summary): Line => ({ kind: "scenario", summary })),
    ...after.whatIfs.map((whatIf): Line => ({ kind: "whatIf", whatIf })),
    ...after.costs.map((cost): Line => ({ kind: "cost", cost })),
  ];
  writeFileSync(file, lines.map((line) => `${JSON.stringify(line, rounded)}\n`).join(""));
  return after;
}

function rounded(_: string, value: unknown): unknown {
  return typeof value === "number" && !Number.isInteger(value) ? Number(value.toPrecision(4)) : value;
}
