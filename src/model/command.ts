import type { Instant } from "./time.ts";

/** Absolute desired state for one controller target, never a delta: applying it twice is applying it once. */
export interface Command {
  /** Constant over retries: the idempotency key. Contains no full stop. */
  readonly id: string;
  readonly analysisId: string;
  readonly controller: string;
  readonly service: string;
  readonly environment: string;
  readonly canary: string;
  readonly baseline: string;
  /** Percent of traffic for the canary; the baseline has the rest. */
  readonly canaryWeight: number;
  readonly baselineWeight: number;
  /** Counts up per controller target across analyses; a controller ignores lower ones (decision 23). */
  readonly generation: number;
  readonly kind: "step" | "rollback" | "promote" | "hold";
  readonly reason: string;
}

/** pending: not yet tried. sent: tried, outcome unknown. confirmed: read back. superseded: a newer command took its place. */
export type CommandStatus = "pending" | "sent" | "acknowledged" | "confirmed" | "superseded" | "rejected";

export interface CommandRecord {
  readonly command: Command;
  readonly status: CommandStatus;
  readonly attempts: number;
  readonly createdAt: Instant;
  readonly nextAt: Instant;
  readonly sentAt: Instant | null;
  readonly confirmedAt: Instant | null;
  readonly confirmations: number;
  readonly lastError: string | null;
}
