import { fork, type ChildProcess } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { deserialize, serialize } from "node:v8";
import { bodiesOf, Lane, plainBatches, type BodyForm, type LaneName, type Spent } from "./ingest-lanes.ts";
import { ingestPage, type BenchRow } from "./ingest-page.ts";
import { servedRows, whyNotServed, type ServedRow } from "./served-rounds.ts";

/** What the parent asks of a child: bodies and lanes to hold, or one round of one lane. */
type Ask =
  | {
      readonly ask: "open";
      readonly form: BodyForm;
      readonly file: string;
      readonly lanes: readonly LaneName[];
    }
  | { readonly ask: "round"; readonly lane: LaneName; readonly bodies: number };

interface Contender {
  readonly name: string;
  readonly lane: LaneName;
  readonly child: ChildProcess;
  /** Bodies of one round: the slow ones take fewer, so that rounds last about as long. */
  readonly bodies: number;
}

const distinctBatches = 128;
const rounds = 5;
const docsPage = "docs/benchmarks/ingest.md";

const plan: readonly BodyForm[] = [
  ...(["traces", "metrics", "logs"] as const).flatMap((signal) =>
    (["ascending", "descending"] as const).flatMap((form) =>
      [false, true].map((gzip) => ({ signal, form, gzip, batches: distinctBatches })),
    ),
  ),
  { signal: "traces", form: "json", gzip: false, batches: 32 },
];

/**
 * Ingest per CPU-second beside protobufjs and beside a Collector, in alternating rounds; writes the page of figures unless told
 * `--dry`. With `--served` only what goes over HTTP is measured, with `--in-process` only the rest, and nothing is written.
 */
export async function ingestBench(parameters: readonly string[]): Promise<void> {
  if (process.send !== undefined) {
    serveRounds();
    return;
  }
  const asked = (flag: string): boolean => parameters.includes(flag);
  const rows = asked("--served") ? [] : await rowsInProcess();
  const served = asked("--in-process") ? [] : await rowsOverHttp();
  if (asked("--served") || asked("--in-process") || asked("--dry")) return;
  const machine = `${cpus().length} virtual cores, shared with other work; Node ${process.versions.node}`;
  const date = new Date().toISOString().slice(0, 10);
  writeFileSync(docsPage, ingestPage({ rows, served, machine, date, rounds }));
}

async function rowsOverHttp(): Promise<readonly ServedRow[]> {
  const { all, collector } = whyNotServed();
  if (all !== null) {
    console.log(`Nothing is measured over HTTP: ${all}.`);
    return [];
  }
  if (collector !== null) console.log(`The Collector is not measured: ${collector}.`);
  return servedRows(plan, rounds, (row) => {
    console.log(`over HTTP, ${describe(row)}, ${Math.round(row.peakBytes / 1e6)} MB`);
  });
}

async function rowsInProcess(): Promise<readonly BenchRow[]> {
  const folder = mkdtempSync(join(tmpdir(), "haldane-bench-"));
  const file = join(folder, "batches");
  const own = startChild([]);
  const other = startChild([]);
  const roomy = startChild(["--max-semi-space-size=64"]);
  try {
    const rows: BenchRow[] = [];
    for (const form of plan) {
      // Plain and gzip stand beside each other in the plan, and share their batches.
      if (!form.gzip)
        writeFileSync(file, serialize(plainBatches(form).map((batch) => Uint8Array.from(batch))));
      const found = await contend(form, file, contendersOf(form, { own, other, roomy }));
      for (const row of found) console.log(describe(row));
      rows.push(...found);
    }
    return rows;
  } finally {
    for (const child of [own, other, roomy]) child.kill();
    rmSync(folder, { recursive: true });
  }
}

function startChild(flags: readonly string[]): ChildProcess {
  return fork(process.argv[1]!, ["ingest"], { execArgv: [...flags] });
}

function contendersOf(
  form: BodyForm,
  children: Readonly<Record<"own" | "other" | "roomy", ChildProcess>>,
): readonly Contender[] {
  const { own, other, roomy } = children;
  const finished = { name: "Haldane, finished path", lane: "finished", child: own, bodies: 64 } as const;
  if (form.gzip) return [finished];
  const visitor = { name: "Haldane, visitor alone", lane: "visitor", child: own, bodies: 64 } as const;
  if (form.form === "json")
    return [
      { ...finished, bodies: 32 },
      { ...visitor, bodies: 32 },
      { name: "JSON.parse", lane: "JSON.parse", child: other, bodies: 32 },
    ];
  return [
    finished,
    visitor,
    { name: "protobufjs decode, semi-space 64 MB", lane: "protobufjs", child: roomy, bodies: 24 },
    { name: "protobufjs decode", lane: "protobufjs", child: other, bodies: 24 },
  ];
}

async function contend(
  form: BodyForm,
  file: string,
  contenders: readonly Contender[],
): Promise<readonly BenchRow[]> {
  for (const child of new Set(contenders.map((contender) => contender.child))) {
    const lanes = contenders.filter((contender) => contender.child === child).map(({ lane }) => lane);
    await ask(child, { ask: "open", form, file, lanes });
  }
  const spent = contenders.map((): Spent[] => []);
  for (let round = -1; round < rounds; round += 1) {
    for (const [place, { child, lane, bodies }] of contenders.entries()) {
      // The first round warms up: a whole turn for the finished path.
      const count = round < 0 ? 2 * bodies : bodies;
      const one = (await ask(child, { ask: "round", lane, bodies: count })) as Spent;
      if (round >= 0) spent[place]!.push(one);
    }
  }
  return contenders.map(({ name }, place) => ({ form, name, spent: spent[place]! }));
}

function ask(child: ChildProcess, question: Ask): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null): void => {
      reject(new Error(`a measuring process ended with ${code ?? "a signal"}`));
    };
    child.once("exit", ended);
    child.once("message", (answer) => {
      child.off("exit", ended);
      resolve(answer);
    });
    child.send(question);
  });
}

function serveRounds(): void {
  let lanes = new Map<LaneName, Lane>();
  process.on("message", (question: Ask) => {
    if (question.ask === "open") {
      const batches = deserialize(readFileSync(question.file)) as readonly Uint8Array[];
      const bodies = bodiesOf(
        question.form,
        batches.map((batch) => Uint8Array.from(batch)),
      );
      lanes = new Map(question.lanes.map((name) => [name, new Lane(name, bodies)]));
      process.send!("open");
    } else process.send!(lanes.get(question.lane)!.run(question.bodies));
  });
}

function describe({ form, name, spent }: BenchRow): string {
  const rates = spent.map(({ records, cpuSeconds }) => Math.round(records / cpuSeconds / 1000));
  return `${form.signal} ${form.form}${form.gzip ? " gzip" : ""}: ${name}: ${rates.join(" ")} k/cpu-s`;
}
