import type { BodyForm, Spent } from "./ingest-lanes.ts";

/** One contender on one form of bodies: what each round cost it. */
export interface BenchRow {
  readonly form: BodyForm;
  readonly name: string;
  readonly spent: readonly Spent[];
}

interface Figures {
  readonly rows: readonly BenchRow[];
  readonly machine: string;
  readonly date: string;
  readonly rounds: number;
}

const finishedName = "Haldane, finished path";

/** The page of the figures, in Markdown. */
export function ingestPage(figures: Figures): string {
  const forms = [...new Set(figures.rows.map((row) => row.form))];
  const tables = forms.map((form) =>
    table(
      form,
      figures.rows.filter((row) => row.form === form),
    ),
  );
  return `# Ingest: records per CPU-second

Written by \`npm run bench -- ingest\` on ${figures.date}: ${figures.machine}.

What is measured: 128 different batches in turn (32 of JSON), ten resources each, of eight services with sixteen operations;
3,500 spans, 4,200 points or 3,500 log records a batch. The figure is the records by the CPU time of the whole process
(\`process.cpuUsage\`: all threads, garbage collection included), the median of ${figures.rounds} rounds that alternate between the
contenders; in brackets the lowest and the highest round. The machine is shared: trust the ratios more than the figures.

- **Finished path**: decompress, digest, decode, attribute, accumulate, and hand out the changed samples after every eight bodies.
  Writing them to disk and HTTP are not in it.
- **Visitor alone**: check and decode for an observer that interns every text and counts.
- **protobufjs decode**: the decoder that protobufjs 8 generates at run time from the reflected schema (the same code that its
  command line writes out as a static module), to objects, nothing done with them; with the defaults of Node, and with
  \`--max-semi-space-size=64\`.
- **Ascending** is the order of fields that the SDKs write, **descending** the Collector's.

The last column is the finished path by the row: above 1 the finished path is the faster one.

${tables.join("\n")}`;
}

function table(form: BodyForm, rows: readonly BenchRow[]): string {
  const words = { traces: "Spans", metrics: "Points", logs: "Log records" } as const;
  const wire = form.form === "json" ? "JSON" : `protobuf, ${form.form}`;
  const { records, bytes } = sumOf(rows[0]?.spent ?? []);
  const finished = medianRate(rows.find((row) => row.name === finishedName)?.spent ?? []);
  const lines = rows.map(({ name, spent }) => {
    const rates = spent.map(rateOf);
    const range = `${thousands(Math.min(...rates))} to ${thousands(Math.max(...rates))}`;
    const median = medianRate(spent);
    return `| ${name} | ${thousands(median)} (${range}) | ${(finished / median).toFixed(1)} |`;
  });
  return `## ${words[form.signal]}, ${wire}, ${form.gzip ? "gzip" : "plain"} (${Math.round(bytes / records)} bytes each on the wire)

| | thousand per CPU-second | finished path is |
|---|---|---|
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
