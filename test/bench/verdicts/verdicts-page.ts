import { quantile } from "./asked.ts";
import type { Sent } from "./telemetry-sender.ts";

/** One lane: the latencies of each round at the steady pace, and the answers a second of each burst. */
export interface LaneFigures {
  readonly name: string;
  readonly steady: readonly (readonly number[])[];
  readonly bursts: readonly number[];
}

/** What was sent: at full speed, to find the limit, and while verdicts were asked for. */
export interface Load {
  readonly limit: Sent;
  readonly sent: Sent;
  /** Spans a second that were to be sent. */
  readonly asked: number;
}

interface Figures {
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
  const { quiet, loaded, load, analyses, rate, connections, machine, date, rounds } = figures;
  const { limit, sent } = load;
  return `# Verdicts: answers a second, and how long they take

Written by \`npm run bench -- verdicts\` on ${date}: ${machine}.

\`haldane serve\` runs as built, with ${analyses} open analyses of services that send from 80 instances in all. Spans come over
OTLP/HTTP (protobuf, plain, eight connections, 3,500 spans a body) from a process of its own; another one is the peer, a bare Hono route that answers
the same text as the verdict with nothing behind it. All share the cores of the machine: the peer is measured beside the same load.

- **The limit of ingest** was found in this run: ${thousands(limit.spans / limit.seconds)} thousand spans a second were acknowledged as fast as they were
  taken (durably, on disk), ${limit.refused} bodies refused.
- **Half of it** is ${thousands(load.asked)} thousand a second; ${thousands(sent.spans / sent.seconds)} thousand a second were acknowledged while
  verdicts were asked for, ${sent.refused} bodies refused.
- **Latency** is at ${rate} questions a second (two thousand rollouts that ask every ten seconds), each sent at its own time and counted from the time
  at which it was due: all that wait for a pause count it. Of ${rounds} rounds, in which the lanes take turns, the median; in brackets the lowest and the highest.
- **A second** is answers a second over ${connections} connections, as fast as they come.

The last column is how long an answer takes at p99, by the bare route's in the same table.

## While ingest runs at half its limit

${table(loaded)}
## Without ingest

${table(quiet)}`;
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
    return `| ${lane.name} | ${cells.join(" | ")} | ${spread(lane.bursts, 0)} | ${ratio.toFixed(1)} |`;
  });
  return `| | p50, ms | p99, ms | p99.9, ms | a second | p99 by the bare route's |
|---|---|---|---|---|---|
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
