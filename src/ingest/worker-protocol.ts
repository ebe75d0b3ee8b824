import type { RedactionRules } from "#analyzers/logs/redaction-rules.ts";
import type { Signature } from "#analyzers/logs/signatures/signature.ts";
import type { SourceOffset } from "#engine/ports.ts";
import type { Instant } from "#model/time.ts";
import type { AcceptOutcome, HandedBody } from "#ingest/otlp/receiver.ts";
import type { HandedMessages, OffsetMove, TakenMessages } from "./handed-messages.ts";

/** What the ingest worker is started with. */
export interface WorkerStart {
  /** Path of telemetry.db. */
  readonly path: string;
  /** How log records are read, as data: the catalogue and what is always taken out come on top. */
  readonly logs?: { readonly signatures: readonly Signature[]; readonly redaction: RedactionRules };
}

/** What policies ask of the ingest side; replaces what was set before. */
export interface IngestSettings {
  readonly namedMetrics: readonly string[];
  readonly settle: readonly {
    readonly service: string;
    readonly environment: string;
    readonly settleMs: number;
  }[];
}

/** What was thinned out of telemetry.db. */
export interface Retained {
  readonly merged: number;
  readonly dropped: number;
}

/** Main thread to worker. `id` comes back with the answer; the bytes of bodies and messages are transferred, not copied. */
export type ToWorker =
  | { readonly tag: "body"; readonly id: number; readonly body: HandedBody }
  | { readonly tag: "messages"; readonly id: number; readonly messages: HandedMessages }
  | { readonly tag: "move"; readonly id: number; readonly moves: readonly OffsetMove[] }
  | { readonly tag: "seal"; readonly id: number; readonly at: Instant }
  | { readonly tag: "settings"; readonly settings: IngestSettings }
  | {
      readonly tag: "retain";
      readonly id: number;
      readonly now: Instant;
      readonly pinnedFrom: Instant | null;
    }
  | { readonly tag: "stop"; readonly id: number };

/** Worker to main thread. After `failed` the worker ends: what was not acknowledged is lost to memory, kept by its sender. */
export type FromWorker =
  | { readonly tag: "ready"; readonly offsets: readonly SourceOffset[] }
  | { readonly tag: "accepted"; readonly id: number; readonly outcome: AcceptOutcome }
  | { readonly tag: "taken"; readonly id: number; readonly taken: TakenMessages }
  | { readonly tag: "moved"; readonly id: number; readonly offsets: readonly SourceOffset[] }
  | { readonly tag: "sealed"; readonly id: number; readonly at: Instant }
  | { readonly tag: "retained"; readonly id: number; readonly retained: Retained }
  | { readonly tag: "stopped"; readonly id: number }
  | { readonly tag: "failed"; readonly message: string };
