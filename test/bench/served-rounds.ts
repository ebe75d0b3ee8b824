import { setTimeout as wait } from "node:timers/promises";
import { cachedCollector } from "#test/support/built-collector.ts";
import { bodiesOf, type BodyForm, type Spent } from "./ingest-lanes.ts";
import { MovedBatches } from "./moved-batches.ts";
import { recordsOf } from "./otlp-batches.ts";
import { costOf, whyNoCosts, type ProcessCost } from "./process-cost.ts";
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

/** Time in which what a receiver put off is done: the Collector's flush each 10 s, Haldane's sealing of windows. */
const quietMs = 12_000;
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
      contenders.push(await serveCollector(collectorName, binary, {}));
      contenders.push(await serveCollector(tunedName, binary, { GOGC: "400" }));
    }
    const marks = contenders.map((): ProcessCost[] => []);
    let bytes = 0;
    for (let round = -warmUps; round < rounds; round += 1) {
      const bodies = bodiesOf(form, batches.at(Date.now()));
      bytes = bodies.reduce((sum, body) => sum + body.bytes.length, 0);
      for (const [place, { url, pid }] of contenders.entries()) {
        if (round >= 0) marks[place]!.push(costOf(pid));
        await post(url, bodies);
      }
    }
    await wait(quietMs);
    const records = form.batches * recordsOf(form.signal);
    return contenders.map(({ name, pid }, place) => {
      const last = costOf(pid);
      const each = [...marks[place]!, last].map(({ cpuSeconds }) => cpuSeconds);
      // A round lasts until the next one of the same contender: what was put off is in it.
      const spent = each.slice(1).map((cpuSeconds, round) => ({
        ...{ records, bytes },
        cpuSeconds: cpuSeconds - each[round]!,
      }));
      return { form, name, spent, peakBytes: last.peakBytes };
    });
  } finally {
    for (const contender of contenders) await contender.stop();
  }
}
