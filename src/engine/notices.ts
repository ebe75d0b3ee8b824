import type { Analysis } from "#model/analysis.ts";
import type { CommandRecord } from "#model/command.ts";
import type { Finding } from "#model/finding.ts";
import { noticeEvents, type Notice, type NoticeEvent, type Told, type WorseSignal } from "#model/notice.ts";
import type { Instant } from "#model/time.ts";
import { bindingOf, type Binding, type ReceiverConfiguration } from "./configuration.ts";

/** Signals that are worse beyond this many are left to the page. */
export const worseMost = 10;

/** Who may be told, and of what. */
export interface NoticeSettings {
  readonly bindings: readonly Binding[];
  readonly receivers?: readonly Pick<ReceiverConfiguration, "name" | "events">[];
}

/** The notices of an analysis that has just got its terminal verdict; none where it has none. */
export function verdictNotices(analysis: Analysis, settings: NoticeSettings): readonly Notice[] {
  const { terminal } = analysis;
  const event = noticeEvents.find((one) => one === terminal?.word);
  if (terminal === null || event === undefined) return [];
  const told = toldOf(analysis, terminal.at);
  return receiversOf(analysis, event, settings).map((receiver) => ({ event, subject: "", receiver, told }));
}

/** The notices of a command that is still not in force. */
export function stalledNotices(
  analysis: Analysis,
  { command, attempts, lastError }: CommandRecord,
  settings: NoticeSettings,
  at: Instant,
): readonly Notice[] {
  const { id: subject, controller, kind, canaryWeight } = command;
  const stalled = { controller, kind, canaryWeight, attempts, lastError };
  const told = { ...toldOf(analysis, at), stalled };
  return receiversOf(analysis, "stalled", settings).map((receiver) => ({
    event: "stalled" as const,
    subject,
    receiver,
    told,
  }));
}

function receiversOf(analysis: Analysis, event: NoticeEvent, settings: NoticeSettings): readonly string[] {
  const bound = bindingOf(settings.bindings, analysis.service, analysis.environment)?.receivers ?? [];
  return (settings.receivers ?? [])
    .filter(({ name, events }) => bound.includes(name) && events.includes(event))
    .map(({ name }) => name);
}

function toldOf(analysis: Analysis, at: Instant): Told {
  const { id, service, environment, canary, baseline, attempt, mode, verdict, action, findings } = analysis;
  return {
    at,
    analysisId: id,
    service,
    environment,
    canary: canary.label,
    baseline: baseline.label,
    attempt,
    mode,
    verdict: analysis.terminal?.word ?? verdict.word,
    action,
    reasons: verdict.reasons,
    worse: findings
      .filter(({ conclusion }) => conclusion === "worse")
      .slice(0, worseMost)
      .map(worseOf),
    stalled: null,
  };
}

function worseOf({ signal, operation, why, canary, baseline, effect, interval }: Finding): WorseSignal {
  return {
    signal,
    operation,
    why,
    unit: canary.unit,
    canary: finite(canary.value),
    baseline: finite(baseline.value),
    effect: finite(effect),
    interval: interval === null ? null : [finite(interval[0]), finite(interval[1])],
  };
}

function finite(value: number | null): number | null {
  return value !== null && Number.isFinite(value) ? value : null;
}
