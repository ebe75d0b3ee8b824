import { quantile } from "./asked.ts";
import type { Sent } from "./telemetry-sender.ts";
import type { ThreadTime } from "./thread-time.ts";

/** One lane: the latencies of each round at the steady pace, and the answers a second of each burst. */
export interface LaneFigures {
  readonly name: string;
  readonly steady: readonly (readonly number[])[];
  readonly bursts: readonly number[];
  /** Of the answering main thread, over the steady questions of each round; empty where the system does not tell. */
  readonly threads: readonly {
    readonly before: ThreadTime;
    readonly after: ThreadTime;
    readonly seconds: number;
  }[];
}

/** What one answer costs its process. */
export interface LaneCost {
  readonly name: string;
  readonly cpuMs: number;
}

/** What was sent: at full speed, to find the limit, and while verdicts were asked for. */
export interface Load {
  readonly limit: Sent;
  readonly sent: Sent;
  /** Spans a second that were to be sent. */
  readonly asked: number;
}

interface Figures {
  readonly costs: readonly LaneCost[];
  readonly quiet: readonly LaneFigures[];
  readonly loaded: readonly LaneFigures[];
  readonly load: Load;
  readonly analyses: number;
  /** Questions a second of the steady pace. */
  readonly rate: number;
  /** Connections of a burst. */
  readonly connections: number;
  readonly machine: string;
  readonly date: string;
  readonly rounds: number;
}

/** The page of the figures, in Markdown. */
export function verdictsPage(figures: Figures): string {
  const { costs, quiet, loaded, load, analyses, rate, connections, machine, date, rounds } = figures;
  const { limit, sent } = load;
  return `# Verdicts: answers a second, and how long they take

Written by \`npm run bench -- verdicts\` on ${date}: ${machine}.

\`haldane serve\` runs as built, with ${analyses} open analyses of services that send from 80 instances in all. Spans come over
OTLP/HTTP (protobuf, plain, eight connections, 3,500 spans a body) from a process of its own, which yields to the others
for it stands for other machines; another one is the peer, a bare Hono route that answers
the same text as the verdict with nothing behind it. All share the cores of the machine: the peer is measured beside the same load.

- **The limit of ingest** was found in this run: ${thousands(limit.spans / limit.seconds)} thousand spans a second were acknowledged as fast as they were
  taken (durably, on disk), ${limit.refused} bodies refused.
- **Half of it** is ${thousands(load.asked)} thousand a second; ${thousands(sent.spans / sent.seconds)} thousand a second were acknowledged while
  verdicts were asked for, ${sent.refused} bodies refused.
- **Latency** is at ${rate} questions a second (two thousand rollouts that ask every ten seconds), each sent at its own time and counted from the time
  at which it was due: all that wait for a pause count it. Of ${rounds} rounds, in which the lanes take turns, the median; in brackets the lowest and the highest.
- **Ran** and **waited** tell of the main thread that answers, over the same time: how much of it it had a core, and how much it was ready and had none
  because others had them. Where it waited for more than a few percent, the latencies are those of the machine.
- **A second** is answers a second over ${connections} connections, as fast as they come.

The last column is how long an answer takes at p99, by the bare route's in the same table. The goal is a p99 of 10 ms beside
ingest on a machine of its own: read it with the bare route's, which has nothing to do but to wait for a core.

## While ingest runs at half its limit

${table(loaded)}
## Without ingest

${table(quiet)}
## CPU time of an answer

Before there is telemetry, over ${connections} connections as fast as they come; of all threads of the process, to its hundredth of a second.

${costTable(costs)}`;
}

function table(lanes: readonly LaneFigures[]): string {
  const peer = lanes.at(-1);
  const lines = lanes.map((lane) => {
    const cells = [0.5, 0.99, 0.999].map((q) =>
      spread(
        lane.steady.map((round) => quantile(round, q)),
        2,
      ),
    );
    const ratio = p99(lane) / (peer === undefined ? NaN : p99(peer));
    return `| ${lane.name} | ${cells.join(" | ")} | ${share(lane, "ranSeconds")} | ${share(lane, "waitedSeconds")} | ${spread(lane.bursts, 0)} | ${ratio.toFixed(1)} |`;
  });
  return `| | p50, ms | p99, ms | p99.9, ms | ran | waited | a second | p99 by the bare route's |
|---|---|---|---|---|---|---|---|
${lines.join("\n")}
`;
}

/** The median over the rounds, in percent of their time. */
function share({ threads }: LaneFigures, part: keyof ThreadTime): string {
  const shares = threads.map(({ before, after, seconds }) => (after[part] - before[part]) / seconds);
  return shares.length === 0 ? "not told" : `${Math.round(quantile(shares, 0.5) * 100)} %`;
}

function costTable(costs: readonly LaneCost[]): string {
  if (costs.length === 0) return "Not told by this system.\n";
  const peer = costs.at(-1)?.cpuMs ?? NaN;
  const lines = costs.map(
    ({ name, cpuMs }) =>
      `| ${name} | ${cpuMs.toFixed(3)} | ${Math.round(1000 / cpuMs).toLocaleString("en-US")} | ${(cpuMs / peer).toFixed(1)} |`,
  );
  return `| | ms | answers per CPU-second | by the bare route's |
|---|---|---|---|
${lines.join("\n")}
`;
}

function p99(lane: LaneFigures): number {
  return quantile(
    lane.steady.map((round) => quantile(round, 0.99)),
    0.5,
  );
}

function spread(values: readonly number[], digits: number): string {
  const said = (value: number): string =>
    value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return `${said(quantile(values, 0.5))} (${said(Math.min(...values))} to ${said(Math.max(...values))})`;
}

function thousands(rateOfSpans: number): string {
  return Math.round(rateOfSpans / 1000).toLocaleString("en-US");
}
