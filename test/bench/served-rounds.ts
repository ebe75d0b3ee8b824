import { setTimeout as wait } from "node:timers/promises";
import type { RawBody } from "#ingest/otlp/body.ts";
import { cachedCollector } from "#test/support/built-collector.ts";
import { bodiesOf, type BodyForm, type Spent } from "./ingest-lanes.ts";
import { MovedBatches } from "./moved-batches.ts";
import { recordsOf } from "./otlp-batches.ts";
import { costOf, whyNoCosts } from "./process-cost.ts";
import { post, serveCollector, serveHaldane, type ServedContender } from "./served-contenders.ts";

/** One receiver on one form of bodies: what each round cost its process, and the most memory that it ever had. */
export interface ServedRow {
  readonly form: BodyForm;
  readonly name: string;
  readonly spent: readonly Spent[];
  readonly peakBytes: number;
}

export const servedName = "Haldane, `serve`";
export const collectorName = "Collector";
export const tunedName = "Collector, GOGC=400";
export const edgelessName = "Collector, no edges";

/** What a receiver does right after its last answer is in the round. */
const afterMs = 1000;
/** The Collector hands on what it counted each 10 s: its memory is looked at after that. */
const flushMs = 12_000;
const warmUps = 2;

/** Why the receivers, or the Collector among them, are not measured here; null where they are. */
export function whyNotServed(): { readonly all: string | null; readonly collector: string | null } {
  return {
    all: whyNoCosts,
    collector: cachedCollector() === null ? "`npm run build:collector` has not built it here" : null,
  };
}

/** The plan's forms over HTTP, each with fresh processes; spans beside the Collector where it is built. */
export async function servedRows(
  plan: readonly BodyForm[],
  rounds: number,
  tell: (row: ServedRow) => void,
): Promise<readonly ServedRow[]> {
  const rows: ServedRow[] = [];
  for (const signal of ["traces", "metrics", "logs"] as const)
    for (const order of ["ascending", "descending"] as const) {
      const forms = plan.filter((form) => form.signal === signal && form.form === order);
      const batches = new MovedBatches(signal, order, forms[0]?.batches ?? 0);
      for (const form of forms) {
        const found = await contendServed(form, batches, rounds);
        found.forEach(tell);
        rows.push(...found);
      }
    }
  return rows;
}

async function contendServed(
  form: BodyForm,
  batches: MovedBatches,
  rounds: number,
): Promise<readonly ServedRow[]> {
  const contenders: ServedContender[] = [];
  try {
    contenders.push(await serveHaldane(servedName));
    const binary = form.signal === "traces" ? cachedCollector() : null;
    if (binary !== null) {
      const connectors = "span_metrics, service_graph";
      const environment = { GOGC: "400" };
      contenders.push(await serveCollector(collectorName, binary, { connectors }));
      contenders.push(await serveCollector(tunedName, binary, { connectors, environment }));
      contenders.push(await serveCollector(edgelessName, binary, { connectors: "span_metrics" }));
    }
    const spent = contenders.map((): Spent[] => []);
    for (let round = -warmUps; round < rounds; round += 1) {
      const bodies = bodiesOf(form, batches.at(Date.now()));
      for (const [place, contender] of contenders.entries()) {
        const one = await takeAll(contender, bodies);
        if (round >= 0) spent[place]!.push(one);
      }
    }
    await wait(flushMs);
    return contenders.map(({ name, pid }, place) => {
      return { form, name, spent: spent[place]!, peakBytes: costOf(pid).peakBytes };
    });
  } finally {
    for (const contender of contenders) await contender.stop();
  }
}

/** One contender takes bodies; what they cost its process. */
async function takeAll({ url, pid }: ServedContender, bodies: readonly RawBody[]): Promise<Spent> {
  const before = costOf(pid).cpuSeconds;
  await post(url, bodies);
  await wait(afterMs);
  return {
    records: bodies.reduce((sum, { signal }) => sum + recordsOf(signal), 0),
    bytes: bodies.reduce((sum, { bytes }) => sum + bytes.length, 0),
    cpuSeconds: costOf(pid).cpuSeconds - before,
  };
}
