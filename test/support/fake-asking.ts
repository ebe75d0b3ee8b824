import type { AnalysisReport, Asking, OpenRequest, ServiceView, VerdictAnswer } from "#engine/asking.ts";
import type { Analysis } from "#model/analysis.ts";
import { err, ok } from "#model/result.ts";
import { formatInstant, type Instant } from "#model/time.ts";
import type { VerdictWord } from "#model/verdict.ts";

/** An engine that holds analyses and decides nothing: a test moves them, and listeners hear of it. */
export interface FakeAsking extends Asking {
  put(report: AnalysisReport): void;
  /** Changes one analysis and tells the listeners, as a commit does. */
  move(id: string, change: (analysis: Analysis) => Partial<Analysis>): void;
  setServices(services: readonly ServiceView[]): void;
  setCheck(name: string, ok: boolean, detail: string): void;
  listeners(): number;
  /** What the caller sent, in the order of opening. */
  readonly opened: readonly OpenRequest[];
}

const openedAt: Instant = Date.UTC(2026, 2, 14, 3, 0, 0);

function emptyReport(request: OpenRequest, id: string): AnalysisReport {
  const arm = (asked: string) => ({ asked, deploymentIds: [], label: asked });
  return {
    analysis: {
      id,
      service: request.service,
      environment: request.environment,
      canary: arm(request.canary),
      baseline: arm(request.baseline ?? "1.0.0"),
      attempt: 1,
      mode: request.mode ?? "report",
      policy: request.policy ?? "default",
      policyVersion: 1,
      controller: null,
      opened: openedAt,
      openedBy: request.openedBy,
      phase: { phase: "watching", step: 0, since: openedAt },
      weights: [],
      terminal: null,
      verdict: {
        word: "continue",
        terminal: false,
        at: openedAt,
        validUntil: openedAt + 60_000,
        reasons: [{ code: "waiting", text: "no telemetry of the canary yet" }],
      },
      action: { kind: "none", text: "watching" },
      findings: [],
    },
    history: [],
    intervals: [],
    commands: [],
    policyText: "apiVersion: haldane/v1\nkind: Policy\n",
    steps: [],
    notes: [],
    score: null,
    forecast: null,
  };
}

/** namespace/name is known by its name alone, too. */
function named(service: string, asked: string): boolean {
  return service === asked || service.slice(service.lastIndexOf("/") + 1) === asked;
}

function answerFor(analysis: Analysis): VerdictAnswer {
  const { verdict } = analysis;
  return {
    verdict: verdict.word,
    terminal: verdict.terminal,
    action: analysis.action.text,
    reason: verdict.reasons[0]?.text ?? "",
    service: analysis.service,
    environment: analysis.environment,
    canary: analysis.canary.label,
    baseline: analysis.baseline.label,
    analysis: analysis.id,
    attempt: analysis.attempt,
    canaryWeight: analysis.weights.at(-1)?.canaryWeight ?? 0,
    at: formatInstant(verdict.at),
    validUntil: formatInstant(verdict.validUntil),
    fresh: true,
  };
}

function isOpen(analysis: Analysis): boolean {
  return analysis.phase.phase !== "ended";
}

export function createFakeAsking(): FakeAsking {
  const reports = new Map<string, AnalysisReport>();
  const listeners = new Set<(analysisId: string) => void>();
  const opened: OpenRequest[] = [];
  const checks = new Map([["engine", { name: "engine", ok: true, detail: "judging" }]]);
  let services: readonly ServiceView[] = [];

  const newest = (): readonly Analysis[] => [...reports.values()].map(({ analysis }) => analysis).reverse();
  const find = (request: OpenRequest): Analysis | undefined =>
    newest().find(
      (one) =>
        isOpen(one) &&
        named(one.service, request.service) &&
        one.environment === request.environment &&
        one.canary.asked === request.canary,
    );

  function change(id: string, alter: (analysis: Analysis) => Partial<Analysis>): void {
    const report = reports.get(id);
    if (report === undefined) throw new Error(`no analysis ${id}`);
    reports.set(id, { ...report, analysis: { ...report.analysis, ...alter(report.analysis) } });
    for (const tell of [...listeners]) tell(id);
  }

  return {
    opened,
    put: (report) => {
      reports.set(report.analysis.id, report);
    },
    move: change,
    setServices: (views) => {
      services = views;
    },
    setCheck: (name, good, detail) => {
      checks.set(name, { name, ok: good, detail });
    },
    listeners: () => listeners.size,

    open(request) {
      if (request.policy === "missing") {
        return err({ tag: "unknownPolicy", message: 'unknown policy "missing"; known: default' });
      }
      if (request.canary === request.baseline) {
        return err({ tag: "sameArms", message: "canary and baseline are the same revision" });
      }
      const before = opened.find(
        (one) => one.idempotencyKey !== null && one.idempotencyKey === request.idempotencyKey,
      );
      if (before !== undefined && before.requestDigest !== request.requestDigest) {
        return err({ tag: "keyReused", message: "this Idempotency-Key came with another body before" });
      }
      const standing = find(request);
      if (standing !== undefined) return ok({ analysis: standing, created: false });
      const acting = newest().find((one) => isOpen(one) && one.mode === "act");
      if (request.mode === "act" && acting !== undefined) {
        return err({ tag: "alreadyActing", message: `${acting.id} acts here`, analysisId: acting.id });
      }
      opened.push(request);
      const report = emptyReport(request, `an-${opened.length}`);
      reports.set(report.analysis.id, report);
      return ok({ analysis: report.analysis, created: true });
    },

    list: (filter) =>
      newest()
        .filter((one) => filter.service === null || named(one.service, filter.service))
        .filter((one) => filter.environment === null || one.environment === filter.environment)
        .filter((one) => filter.open === null || isOpen(one) === filter.open)
        .slice(0, filter.limit),

    report: (id) => reports.get(id) ?? null,

    operate(id, { deed, reason }) {
      const report = reports.get(id);
      if (report === undefined) return err({ tag: "notFound", message: `there is no analysis "${id}"` });
      const { phase } = report.analysis;
      if (phase.phase === "ended")
        return err({ tag: "conflict", message: `${id} has ended; open a new one` });
      if (deed === "resume" && phase.phase !== "held") {
        return err({ tag: "conflict", message: `${id} is not held` });
      }
      const since = openedAt;
      const words: Partial<Record<typeof deed, VerdictWord>> = { abort: "rollback", promote: "promote" };
      const word = words[deed];
      change(id, (analysis) =>
        word === undefined
          ? {
              phase:
                deed === "hold"
                  ? { phase: "held", step: 0, since, why: reason }
                  : { phase: "watching", step: 0, since },
            }
          : {
              phase: { phase: "ended", as: word === "promote" ? "promoted" : "rolledBack", since },
              verdict: { ...analysis.verdict, word, terminal: true },
              terminal: { word, at: since },
            },
      );
      return ok(reports.get(id)!.analysis);
    },

    verdict(query) {
      const analysis = newest().find(
        (one) =>
          named(one.service, query.service) &&
          (query.environment === null || one.environment === query.environment) &&
          (query.canary === null || one.canary.asked === query.canary || one.canary.label === query.canary),
      );
      if (analysis !== undefined) return answerFor(analysis);
      return {
        verdict: "continue",
        terminal: false,
        action: "none",
        reason: "Haldane has not seen this deployment",
        service: query.service,
        environment: query.environment ?? "",
        canary: query.canary ?? "",
        baseline: query.baseline ?? "",
        analysis: "",
        attempt: 0,
        canaryWeight: 0,
        at: "",
        validUntil: "",
        fresh: false,
      };
    },

    services: () => services,
    subscribe(listener) {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
    checks: () => [...checks.values()],
  };
}
