import type { AnalysisReport, ServiceView } from "#engine/asking.ts";
import type { Analysis, IntervalPoint } from "#model/analysis.ts";
import type { CommandRecord } from "#model/command.ts";
import type { ArmReading, Finding } from "#model/finding.ts";
import type { Instant } from "#model/time.ts";

/** 03:00 UTC: when somebody reads it in a hurry. */
export const richStart: Instant = Date.UTC(2026, 2, 14, 3, 0, 0);
export const richNow: Instant = richStart + 312_000;

function arm(n: number, value: number | null, unit: string, instances: number): ArmReading {
  return { n, value, unit, instances };
}

function finding(given: Partial<Finding> & Pick<Finding, "signal" | "kind" | "conclusion" | "why">): Finding {
  return {
    operation: "",
    canary: arm(0, null, "share", 0),
    baseline: arm(0, null, "share", 0),
    effect: null,
    interval: null,
    tolerance: null,
    margin: null,
    marginWhy: null,
    guarded: false,
    weight: 0.1,
    evidence: { harm: null, harmNeeded: null, safe: null, safeNeeded: null, tiles: 62, tileMs: 5000 },
    ...given,
  };
}

const harmful = finding({
  signal: "errors POST /pay",
  kind: "errors",
  operation: "POST /pay",
  conclusion: "worse",
  why: "POST /pay fails in 2.1 % of requests on the canary and in 0.1 % on the baseline: 11 to 41 times as often, and 1.1 times would be tolerated.",
  canary: arm(7312, 0.0213, "share", 3),
  baseline: arm(21_944, 0.00104, "share", 6),
  effect: 20.5,
  interval: [11.2, 41],
  tolerance: 1.1,
  margin: 1.85,
  marginWhy: "widened from 1.5: 3 canary instances against 6 cannot exclude less",
  weight: 0.12,
  evidence: { harm: 14.2, harmNeeded: 8.1, safe: -20, safeNeeded: 3, tiles: 62, tileMs: 5000 },
});

const refused = finding({
  signal: "log pattern 9c24c6acab453816",
  kind: "logs",
  conclusion: "worse",
  why: 'a new error in the logs: "charge of <*> failed: connect ECONNREFUSED <*>" (12 requests of the canary, none of the baseline\'s; PaymentRefused; conn-refused)',
  canary: arm(7312, 12 / 7312, "share", 3),
  baseline: arm(21_944, 0, "share", 0),
  tolerance: 1.1,
  weight: 0.024,
  evidence: { harm: 12.1, harmNeeded: 8.8, safe: null, safeNeeded: null, tiles: 0, tileMs: 5000 },
  pattern: {
    id: "9c24c6acab453816",
    template: "charge of <*> failed: connect ECONNREFUSED <*>",
    change: "new",
    severity: 17,
    failures: ["conn-refused"],
    exception: "PaymentRefused",
    firstSeen: richStart + 190_000,
    lines: [0, 1, 2].map((at) => ({
      arm: "canary",
      instance: `checkout-5d9f7c6b4-x2v9${at}`,
      at: richStart + 190_000 + at * 1000,
      line: `charge of order ${8000 + at} for [e-mail] with [token] failed: connect ECONNREFUSED 10.4.0.${at}:8443 ${"after_a_very_long_word_without_a_blank_".repeat(6)}`,
      traceId: "0af7651916cd43dd8448eb211c80319c",
    })),
    weighed:
      "Weight 0.024: an exception, a fatal record or a known failure of severity critical or high, number 1 of its kind that the baseline had not shown before",
  },
});

const findings: readonly Finding[] = [
  finding({
    signal: "latency p50",
    kind: "latency",
    conclusion: "notWorse",
    why: "The median is 2 % lower than the baseline's, and more than 20 % slower is excluded.",
    canary: arm(30_110, 0.0412, "s", 3),
    baseline: arm(90_420, 0.0421, "s", 6),
    effect: 0.98,
    interval: [0.93, 1.04],
    tolerance: 1.05,
    margin: 1.2,
    guarded: true,
    weight: 0.2,
    evidence: { harm: -2, harmNeeded: 6, safe: 5.2, safeNeeded: 3, tiles: 62, tileMs: 5000 },
  }),
  harmful,
  refused,
  finding({
    signal: "errors",
    kind: "errors",
    conclusion: "open",
    why: "The service fails in 0.52 % of requests on the canary and in 0.10 % on the baseline; not yet enough instances agree.",
    canary: arm(30_110, 0.0052, "share", 3),
    baseline: arm(90_420, 0.00101, "share", 6),
    effect: 5.1,
    interval: [0.9, 12],
    tolerance: 1.1,
    margin: 1.85,
    guarded: true,
    weight: 0.35,
    evidence: { harm: 4.4, harmNeeded: 5.2, safe: -6, safeNeeded: 3, tiles: 62, tileMs: 5000 },
  }),
  finding({
    signal: "latency p95",
    kind: "latency",
    conclusion: "open",
    why: "The 95th percentile is 4 % higher; up to 31 % slower is not yet excluded.",
    canary: arm(30_110, 0.213, "s", 3),
    baseline: arm(90_420, 0.205, "s", 6),
    effect: 1.04,
    interval: [0.82, 1.31],
    tolerance: 1.05,
    margin: 1.2,
    guarded: true,
    weight: 0.2,
    evidence: { harm: -1, harmNeeded: 6, safe: 1.2, safeNeeded: 3, tiles: 62, tileMs: 5000 },
  }),
  finding({
    signal: "logs ERROR",
    kind: "logs",
    conclusion: "unknown",
    why: "The canary sent no log records in the last 2 min, while the baseline sent 1,204.",
    canary: arm(0, null, "share", 0),
    baseline: arm(90_420, 0.0009, "share", 6),
  }),
  finding({
    signal: "split",
    kind: "split",
    conclusion: "notWorse",
    why: "The canary has 25.0 % of the traffic, as asked for.",
    canary: arm(30_110, 0.25, "share", 3),
    baseline: arm(90_420, 0.75, "share", 6),
    effect: 0.25,
    interval: [0.246, 0.254],
  }),
  ...["GET /", "GET /cart", "POST /cart", "GET /items/{id}", "GET /search"].map((operation, index) =>
    finding({
      signal: `errors ${operation}`,
      kind: "errors",
      operation,
      conclusion: "open",
      why: `${operation} fails as often as on the baseline, as far as ${900 + 10 * index} requests can tell.`,
      canary: arm(900 + 10 * index, 0.001, "share", 3),
      baseline: arm(2700, 0.001, "share", 6),
      effect: 1.0 + index / 10,
      interval: [0.2, 4.4],
      tolerance: 1.1,
      margin: 1.85,
      weight: 0.02,
    }),
  ),
];

/** Intervals that narrow towards the finding's own, as the looks of five minutes leave them. */
function narrowing(one: Finding): readonly IntervalPoint[] {
  const { effect, interval } = one;
  if (effect === null || interval === null) return [];
  const [low, high] = interval;
  return Array.from({ length: 60 }, (_, index) => {
    const spread = Math.sqrt(60 / (index + 1));
    const wobble = 1 + Math.sin(index / 3) / (4 + index);
    return {
      at: richStart + (index + 1) * 5000,
      signal: one.signal,
      effect: effect * wobble,
      low: effect * wobble * (low / effect) ** spread,
      high: effect * wobble * (high / effect) ** spread,
    };
  });
}

function command(
  generation: number,
  kind: "step" | "rollback",
  canaryWeight: number,
  atMs: number,
): CommandRecord {
  return {
    command: {
      id: `an-rich-${generation}`,
      analysisId: "an-rich",
      controller: "router",
      service: "shop/checkout",
      environment: "production",
      canary: "2.4.0",
      baseline: "2.3.1",
      canaryWeight,
      baselineWeight: 100 - canaryWeight,
      generation,
      kind,
      reason: kind === "step" ? "next step of the plan" : "POST /pay fails 20.5 times as often",
    },
    status: kind === "step" ? "confirmed" : "sent",
    attempts: kind === "step" ? 1 : 3,
    createdAt: richStart + atMs,
    nextAt: richStart + atMs,
    sentAt: richStart + atMs + 20,
    confirmedAt: kind === "step" ? richStart + atMs + 900 : null,
    confirmations: kind === "step" ? 1 : 0,
    lastError: kind === "step" ? null : "connect ECONNREFUSED 127.0.0.1:9090",
  };
}

/** A rollback with everything on it: harm on one route, open and unknown signals, a controller that does not answer. */
export function richReport(change: Partial<Analysis> = {}): AnalysisReport {
  const analysis: Analysis = {
    id: "an-rich",
    service: "shop/checkout",
    environment: "production",
    canary: { asked: "2.4.0", deploymentIds: [2], label: "2.4.0" },
    baseline: { asked: "2.3.1", deploymentIds: [1], label: "2.3.1" },
    attempt: 1,
    mode: "act",
    policy: "web",
    policyVersion: 3,
    controller: "router",
    opened: richStart,
    openedBy: "api: ci",
    phase: { phase: "ending", as: "rolledBack", since: richStart + 310_000 },
    weights: [
      { canaryWeight: 5, from: richStart, to: richStart + 120_000 },
      { canaryWeight: 25, from: richStart + 120_000, to: richStart + 310_000 },
      { canaryWeight: 0, from: richStart + 310_000, to: null },
    ],
    terminal: { word: "rollback", at: richStart + 310_000 },
    verdict: {
      word: "rollback",
      terminal: true,
      at: richStart + 310_000,
      validUntil: richStart + 370_000,
      reasons: [
        { code: "harm", text: harmful.why },
        { code: "noData", text: "The canary's logs are missing." },
      ],
    },
    action: {
      kind: "rollback",
      text: "taking all traffic from the canary; the router has not confirmed yet",
    },
    findings,
    ...change,
  };
  return {
    analysis,
    history: [
      { at: richStart, word: "continue", text: "waiting for telemetry of both arms", actor: "haldane" },
      { at: richStart + 20_000, word: "continue", text: "collecting evidence at 5 %", actor: "haldane" },
      { at: richStart + 120_000, word: "continue", text: "climbing to 25 %", actor: "haldane" },
      { at: richStart + 200_000, word: "continue", text: "hold: looking at dashboards", actor: "mira" },
      { at: richStart + 230_000, word: "continue", text: "resume: dashboards are clean", actor: "mira" },
      { at: richStart + 310_000, word: "rollback", text: harmful.why, actor: "haldane" },
    ],
    intervals: findings.flatMap(narrowing),
    commands: [command(1, "step", 5, 0), command(2, "step", 25, 120_000), command(3, "rollback", 0, 310_000)],
    policyText:
      "apiVersion: haldane/v1\nkind: Policy\nname: web\nsteps:\n  - weight: 5\n    dwell: 2m\n  - weight: 25\n    dwell: 5m\n",
    steps: [
      { weight: 5, dwellMs: 120_000 },
      { weight: 25, dwellMs: 300_000 },
      { weight: 50, dwellMs: 300_000 },
      { weight: 100, dwellMs: 120_000 },
    ],
    notes: [
      "Requests are counted from spans; metrics confirm that nothing is sampled.",
      "Instances differ by tau 0.25 (prior); no history of this service yet.",
    ],
    score: 41,
    forecast: {
      signal: "latency",
      inMs: 95_000,
      text: "latency should be proven in about 95 s at the present traffic",
    },
  };
}

/** A promoted release, a report-only look, and a hold: the other pictures of a list. */
export function otherReports(): readonly AnalysisReport[] {
  const change = (given: Partial<Analysis>): AnalysisReport => richReport(given);
  const verdict = richReport().analysis.verdict;
  return [
    change({
      id: "an-good",
      service: "shop/cart",
      phase: { phase: "ended", as: "promoted", since: richStart },
      weights: [{ canaryWeight: 100, from: richStart - 60_000, to: null }],
      terminal: { word: "promote", at: richStart },
      verdict: {
        ...verdict,
        word: "promote",
        at: richStart,
        reasons: [{ code: "safe", text: "Errors and latency are proven not to be worse than the margins." }],
      },
      action: { kind: "promote", text: "the canary has all traffic" },
      findings: findings.filter((one) => one.conclusion === "notWorse"),
    }),
    change({
      id: "an-report",
      service: "search",
      environment: "",
      mode: "report",
      controller: null,
      phase: { phase: "watching", step: 0, since: richStart },
      weights: [],
      terminal: null,
      verdict: {
        ...verdict,
        word: "continue",
        terminal: false,
        at: richNow - 5000,
        validUntil: richNow + 55_000,
        reasons: [
          {
            code: "collecting",
            text: "812 more canary requests are needed to exclude 1.85 times the errors.",
          },
        ],
      },
      action: { kind: "none", text: "report only: Haldane moves no traffic here" },
      findings: findings.filter((one) => one.conclusion !== "worse"),
    }),
    change({
      id: "an-held",
      service: "shop/payments",
      phase: { phase: "held", step: 1, since: richStart + 250_000, why: "the deadline passed without proof" },
      weights: [{ canaryWeight: 25, from: richStart, to: null }],
      terminal: { word: "inconclusive", at: richStart + 250_000 },
      verdict: {
        ...verdict,
        word: "inconclusive",
        at: richStart + 250_000,
        reasons: [{ code: "deadline", text: "After 30 min an error ratio of 1.85 is still not excluded." }],
      },
      action: { kind: "hold", text: "held at 25 %; an operator promotes or aborts" },
    }),
  ];
}

/** Services of a list: two versions at once, one quiet, and what could not be attributed. */
export function richServices(): readonly ServiceView[] {
  const version = (label: string, instances: number, requestsLastMinute: number, firstSeen: Instant) => ({
    label,
    aliases: [
      { kind: "version" as const, value: label },
      { kind: "templateHash" as const, value: "6f7c9d8b54" },
    ],
    instances,
    unidentifiedInstances: false,
    firstSeen,
    lastSeen: richNow - 4000,
    requestsLastMinute,
    signals: ["errors", "latency p50", "latency p95", "logs ERROR"],
  });
  return [
    {
      service: "shop/checkout",
      environment: "production",
      versions: [version("2.4.0", 3, 5873, richStart), version("2.3.1", 6, 17_604, richStart - 86_400_000)],
      tallies: [{ name: "late", count: 12, why: "came after their window was sealed" }],
      openAnalyses: ["an-rich"],
      whyNoAnalysis: null,
    },
    {
      service: "search",
      environment: "",
      versions: [
        {
          ...version("deployment 7", 1, 40, richStart),
          unidentifiedInstances: true,
          lastSeen: richNow - 400_000,
        },
      ],
      tallies: [],
      openAnalyses: [],
      whyNoAnalysis: "only one version sends telemetry",
    },
    {
      service: "",
      environment: "",
      versions: [],
      tallies: [
        {
          name: "unattributed.noServiceName",
          count: 48_112,
          why: "the resource has no service.name: set OTEL_SERVICE_NAME",
        },
      ],
      openAnalyses: [],
      whyNoAnalysis: "telemetry without a service name cannot be compared",
    },
  ];
}
