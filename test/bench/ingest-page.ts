import { collectorVersion } from "#test/support/built-collector.ts";
import type { BodyForm, Spent } from "./ingest-lanes.ts";
import { collectorName, edgelessName, servedName, tunedName, type ServedRow } from "./served-rounds.ts";

/** One contender on one form of bodies: what each round cost it. */
export interface BenchRow {
  readonly form: BodyForm;
  readonly name: string;
  readonly spent: readonly Spent[];
}

interface Figures {
  readonly rows: readonly BenchRow[];
  readonly served: readonly ServedRow[];
  readonly machine: string;
  readonly date: string;
  readonly rounds: number;
}

const finishedName = "Haldane, finished path";

/** The page of the figures, in Markdown. */
export function ingestPage({ rows, served, machine, date, rounds }: Figures): string {
  return `# Ingest: records per CPU-second

Written by \`npm run bench -- ingest\` on ${date}: ${machine}.

What is measured: 128 different batches in turn (32 of JSON), ten resources each, of eight services with sixteen operations;
3,500 spans, 4,200 points or 3,500 log records a batch. The figure is the records by the CPU time of the whole process (all threads,
garbage collection included), the median of ${rounds} rounds that alternate between the contenders; in brackets the lowest and
the highest round. The machine is shared: trust the ratios more than the figures.

**Ascending** is the order of fields that the SDKs write, **descending** the Collector's.

## Over HTTP, durable

${servedWords}

${servedTables(served)}
## In one process

- **Finished path**: decompress, digest, decode, attribute, accumulate, and hand out the changed samples after every eight bodies.
  Writing them to disk and HTTP are not in it.
- **Visitor alone**: check and decode for an observer that interns every text and counts.
- **protobufjs decode**: the decoder that protobufjs 8 generates at run time from the reflected schema (the same code that its
  command line writes out as a static module), to objects, nothing done with them; with the defaults of Node, and with
  \`--max-semi-space-size=64\`.

The last column is the finished path by the row: above 1 the finished path is the faster one.

${tablesOf(rows, (form, its) => table(form, its, { name: finishedName, words: "finished path is" }))}`;
}

const servedWords = `Each contender is a process of its own that takes the same bodies over eight connections on loopback, from a sender whose CPU time is
not counted. The times in the bodies are those of the moment, so no body is like one that was sent before.

- **${servedName}**: the built product with its defaults, but for \`automatic: false\`: nothing is analysed beside it. It answers 200 when the samples
  are on disk.
- **${collectorName}**: OpenTelemetry Collector ${collectorVersion}, \`otlp\` to \`span_metrics\` and \`service_graph\` (both flushed each 10 s; \`max_items\` 200,000,
  because at the default of 1,000 edges are lost) to \`nop\`: requests, errors and durations by operation, and edges between
  services. Its samples are in memory only. No batch processor, its own metrics off.
- **${tunedName}**: the same with a heap that may grow to five times what is in use before it is collected.
- **${edgelessName}**: the first without \`service_graph\`.

It is not the same work. Haldane counts by instance and revision, recognises a body that comes again, and writes to disk, which the
Collector does not; the Collector pairs calls with what they call, which Haldane does not.

CPU time is what the system counts for the process (\`/proc/PID/stat\`) from the first byte of a round to a second after its last answer.
Peak memory is the most that the process ever had (\`VmHWM\`).`;

function servedTables(served: readonly ServedRow[]): string {
  if (served.length === 0) return "Not measured on this machine.\n";
  const reference = { name: servedName, words: "Haldane is" };
  return `${goals(served)}
${tablesOf(served, (form, rows) => table(form, rows, reference))}`;
}

/** The ratios of all forms against what is aimed at. */
function goals(served: readonly ServedRow[]): string {
  const peer = (name: string, ratio: (own: ServedRow, other: ServedRow) => number): string => {
    const ratios = served
      .filter((row) => row.name === name)
      .map((row) =>
        ratio(
          served.find(({ form, name: own }) => form === row.form && own === servedName)!,
          row,
        ),
      );
    return ratios.length === 0 ? "not measured" : spread(ratios);
  };
  const speed = (own: ServedRow, other: ServedRow): number => medianRate(own.spent) / medianRate(other.spent);
  const memory = (own: ServedRow, other: ServedRow): number => own.peakBytes / other.peakBytes;
  return `| spans, over the forms below | aim | measured |
|---|---|---|
| per CPU-second, by the Collector's | at least 4 | ${peer(collectorName, speed)} |
| per CPU-second, by those of the Collector without edges | | ${peer(edgelessName, speed)} |
| per CPU-second, by those of the Collector with GOGC=400 | at least 2.5 | ${peer(tunedName, speed)} |
| peak memory, by the Collector's | at most 0.5 | ${peer(collectorName, memory)} |
| peak memory, by that of the Collector with GOGC=400 | | ${peer(tunedName, memory)} |
`;
}

function spread(ratios: readonly number[]): string {
  return `${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}`;
}

type AnyRow = BenchRow & Partial<ServedRow>;

function tablesOf<Row extends AnyRow>(
  rows: readonly Row[],
  draw: (form: BodyForm, rows: readonly Row[]) => string,
): string {
  const forms = [...new Set(rows.map((row) => row.form))];
  const each = (form: BodyForm): readonly Row[] => rows.filter((row) => row.form === form);
  return forms.map((form) => draw(form, each(form))).join("\n");
}

function table(
  form: BodyForm,
  rows: readonly AnyRow[],
  reference: { readonly name: string; readonly words: string },
): string {
  const words = { traces: "Spans", metrics: "Points", logs: "Log records" } as const;
  const wire = form.form === "json" ? "JSON" : `protobuf, ${form.form}`;
  const { records, bytes } = sumOf(rows[0]?.spent ?? []);
  const own = medianRate(rows.find((row) => row.name === reference.name)?.spent ?? []);
  const withMemory = rows.some(({ peakBytes }) => peakBytes !== undefined);
  const lines = rows.map(({ name, spent, peakBytes }) => {
    const rates = spent.map(rateOf);
    const range = `${thousands(Math.min(...rates))} to ${thousands(Math.max(...rates))}`;
    const median = medianRate(spent);
    const memory = peakBytes === undefined ? "" : ` ${Math.round(peakBytes / 1e6)} MB |`;
    return `| ${name} | ${thousands(median)} (${range}) |${memory} ${(own / median).toFixed(1)} |`;
  });
  return `### ${words[form.signal]}, ${wire}, ${form.gzip ? "gzip" : "plain"} (${Math.round(bytes / records)} bytes each on the wire)

| | thousand per CPU-second |${withMemory ? " peak memory |" : ""} ${reference.words} |
|---|---|---|${withMemory ? "---|" : ""}
${lines.join("\n")}
`;
}

function sumOf(spent: readonly Spent[]): { readonly records: number; readonly bytes: number } {
  return spent.reduce((sum, one) => ({ records: sum.records + one.records, bytes: sum.bytes + one.bytes }), {
    records: 0,
    bytes: 0,
  });
}

function rateOf({ records, cpuSeconds }: Spent): number {
  return records / cpuSeconds;
}

function medianRate(spent: readonly Spent[]): number {
  return spent.map(rateOf).sort((a, b) => a - b)[spent.length >> 1] ?? NaN;
}

function thousands(rate: number): string {
  return Math.round(rate / 1000).toLocaleString("en-US");
}
