import type { Histogram } from "./histogram.ts";
import type { Instant } from "./time.ts";

/** What one series measures. `source` says where requests were counted, decision 8. */
export type Measure =
  | { readonly kind: "requests"; readonly source: "spans" | "metrics"; readonly operation: string }
  | { readonly kind: "logs" }
  /** The id of one form of log line, for good; which ids are one pattern now is told by `TelemetryReader.patterns`. */
  | { readonly kind: "pattern"; readonly pattern: string }
  | { readonly kind: "counter" | "gauge" | "histogram"; readonly metric: string }
  /** Points that could not be used (not a number, malformed); metric "" = of the metrics that count requests. */
  | { readonly kind: "rejected"; readonly metric: string };

/** The operation that holds what came after the cap on operations was reached. */
export const overflowOperation = "(other operations)";

/**
 * The mergeable summary of one measure of one instance in one window. Merging is associative and commutative.
 *
 * requests: served calls; `errors` are failures of the service (5xx, error status), `clientErrors` are 4xx and never errors;
 *   `sampledShare` is the kept share that the sender states for its spans (1 = all, null = sampled but unknown).
 * logs: distinct traces that logged ERROR or FATAL, as 52-bit hashes of their ids; `untracedLines` are such records
 *   without a trace id; `records` counts every log record.
 * pattern: the same of one form of log line, whatever its severity: distinct traces that logged it, its lines without a
 *   trace id, all its lines.
 */
export type Sample =
  | {
      readonly kind: "requests";
      readonly count: number;
      readonly errors: number;
      readonly clientErrors: number;
      readonly duration: Histogram | null;
      readonly sampledShare: number | null;
    }
  | {
      readonly kind: "logs" | "pattern";
      readonly traces: readonly number[];
      readonly untracedLines: number;
      readonly records: number;
    }
  | { readonly kind: "counter"; readonly total: number }
  | {
      readonly kind: "gauge";
      readonly count: number;
      readonly sum: number;
      readonly sumOfSquares: number;
      readonly minimum: number;
      readonly maximum: number;
    }
  | { readonly kind: "histogram"; readonly histogram: Histogram };

/** One stored sample with what it belongs to. `late`: it came after its window had been sealed. */
export interface SampleRow {
  readonly deploymentId: number;
  readonly instanceId: number;
  readonly measure: Measure;
  readonly window: Instant;
  readonly late: boolean;
  readonly sample: Sample;
}
