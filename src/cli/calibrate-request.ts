import type { Policy } from "#engine/policy.ts";

/** What is to be compared with itself. */
export interface CalibrateRequest {
  /** Data folder of a server, running or not. */
  readonly data: string;
  readonly service: string;
  /** Null where the service runs in one environment only. */
  readonly environment: string | null;
  /** Any alias; null: the version that served most. */
  readonly baseline: string | null;
  /** Null: the default policy. */
  readonly policy: Policy | null;
  /** Instances that play the canary; null: half of them, three at most. */
  readonly canaryInstances: number | null;
  readonly trials: number;
  readonly everyMs: number;
}

/** What was written on the command line. */
export interface CalibrateFlags {
  readonly data: string;
  readonly service: string;
  readonly environment?: string;
  readonly baseline?: string;
  readonly policy?: string;
  readonly canaryInstances?: string;
  readonly trials: string;
  readonly every: string;
  readonly output: "text" | "json";
}
