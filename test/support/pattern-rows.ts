import type { LogPattern } from "#model/log-pattern.ts";
import { windowLengthMs, type Instant } from "#model/time.ts";
import type { ArmName, ArmRow } from "#engine/tiles.ts";

/** A pattern as the store tells of it. */
export function logPattern(id: string, change: Partial<LogPattern> = {}): LogPattern {
  return {
    ...{ id, ids: [id], template: `pattern ${id}`, severity: 17, signatures: [], exception: null },
    ...{ firstSeen: 0, examples: [] },
    ...change,
  };
}

const instancesOf: Readonly<Record<ArmName, number>> = { canary: 200, baseline: 100 };

/** Requests of one instance in one window. */
export function requestRow(arm: ArmName, window: Instant, count: number, instance = 0): ArmRow {
  return {
    arm,
    row: {
      ...{ deploymentId: instancesOf[arm], instanceId: instancesOf[arm] + instance, window, late: false },
      measure: { kind: "requests", source: "spans", operation: "GET /" },
      sample: {
        ...{ kind: "requests", count, errors: 0, clientErrors: 0, duration: null, sampledShare: 1 },
      },
    },
  };
}

let nextTrace = 1;

/** Hits of one form of line by one instance in one window, each in a trace of its own. */
// eslint-disable-next-line @typescript-eslint/max-params -- where, when, what, how often and by whom, as a test reads it
export function hitRow(arm: ArmName, window: Instant, id: string, hits = 1, instance = 0): ArmRow {
  return {
    arm,
    row: {
      ...{ deploymentId: instancesOf[arm], instanceId: instancesOf[arm] + instance, window, late: false },
      measure: { kind: "pattern", pattern: id },
      sample: {
        kind: "pattern",
        traces: Array.from({ length: hits }, () => (nextTrace += 1)),
        untracedLines: 0,
        records: hits,
      },
    },
  };
}

/** Requests of both arms in each of some windows from 0. */
export function traffic(windows: number, canary: number, baseline: number): readonly ArmRow[] {
  return Array.from({ length: windows }, (_, at) => [
    requestRow("canary", at * windowLengthMs, canary),
    requestRow("baseline", at * windowLengthMs, baseline),
  ]).flat();
}
