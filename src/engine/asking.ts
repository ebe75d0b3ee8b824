import type { Analysis, IntervalPoint, Mode } from "#model/analysis.ts";
import type { CommandRecord } from "#model/command.ts";
import type { Alias } from "#model/deployment.ts";
import type { Result } from "#model/result.ts";
import type { Instant } from "#model/time.ts";
import type { VerdictWord } from "#model/verdict.ts";
import type { Forecast } from "./forecast.ts";
import type { HistoryEntry } from "./ports.ts";

/** What a caller may ask of the running engine. Implemented once; HTTP, pages and command line use it. Nothing here computes a verdict. */
export interface Asking {
  open(request: OpenRequest): Result<{ readonly analysis: Analysis; readonly created: boolean }, OpenError>;
  list(filter: {
    readonly service: string | null;
    readonly environment: string | null;
    readonly open: boolean | null;
    readonly limit: number;
  }): readonly Analysis[];
  /** The whole report of one analysis: the one object behind page, API and terminal. */
  report(id: string): AnalysisReport | null;
  operate(id: string, operation: Operation): Result<Analysis, OperateError>;
  /** From memory, with its freshness. Never computes, never blocks. */
  verdict(query: VerdictQuery): VerdictAnswer;
  services(): readonly ServiceView[];
  /** Calls back after each commit of an analysis; returns the way to stop. */
  subscribe(listener: (analysisId: string) => void): () => void;
  /** What the deep readiness check lists. */
  checks(): readonly { readonly name: string; readonly ok: boolean; readonly detail: string }[];
}

export interface OpenRequest {
  readonly service: string;
  /** "" where the service sends none. */
  readonly environment: string;
  /** Any alias of the canary revision. */
  readonly canary: string;
  /** Any alias; null = the version that serves most when the analysis opens. */
  readonly baseline: string | null;
  /** Null = as the binding says; `report` without one. */
  readonly mode: Mode | null;
  /** Name of a configured policy, or null = as the binding says. */
  readonly policy: string | null;
  readonly idempotencyKey: string | null;
  /** Digest of the request, to refuse the same key with another body. */
  readonly requestDigest: string;
  readonly openedBy: string;
}

export type OpenError =
  | { readonly tag: "unknownPolicy"; readonly message: string }
  | { readonly tag: "noController"; readonly message: string }
  | { readonly tag: "alreadyActing"; readonly message: string; readonly analysisId: string }
  | { readonly tag: "sameArms"; readonly message: string }
  | { readonly tag: "keyReused"; readonly message: string };

export interface Operation {
  readonly deed: "hold" | "resume" | "abort" | "promote";
  readonly reason: string;
  readonly actor: string;
}

export type OperateError =
  | { readonly tag: "notFound"; readonly message: string }
  /** The analysis has ended, or the deed does not fit its phase. */
  | { readonly tag: "conflict"; readonly message: string };

export interface VerdictQuery {
  readonly service: string;
  readonly environment: string | null;
  readonly canary: string | null;
  readonly baseline: string | null;
}

/** Small, every field always present, four words (rollout tools read it with one expression). */
export interface VerdictAnswer {
  readonly verdict: VerdictWord;
  readonly terminal: boolean;
  readonly action: string;
  readonly reason: string;
  readonly service: string;
  readonly environment: string;
  readonly canary: string;
  readonly baseline: string;
  readonly analysis: string;
  readonly attempt: number;
  readonly canaryWeight: number;
  /** RFC 3339; "" where there is no verdict yet. */
  readonly at: string;
  readonly validUntil: string;
  /** False past validUntil: hold, do not go on. */
  readonly fresh: boolean;
}

export interface AnalysisReport {
  readonly analysis: Analysis;
  readonly history: readonly HistoryEntry[];
  readonly intervals: readonly IntervalPoint[];
  readonly commands: readonly CommandRecord[];
  readonly policyText: string;
  readonly steps: readonly { readonly weight: number; readonly dwellMs: number }[];
  /** Assumptions and notes printed with the verdict: sources of counts, instances, tau, resolution. */
  readonly notes: readonly string[];
  /** 0 to 100 for people; null before anything is weighed. It decides nothing. */
  readonly score: number | null;
  readonly forecast: Forecast | null;
}

export interface VersionView {
  readonly label: string;
  readonly aliases: readonly Alias[];
  readonly instances: number;
  readonly unidentifiedInstances: boolean;
  readonly firstSeen: Instant;
  readonly lastSeen: Instant;
  readonly requestsLastMinute: number;
  readonly signals: readonly string[];
}

export interface ServiceView {
  readonly service: string;
  readonly environment: string;
  readonly versions: readonly VersionView[];
  /** Counted facts such as unattributed, ambiguous, rejected, overflow, late. */
  readonly tallies: readonly { readonly name: string; readonly count: number; readonly why: string }[];
  readonly openAnalyses: readonly string[];
  /** Null while one is open. */
  readonly whyNoAnalysis: string | null;
}
