import type { LogPattern } from "#model/log-pattern.ts";
import type { Telemetry } from "#store/sqlite/open-telemetry.ts";
import type { Accumulated } from "./stored-counts.ts";
import { logContent, logView, type SaidInLog } from "./views.ts";

/** A log record as a test writes it. */
export interface PlainRecord extends Partial<SaidInLog> {
  readonly pod?: string;
  readonly version?: string;
  readonly service?: string;
  readonly time: number;
  readonly severity?: number;
  /** Hash of its trace, 0 for none. */
  readonly trace?: number;
}

export function takeRecord(on: Accumulated, record: PlainRecord): void {
  const { pod = "a", version = "1", service = "shop", time, severity = 17, trace = 0, ...said } = record;
  const resource = on.accumulate.resource(
    new Map(
      Object.entries({ "service.name": service, "service.version": version, "service.instance.id": pod }),
    ),
  );
  const traceId = trace === 0 ? null : trace.toString(16).padStart(32, "0");
  on.accumulate.log(
    logView({ resource, time, severity, traceHash: trace, content: logContent({ traceId, ...said }) }),
  );
}

export function takeRecords(on: Accumulated, records: readonly PlainRecord[], now: number): void {
  on.accumulate.begin(now);
  for (const record of records) takeRecord(on, record);
}

export interface StoredPatterns {
  /** With versions and pods in place of numbers, which depend on who came first. */
  readonly patterns: readonly object[];
  /** By version, pod, pattern and window. */
  readonly counts: Readonly<Record<string, object>>;
}

/** Every log pattern of the store, and what was counted of each. */
export function storedPatterns({ reader }: Telemetry): StoredPatterns {
  const deployments = reader.deployments();
  const deploymentIds = deployments.map(({ id }) => id);
  const versions = new Map(deployments.map(({ id, aliases }) => [id, aliases[0]?.value ?? "?"]));
  const pods = new Map(reader.instances(deploymentIds).map(({ id, name }) => [id, name]));
  const counts: Record<string, object> = {};
  for (const row of reader.samples({ deploymentIds, from: 0, to: 1e15, late: false })) {
    if (row.measure.kind !== "pattern") continue;
    const place = `${versions.get(row.deploymentId) ?? "?"}/${pods.get(row.instanceId) ?? "?"}`;
    counts[`${place}/${row.measure.pattern}/${row.window}`] = row.sample;
  }
  const named = (pattern: LogPattern): object => ({
    ...pattern,
    examples: pattern.examples
      .map(({ deploymentId, instanceId, ...rest }) => ({
        version: versions.get(deploymentId),
        pod: pods.get(instanceId),
        ...rest,
      }))
      .sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)),
  });
  return { patterns: reader.patterns(deploymentIds).map(named), counts };
}

/** The patterns of all deployments. */
export function patternsIn({ reader }: Telemetry): readonly LogPattern[] {
  return reader.patterns(reader.deployments().map(({ id }) => id));
}

export function talliesIn({ reader }: Telemetry): Readonly<Record<string, number>> {
  return Object.fromEntries(reader.tallies().map(({ name, count }) => [name, count]));
}
