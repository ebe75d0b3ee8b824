import { setTimeout as wait } from "node:timers/promises";
import { deploymentLabel } from "#model/deployment.ts";
import { openTelemetryReader } from "#store/sqlite/telemetry-reader.ts";

/** What is stored of one version, over all its instances and windows. */
export interface Arrived {
  readonly spans: number;
  readonly failedSpans: number;
  /** Requests that metrics counted. */
  readonly measured: number;
  readonly logRecords: number;
  /** Distinct traces that logged an error. */
  readonly errorTraces: number;
  readonly counters: Readonly<Record<string, number>>;
}

const none: Arrived = { spans: 0, failedSpans: 0, measured: 0, logRecords: 0, errorTraces: 0, counters: {} };

/** Reads the telemetry of a data folder, also of a running process: what arrived, by the version's label. */
export function arrivedIn(dataFolder: string): Readonly<Record<string, Arrived>> {
  const opened = openTelemetryReader(`${dataFolder}/telemetry.db`);
  if (!opened.ok) throw new Error(opened.error.message);
  const reader = opened.value;
  try {
    const found = reader.deployments().map((deployment) => {
      const of = { deploymentIds: [deployment.id], from: 0, to: Number.MAX_SAFE_INTEGER };
      const rows = [false, true].flatMap((late) => [...reader.samples({ ...of, late })]);
      return [deploymentLabel(deployment), rows.reduce(add, none)] as const;
    });
    return Object.fromEntries(found);
  } finally {
    reader.close();
  }
}

type Row = ReturnType<
  Extract<ReturnType<typeof openTelemetryReader>, { ok: true }>["value"]["samples"]
>[number];

function add(sum: Arrived, { measure, sample }: Row): Arrived {
  if (sample.kind === "requests" && measure.kind === "requests") {
    if (measure.source === "metrics") return { ...sum, measured: sum.measured + sample.count };
    return { ...sum, spans: sum.spans + sample.count, failedSpans: sum.failedSpans + sample.errors };
  }
  if (sample.kind === "logs")
    return {
      ...sum,
      logRecords: sum.logRecords + sample.records,
      errorTraces: sum.errorTraces + sample.traces.length,
    };
  if (sample.kind === "counter" && measure.kind === "counter") {
    const total = (sum.counters[measure.metric] ?? 0) + sample.total;
    return { ...sum, counters: { ...sum.counters, [measure.metric]: total } };
  }
  return sum;
}

/** Looks at a data folder until what arrived is `enough`; the test's time-out is the limit. */
export async function untilArrived(
  dataFolder: string,
  enough: (arrived: Readonly<Record<string, Arrived>>) => boolean,
): Promise<Readonly<Record<string, Arrived>>> {
  for (;;) {
    const arrived = arrivedIn(dataFolder);
    if (enough(arrived)) return arrived;
    await wait(100);
  }
}
