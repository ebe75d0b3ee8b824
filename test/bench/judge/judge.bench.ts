import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { isMainThread } from "node:worker_threads";
import { costs } from "./cost.ts";
import { playAll, serveChunks } from "./crew.ts";
import { notesOf, pageOf } from "./page.ts";
import { readRecord, writeRecord, type BenchRecord } from "./record.ts";
import { families, type Family } from "./scenario.ts";
import { scenarios } from "./scenarios.ts";
import { summaryOf, type Summary } from "./summary.ts";
import { whatIfs } from "./what-if.ts";

const docsFolder = "docs/benchmarks";
const defaults = { replicates: 4000, minutes: 24 * 60, threads: 1 };

interface Wanted {
  readonly families: readonly Family[];
  readonly ids: readonly number[];
  readonly replicates: number;
  readonly minutes: number;
  readonly threads: number;
}

/** False rollbacks, missed harm and times of verdicts, beside rivals on the same streams. */
export async function judgeBench(parameters: readonly string[]): Promise<void> {
  if (!isMainThread) {
    serveChunks();
    return;
  }
  const wanted = wantedOf(parameters);
  const measured: Partial<BenchRecord> = parameters.includes("--cost")
    ? { costs: costs() }
    : parameters.includes("--what-if")
      ? { whatIfs: whatIfs(Math.min(wanted.replicates, 100)) }
      : { summaries: parameters.includes("--page") ? [] : await played(wanted) };
  for (const summary of measured.summaries ?? []) console.log(describe(summary));
  if (parameters.includes("--dry")) {
    console.log(JSON.stringify({ costs: measured.costs, whatIfs: measured.whatIfs }, null, 1));
    return;
  }
  const machine = `${cpus().length} virtual cores, shared with other work; Node ${process.versions.node}`;
  const file = `${docsFolder}/judge.md`;
  const notes = existsSync(file) ? notesOf(readFileSync(file, "utf8")) : "";
  const page = pageOf(writeRecord(readRecord(), measured), scenarios, { machine, notes });
  writeFileSync(file, page.markdown);
  for (const [name, svg] of Object.entries(page.pictures)) writeFileSync(`${docsFolder}/${name}`, svg);
}

async function played(wanted: Wanted): Promise<BenchRecord["summaries"]> {
  const chosen = scenarios.filter(
    ({ family, id }) =>
      wanted.families.includes(family) && (wanted.ids.length === 0 || wanted.ids.includes(id)),
  );
  const started = performance.now();
  const outcomes = await playAll(chosen, {
    ...wanted,
    progress: (done, parts) => {
      if (done % 20 === 0) console.error(`${done} of ${parts} parts, ${seconds(started)} s`);
    },
  });
  const date = new Date().toISOString().slice(0, 10);
  return chosen.map((scenario) => ({ ...summaryOf(scenario, outcomes.get(scenario.id) ?? []), date }));
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
