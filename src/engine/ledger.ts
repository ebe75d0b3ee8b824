/* eslint-disable max-lines -- one map of open analyses: whatever opens, looks at, operates or ends one goes through it */
import type { Analysis, IntervalPoint, Mode } from "#model/analysis.ts";
import type { Deployment } from "#model/deployment.ts";
import { err, ok, type Result } from "#model/result.ts";
import { windowStart, type Instant } from "#model/time.ts";
import type { AnalysisReport, OpenError, OpenRequest, OperateError, Operation } from "./asking.ts";
import { openingsOf, togetherMs } from "./automatic.ts";
import type { Binding, ReceiverConfiguration } from "./configuration.ts";
import type { Wish } from "./decide.ts";
import { forecastOf } from "./forecast.ts";
import { correlatedSilence } from "./freeze.ts";
import { lookInSteps, type Judged, type LookOutcome } from "./look.ts";
import { newAnalysis } from "./new-analysis.ts";
import { verdictNotices } from "./notices.ts";
import { operate } from "./operate.ts";
import { policyDocument, type Policy } from "./policy.ts";
import type { Commit, ControlStore, TelemetryReader } from "./ports.ts";
import { hasAlias, sameService } from "./resolve-arm.ts";
import { emptyEngineState, type EngineState } from "./signal.ts";
import { readPolicy, readState, writeState } from "./stored-form.ts";
import { scoreOf } from "./score.ts";
import { allAtOnce, type Steps } from "./steps.ts";
import { servingMost, termsOf, type Terms } from "./terms.ts";

export interface LedgerSettings {
  readonly policies: ReadonlyMap<string, Policy>;
  readonly bindings: readonly Binding[];
  /** Who can be told of verdicts; nobody where absent. */
  readonly receivers?: readonly Pick<ReceiverConfiguration, "name" | "events">[];
  readonly automatic: boolean;
  readonly openAnalyses: number;
  readonly signalsPerAnalysis: number;
  /** How often `look` is called, to tell a gap from a slow pace. */
  readonly paceMs: number;
  /** The state is a cache: it is stored with every change, and at least this often. */
  readonly storeEveryMs: number;
}

export interface LookOptions {
  readonly stale?: boolean;
  /** How far a source that lags holds sealing back. */
  readonly heldBackMs?: number;
  readonly sealedTo?: Instant | null;
  readonly onFault?: (analysisId: string, error: unknown) => void;
}

export interface LedgerPorts {
  readonly telemetry: TelemetryReader;
  readonly control: ControlStore;
}

interface Entry {
  analysis: Analysis;
  state: EngineState;
  readonly policy: Policy;
  readonly policyText: string;
  storedAt: Instant;
  /** Kept in memory alone: it is computed again after a restart. */
  judged: Judged | null;
}

/**
 * The open analyses and what is known of each. Synchronous and without a clock: every method is told the time. What it
 * changes is committed to control.db before it is visible.
 */
export class Ledger {
  readonly #settings: LedgerSettings;
  readonly #ports: LedgerPorts;
  readonly #open = new Map<string, Entry>();
  readonly #listeners = new Set<(analysisId: string) => void>();
  /** Canary deployments that were compared already: nothing opens by itself for them again. */
  readonly #compared = new Set<number>();
  readonly counters = { refusedOverLimit: 0, secondTerminals: 0 };

  constructor(settings: LedgerSettings, ports: LedgerPorts) {
    this.#settings = settings;
    this.#ports = ports;
    for (const stored of ports.control.openAnalyses()) this.#restore(stored);
  }

  #restore({ analysis, engineState, policyText }: ReturnType<ControlStore["openAnalyses"]>[number]): void {
    this.#open.set(analysis.id, {
      analysis,
      state: readState(engineState),
      policy: readPolicy(analysis.id, policyText),
      policyText,
      storedAt: analysis.verdict.at,
      judged: null,
    });
  }

  /** Analyses that are not over, oldest first. */
  openAnalyses(): readonly Analysis[] {
    return [...this.#open.values()].map(({ analysis }) => analysis);
  }

  /** The oldest window that an open analysis may still read: retention leaves it and later ones alone. */
  pinnedFrom(): Instant | null {
    return [...this.#open.values()].reduce<Instant | null>((oldest, { state, analysis }) => {
      const from = (state.evidenceFrom ?? analysis.opened) - state.referenceShiftMs;
      return oldest === null ? from : Math.min(oldest, from);
    }, null);
  }

  /** How long windows of a service stay open for late data, as the policies of its open analyses ask; the shortest counts. */
  settleAllowances(): readonly {
    readonly service: string;
    readonly environment: string;
    readonly settleMs: number;
  }[] {
    const deployments = this.#ports.telemetry.deployments();
    return [...this.#open.values()].flatMap(({ analysis, policy }) => {
      const { service, environment } = analysis;
      const names = deployments
        .filter((one) => one.environment === environment && sameService(service, one.service))
        .map((one) => one.service);
      return [...new Set([service, ...names])]
        .sort()
        .map((name) => ({ service: name, environment, settleMs: policy.settle }));
    });
  }

  subscribe(listener: (analysisId: string) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /**
   * Looks once at every open analysis after a seal at `now`; returns how many commands were written. `stale`: a source
   * lags for so long that nothing may be promoted and no silence counts. `sealedTo`: where sealing is not by the clock, the
   * end of the last sealed window. A fault in one analysis is told to `onFault` and leaves the others looked at: it must
   * not hold up another's rollback.
   */
  look(now: Instant, options: LookOptions = {}): number {
    return allAtOnce(this.lookInSteps(now, options));
  }

  /** The same, with pauses in which analyses may be opened, operated and asked for. */
  *lookInSteps(now: Instant, options: LookOptions = {}): Steps<number> {
    const { stale = false, heldBackMs = 0, sealedTo = null, onFault } = options;
    const deployments = this.#ports.telemetry.deployments();
    const frozen = correlatedSilence([...this.#open.values()], now - heldBackMs);
    let wishes = 0;
    for (const entry of [...this.#open.values()]) {
      try {
        wishes += yield* this.#lookAt(entry, { now, stale, frozen, deployments, sealedTo, heldBackMs });
      } catch (error) {
        if (onFault === undefined) throw error;
        onFault(entry.analysis.id, error);
      }
    }
    return wishes;
  }

  *#lookAt(
    entry: Entry,
    given: {
      readonly now: Instant;
      readonly stale: boolean;
      readonly frozen: boolean;
      readonly deployments: readonly Deployment[];
      readonly sealedTo: Instant | null;
      readonly heldBackMs: number;
    },
  ): Steps<number> {
    const { id } = entry.analysis;
    let seen: Analysis;
    let outcome: LookOutcome;
    do {
      // It ended in a pause, by an operator or by a request for another comparison.
      if (this.#open.get(id) !== entry) return 0;
      seen = entry.analysis;
      outcome = yield* lookInSteps({
        ...given,
        analysis: seen,
        state: entry.state,
        policy: entry.policy,
        telemetry: this.#ports.telemetry,
        newest: newestOf(this.#ports.control.commands(id)),
        last: entry.judged,
        paceMs: this.#settings.paceMs,
        signalCap: this.#settings.signalsPerAnalysis,
      });
      // What an operator did in a pause must not be undone by what was decided without it.
    } while (entry.analysis !== seen);
    const isNew = outcome.judged !== null && outcome.judged.sealedTo !== entry.judged?.sealedTo;
    entry.judged = outcome.judged;
    const due = outcome.changed || given.now - entry.storedAt >= this.#settings.storeEveryMs;
    if (!due) {
      entry.analysis = outcome.analysis;
      entry.state = outcome.state;
      if (isNew) this.#tell(entry.analysis.id);
      return 0;
    }
    const saved = this.#save(entry, { ...outcome, now: given.now, note: null });
    return saved.ok && outcome.wish !== null ? 1 : 0;
  }

  #save(
    entry: Entry,
    change: {
      readonly analysis: Analysis;
      readonly state: EngineState;
      readonly wish: Wish | null;
      readonly intervals: readonly IntervalPoint[];
      readonly changed: boolean;
      readonly now: Instant;
      readonly note: Commit["note"];
    },
  ): Result<null, { readonly message: string }> {
    const { analysis, state, wish, intervals, changed, now, note } = change;
    const committed = this.#ports.control.commit({
      analysis,
      engineState: writeState(state),
      at: now,
      changed,
      commands: wish === null ? [] : [this.#command(analysis, wish)],
      intervals,
      notices: entry.analysis.terminal === null ? verdictNotices(analysis, this.#settings) : [],
      note,
    });
    if (!committed.ok) {
      this.counters.secondTerminals += 1;
      return err({ message: `the store refused it: ${committed.error.tag}` });
    }
    entry.analysis = analysis;
    entry.state = state;
    entry.storedAt = now;
    if (analysis.phase.phase === "ended") this.#open.delete(analysis.id);
    this.#tell(analysis.id);
    return ok(null);
  }

  #command(analysis: Analysis, wish: Wish): Commit["commands"][number] {
    const { service, environment, id } = analysis;
    const controller = analysis.controller ?? "";
    const generation = this.#ports.control.nextGeneration(controller, service, environment);
    return {
      ...wish,
      id: `${id}-${generation}`,
      analysisId: id,
      controller,
      service,
      environment,
      canary: analysis.canary.asked,
      baseline: analysis.baseline.asked,
      generation,
    };
  }

  #tell(analysisId: string): void {
    for (const listener of this.#listeners) listener(analysisId);
  }

  /** Opens report-only analyses for versions that emit at once and were never compared. */
  openAutomatic(now: Instant): readonly Analysis[] {
    if (!this.#settings.automatic) return [];
    const { telemetry } = this.#ports;
    const sealedTo = windowStart(now);
    const openings = openingsOf(telemetry.deployments(), telemetry.activity(sealedTo - togetherMs), sealedTo);
    return openings.flatMap((opening) => {
      if (this.#compared.has(opening.canaryId)) return [];
      this.#compared.add(opening.canaryId);
      const earlier = this.#sameCanary(opening.service, opening.environment, opening.canary);
      if (earlier.length > 0) return [];
      const opened = this.open(
        {
          ...opening,
          mode: "report",
          policy: null,
          idempotencyKey: null,
          requestDigest: "",
          openedBy: "auto",
        },
        now,
      );
      return opened.ok ? [opened.value.analysis] : [];
    });
  }

  #sameCanary(service: string, environment: string, canary: string): readonly Analysis[] {
    const stored = this.#ports.control.analyses({ service: null, environment, open: null, limit: 10_000 });
    const here = this.#ports.telemetry
      .deployments()
      .filter((one) => one.environment === environment && sameService(service, one.service));
    const asked = here.filter((deployment) => hasAlias(deployment, canary));
    const names = asked.flatMap(({ aliases }) => aliases.map(({ value }) => value));
    const latest = stored.map((one) => this.#open.get(one.id)?.analysis ?? one);
    return latest.filter((analysis) => {
      if (!sameService(service, analysis.service)) return false;
      if (analysis.canary.asked === canary) return true;
      // Revisions may share a name (a config-only change keeps its version): where it is known which one was meant, that decides.
      const meant = here.filter(({ id }) => analysis.canary.deploymentIds.includes(id));
      return meant.length > 0
        ? meant.some(({ id }) => asked.some((one) => one.id === id))
        : names.includes(analysis.canary.asked);
    });
  }

  /** Opens an analysis, or returns the open one that the same request opened before. */
  open(
    request: OpenRequest,
    now: Instant,
  ): Result<{ readonly analysis: Analysis; readonly created: boolean }, OpenError> {
    const { control } = this.#ports;
    if (request.idempotencyKey !== null) {
      const known = control.byIdempotencyKey(request.idempotencyKey);
      if (known !== null) return this.#sameRequest(known, request);
    }
    const named = termsOf(request, this.#settings);
    if (!named.ok) return named;
    const { policy, mode, controller } = named.value;
    if (request.baseline !== null && request.baseline === request.canary) {
      return err({
        tag: "sameArms",
        message: "canary and baseline name the same version: there is nothing to compare",
      });
    }
    const same = this.#sameCanary(request.service, request.environment, request.canary);
    const standing = same.find((analysis) => this.#open.has(analysis.id));
    const answer = standing === undefined ? null : this.#standingAnswer(standing, request, mode);
    if (answer !== null) {
      if (answer.ok) this.#rememberKey(request, answer.value.analysis.id, now);
      return answer;
    }
    if (this.#open.size >= this.#settings.openAnalyses) {
      this.counters.refusedOverLimit += 1;
      return err({
        tag: "alreadyActing",
        message: `${this.#open.size} analyses are open, the limit openAnalyses; end some or raise it`,
        analysisId: "",
      });
    }
    if (standing !== undefined) this.#supersede(standing.id, now);
    const baseline = request.baseline ?? servingMost(request, this.#ports.telemetry, now);
    if (baseline === null) {
      return err({
        tag: "sameArms",
        message: `no other version of ${request.service} is serving now, so the baseline must be named: send "baseline"`,
      });
    }
    const attempt = 1 + same.filter((analysis) => analysis.terminal !== null).length;
    return this.#create({ request, baseline, policy, mode, controller, attempt }, now);
  }

  /** What an open analysis of the canary means for a request: it is the answer, it stands in the way, or (null) it gives way. */
  #standingAnswer(
    standing: Analysis,
    request: OpenRequest,
    mode: Mode,
  ): Result<{ readonly analysis: Analysis; readonly created: boolean }, OpenError> | null {
    if (standing.mode !== mode && standing.mode !== "act") return null;
    const other = this.#otherThanAsked(standing, request);
    if (other === null) return ok({ analysis: standing, created: false });
    return standing.openedBy === "auto"
      ? null
      : err({ tag: "alreadyActing", message: other, analysisId: standing.id });
  }

  /** An open analysis of the canary is no answer to a request for another baseline or policy: says so, or null where it fits. */
  #otherThanAsked(standing: Analysis, { baseline, policy }: OpenRequest): string | null {
    const known = this.#ports.telemetry
      .deployments()
      .filter(({ id }) => standing.baseline.deploymentIds.includes(id));
    const sameBaseline =
      baseline === null ||
      baseline === standing.baseline.asked ||
      known.some((deployment) => hasAlias(deployment, baseline));
    if (sameBaseline && (policy === null || policy === standing.policy)) return null;
    return `analysis ${standing.id} of this canary is open against ${standing.baseline.label} under policy "${standing.policy}"; end it first to compare otherwise`;
  }

  #sameRequest(
    known: { readonly analysisId: string; readonly requestDigest: string },
    request: OpenRequest,
  ): Result<{ readonly analysis: Analysis; readonly created: boolean }, OpenError> {
    const stored = this.#ports.control.analysis(known.analysisId);
    if (known.requestDigest !== request.requestDigest || stored === null) {
      return err({
        tag: "keyReused",
        message: "this Idempotency-Key was used for another request; send a new key for a new request",
      });
    }
    return ok({ analysis: this.#open.get(known.analysisId)?.analysis ?? stored.analysis, created: false });
  }

  #create(
    given: Terms & { readonly request: OpenRequest; readonly baseline: string; readonly attempt: number },
    now: Instant,
  ): Result<{ readonly analysis: Analysis; readonly created: boolean }, OpenError> {
    const { analysis, wish } = newAnalysis(given, now);
    const policyText = JSON.stringify(policyDocument(given.policy));
    const stored = { analysis, engineState: writeState(emptyEngineState), policyText };
    const opened = this.#ports.control.open(
      stored,
      {
        analysis,
        engineState: stored.engineState,
        at: now,
        changed: true,
        commands: wish === null ? [] : [this.#command(analysis, wish)],
        intervals: [],
        note: null,
      },
      null,
    );
    if (!opened.ok) {
      const standing = opened.error.tag === "alreadyActing" ? opened.error.analysisId : "";
      return err({
        tag: "alreadyActing",
        message: `analysis ${standing} already moves the traffic of ${analysis.service} in "${analysis.environment}"; end it first, or ask with mode "report"`,
        analysisId: standing,
      });
    }
    this.#open.set(analysis.id, {
      analysis,
      state: emptyEngineState,
      policy: given.policy,
      policyText,
      storedAt: now,
      judged: null,
    });
    this.#rememberKey(given.request, analysis.id, now);
    this.#tell(analysis.id);
    return ok({ analysis, created: true });
  }

  #rememberKey(request: OpenRequest, analysisId: string, now: Instant): void {
    if (request.idempotencyKey === null) return;
    this.#ports.control.saveIdempotencyKey(request.idempotencyKey, analysisId, request.requestDigest, now);
  }

  /** A report-only analysis gives way to one that somebody asked for; it ends without a verdict. */
  #supersede(id: string, now: Instant): void {
    const entry = this.#open.get(id);
    if (entry === undefined) return;
    const analysis: Analysis = {
      ...entry.analysis,
      phase: { phase: "ended", as: "superseded", since: now },
      action: { kind: "none", text: "an analysis that was asked for took its place" },
    };
    this.#save(entry, {
      analysis,
      state: entry.state,
      wish: null,
      intervals: [],
      changed: true,
      now,
      note: null,
    });
  }

  /** An operator's deed. Committed with who did it and why. */
  operate(id: string, operation: Operation, now: Instant): Result<Analysis, OperateError> {
    const entry = this.#open.get(id);
    if (entry === undefined) {
      const stored = this.#ports.control.analysis(id);
      return stored === null
        ? err({ tag: "notFound", message: `no analysis ${id}` })
        : err({ tag: "conflict", message: `analysis ${id} has ended; open a new one` });
    }
    const operated = operate(entry.analysis, operation, now);
    if (!operated.ok) return operated;
    const { deed, actor, reason } = operation;
    const saved = this.#save(entry, {
      ...operated.value,
      state: entry.state,
      intervals: [],
      changed: true,
      now,
      note: { actor, deed, reason },
    });
    return saved.ok ? ok(operated.value.analysis) : err({ tag: "conflict", message: saved.error.message });
  }

  analysis(id: string): Analysis | null {
    return this.#open.get(id)?.analysis ?? this.#ports.control.analysis(id)?.analysis ?? null;
  }

  report(id: string): AnalysisReport | null {
    const { control } = this.#ports;
    const stored = control.analysis(id);
    if (stored === null) return null;
    const entry = this.#open.get(id);
    const policy = entry?.policy ?? readPolicy(id, stored.policyText);
    const analysis = entry?.analysis ?? stored.analysis;
    return {
      analysis,
      history: control.history(id),
      intervals: control.intervals(id),
      commands: control.commands(id),
      policyText: stored.policyText,
      steps: policy.steps.map(({ weight, dwell }) => ({ weight, dwellMs: dwell })),
      notes: (entry?.state ?? readState(stored.engineState)).notes,
      score: scoreOf(analysis.findings, analysis.verdict.word),
      forecast: analysis.terminal === null ? forecastOf(analysis.findings) : null,
    };
  }
}

function newestOf(commands: ReturnType<ControlStore["commands"]>): (typeof commands)[number] | null {
  return commands.reduce<(typeof commands)[number] | null>(
    (newest, one) => (newest === null || one.command.generation > newest.command.generation ? one : newest),
    null,
  );
}
