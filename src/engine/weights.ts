import type { Policy } from "./policy.ts";
import type { Signal } from "./signal.ts";

/**
 * The tree of weights: shares of the error budget alpha that each group of signals may spend. `logs`: requests that logged an
 * error, whatever it said; `patterns`: single patterns, as they come.
 */
export const groupWeight = {
  service: 0.5,
  operations: 0.3,
  logs: 0.05,
  patterns: 0.1,
  integrity: 0.05,
} as const;

/** Part of the operations' weight kept for operations that are seen after the weights were fixed. */
export const lateReserve = 0.2;

/** Errors and latency of the whole service count twice as much as a metric that the policy adds. */
const serviceShares = { errors: 2, latency: 2, metric: 1 } as const;

/** Requests of one operation in the baseline, when the weights are fixed. */
export interface OperationTraffic {
  readonly operation: string;
  readonly requests: number;
}

/**
 * The signals of an analysis with their weights, fixed before the first evidence. Operations share their group in
 * proportion to the square root of their traffic, half for errors and half for latency. Weight that a group does not use
 * is left unused: it must not move after data were seen.
 */
export function planSignals(
  policy: Policy,
  operations: readonly OperationTraffic[],
  cap: number,
): readonly Signal[] {
  const judged = policy.metrics;
  const unit =
    groupWeight.service /
    (serviceShares.errors + serviceShares.latency + serviceShares.metric * judged.length);
  const service: Signal[] = [
    {
      id: "errors",
      kind: "errors",
      operation: "",
      metric: "",
      guarded: policy.errors.guarded,
      weight: unit * serviceShares.errors,
    },
    {
      id: "latency",
      kind: "latency",
      operation: "",
      metric: "",
      guarded: policy.latency.guarded,
      weight: unit * serviceShares.latency,
    },
    ...judged.map((metric): Signal => ({
      id: `${metric.kind} ${metric.name}`,
      kind: metric.kind,
      operation: "",
      metric: metric.name,
      guarded: metric.kind !== "gauge" && metric.guarded,
      weight: unit * serviceShares.metric,
    })),
  ];
  const logs: Signal[] = policy.logs.judged
    ? [{ id: "logs", kind: "logs", operation: "", metric: "", guarded: false, weight: groupWeight.logs }]
    : [];
  if (!policy.operations) return [...service, ...logs];
  const room = Math.max(0, Math.floor((cap - service.length - logs.length) / 2));
  const kept = [...operations]
    .sort((a, b) => b.requests - a.requests || (a.operation < b.operation ? -1 : 1))
    .slice(0, room);
  const total = kept.reduce((sum, { requests }) => sum + Math.sqrt(requests), 0);
  const share = groupWeight.operations * (1 - lateReserve);
  return [
    ...service,
    ...logs,
    ...kept.flatMap(({ operation, requests }) =>
      operationSignals(operation, (share * Math.sqrt(requests)) / total),
    ),
  ];
}

/** The two signals of the j-th operation (from 1) that came late: weights 6/(pi^2 j^2) of the reserve, which sum to it. */
export function lateOperationSignals(operation: string, j: number): readonly Signal[] {
  return operationSignals(
    operation,
    (groupWeight.operations * lateReserve * 6) / (Math.PI * Math.PI * j * j),
  );
}

function operationSignals(operation: string, weight: number): readonly Signal[] {
  return (["errors", "latency"] as const).map((kind) => ({
    id: `${kind} ${operation}`,
    kind,
    operation,
    metric: "",
    guarded: false,
    weight: weight / 2,
  }));
}
