import type { LogExample } from "./log-pattern.ts";
import type { Instant } from "./time.ts";

/** One form of log line of a service: what is needed to know it again, and what was seen of it. `id` is for good, the rest may change. */
export interface PatternRow {
  readonly service: string;
  readonly environment: string;
  readonly id: string;
  /** The id that stands for its pattern now. */
  readonly standsFor: string;
  /** Where its lines come from and their words, as the miner takes them up again. */
  readonly source: readonly string[];
  readonly tokens: string;
  /** Template of its pattern. */
  readonly template: string;
  readonly severity: number;
  readonly signatures: readonly string[];
  readonly exception: string | null;
  readonly firstSeen: Instant;
}

/** The examples of one form of line of one instance, in place of those before; none: there are no more. */
export interface ExampleRow {
  readonly instanceId: number;
  readonly pattern: string;
  readonly examples: readonly Pick<LogExample, "at" | "line" | "traceId">[];
}
