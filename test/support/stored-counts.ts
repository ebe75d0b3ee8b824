import { Accumulate, type AccumulateOptions } from "#engine/accumulate.ts";
import { BoundedInterner } from "#model/interner.ts";
import { openTelemetry, type Telemetry } from "#store/sqlite/open-telemetry.ts";
import type { NaiveCounts } from "./naive-aggregate.ts";

export interface Accumulated {
  readonly accumulate: Accumulate;
  readonly interner: BoundedInterner;
  readonly store: Telemetry;
  /** Writes what changed. */
  write(): void;
}

export function openStore(): Telemetry {
  const opened = openTelemetry(":memory:");
  if (!opened.ok) throw new Error(opened.error.message);
  return opened.value;
}

/** An accumulate on a store in memory, taking up what stands there. */
export function accumulateOn(store: Telemetry, options: Partial<AccumulateOptions> = {}): Accumulated {
  const interner = new BoundedInterner();
  const { writer } = store;
  const accumulate = new Accumulate({
    interner,
    loadSample: (series, window, late) => writer.sample(series, window, late),
    ...options,
  });
  accumulate.restore(writer);
  return {
    accumulate,
    interner,
    store,
    write: () => {
      writer.commit({ ...accumulate.drain(), digests: [] });
    },
  };
}

/** What the store holds, in the shape of the reference. */
export function storedCounts(store: Telemetry, late = false): Readonly<Record<string, NaiveCounts>> {
  const cells: Record<string, NaiveCounts> = {};
  const deployments = store.reader.deployments();
  const deploymentIds = deployments.map(({ id }) => id);
  const instances = store.reader.instances(deploymentIds);
  for (const row of store.reader.samples({ deploymentIds, from: 0, to: 1e15, late })) {
    const version = deployments
      .find(({ id }) => id === row.deploymentId)
      ?.aliases.find(({ kind }) => kind === "version")?.value;
    const pod = instances.find(({ id }) => id === row.instanceId)?.name;
    const measure = row.measure.kind === "requests" ? row.measure.operation : row.measure.kind;
    cells[`${version ?? "?"}/${pod ?? "?"}/${measure}/${row.window}`] = countsOf(row.sample);
  }
  return cells;
}

function countsOf(sample: ReturnType<Telemetry["reader"]["samples"]>[number]["sample"]): NaiveCounts {
  const none = { count: 0, errors: 0, clientErrors: 0, buckets: {}, traces: [], untraced: 0 };
  if (sample.kind === "logs")
    return { ...none, count: sample.records, traces: [...sample.traces], untraced: sample.untracedLines };
  if (sample.kind !== "requests") throw new Error(`no reference for ${sample.kind}`);
  const { count, errors, clientErrors, duration } = sample;
  const buckets: Record<string, number> = {};
  if (duration?.layout === "exponential") {
    if (duration.zeroCount > 0) buckets["zero"] = duration.zeroCount;
    duration.counts.forEach((n, i) => {
      if (n > 0) buckets[String(duration.offset + i)] = n;
    });
  }
  return { ...none, count, errors, clientErrors, buckets };
}
