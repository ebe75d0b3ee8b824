import { isMainThread } from "node:worker_threads";
import { playAll, serveChunks } from "./crew.ts";
import { families, type Family } from "./scenario.ts";
import { scenarios } from "./scenarios.ts";
import { summaryOf, type Summary } from "./summary.ts";

const defaults = { replicates: 4000, minutes: 24 * 60, threads: 1 };

interface Wanted {
  readonly families: readonly Family[];
  readonly ids: readonly number[];
  readonly replicates: number;
  readonly minutes: number;
  readonly threads: number;
  readonly dry: boolean;
}

/** False rollbacks, missed harm and times of verdicts, beside rivals on the same streams. */
export async function judgeBench(parameters: readonly string[]): Promise<void> {
  if (!isMainThread) {
    serveChunks();
    return;
  }
  const wanted = wantedOf(parameters);
  const chosen = scenarios.filter(
    ({ family, id }) =>
      wanted.families.includes(family) && (wanted.ids.length === 0 || wanted.ids.includes(id)),
  );
  const started = performance.now();
  const outcomes = await playAll(chosen, {
    ...wanted,
    progress: (done, chunks) => {
      if (done % 20 === 0) console.error(`${done} of ${chunks} parts, ${seconds(started)} s`);
    },
  });
  const summaries = chosen.map((scenario) => summaryOf(scenario, outcomes.get(scenario.id) ?? []));
  for (const summary of summaries) console.log(describe(summary));
}

function seconds(started: number): number {
  return Math.round((performance.now() - started) / 1000);
}

function wantedOf(parameters: readonly string[]): Wanted {
  const given = (name: string): string | null => {
    const at = parameters.indexOf(`--${name}`);
    return at === -1 ? null : (parameters[at + 1] ?? null);
  };
  const family = given("family");
  if (family !== null && !/^[A-H]+$/.test(family))
    throw new Error(`--family ${family}: letters from A to H are expected`);
  const numberOf = (name: "replicates" | "minutes" | "threads"): number => {
    const value = Number(given(name) ?? defaults[name]);
    if (!(value > 0)) throw new Error(`--${name} ${given(name) ?? ""}: a number above 0 is expected`);
    return value;
  };
  return {
    families: family === null ? families : families.filter((letter) => family.includes(letter)),
    ids: given("only")?.split(",").map(Number) ?? [],
    replicates: numberOf("replicates"),
    minutes: numberOf("minutes"),
    threads: numberOf("threads"),
    dry: parameters.includes("--dry"),
  };
}

function describe(summary: Summary): string {
  const { id, name, replicates, haldane, rivals, reasons, proofs } = summary;
  if (summary.unjudged !== null) return `${id} ${name}: not judged: ${summary.unjudged}`;
  const at = ({ count, median }: { count: number; median: number | null }): string =>
    `${count}${median === null ? "" : `@${median}`}`;
  const others = Object.entries(rivals).map(([rival, one]) => `${rival} ${at(one)}`);
  return `${id} ${name}: ${replicates} x: rollback ${at(haldane)} ${JSON.stringify(reasons)}, proven ${at(proofs)}, inconclusive ${summary.inconclusive}, suspected ${summary.suspected}; ${others.join(", ")}; over oracle ${summary.overOracle?.toFixed(2) ?? "-"}, over bound ${summary.overBound?.toFixed(2) ?? "-"}${summary.culprits === null ? "" : ` ${JSON.stringify(summary.culprits)}`}; draw ${summary.drawMs.toFixed(0)} ms, engine ${summary.engineMs.toFixed(0)} ms`;
}
