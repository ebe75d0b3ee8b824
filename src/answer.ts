import type { AnalysisReport, Asking, VerdictAnswer, VerdictQuery } from "#engine/asking.ts";
import type { Ledger } from "#engine/ledger.ts";
import type { Clock, ControlStore, TelemetryReader } from "#engine/ports.ts";
import { serviceViews } from "#engine/service-views.ts";
import { analysisFor, placesFor, verdictAnswer } from "#engine/verdict-answer.ts";
import type { Analysis } from "#model/analysis.ts";
import { EndedAnalyses } from "./ended-analyses.ts";

export interface AnswerTools {
  readonly ledger: Ledger;
  readonly control: ControlStore;
  readonly telemetry: TelemetryReader;
  readonly clock: Clock;
  /** After something was opened or operated: commands may be due, settings may have changed. */
  readonly onChange: () => void;
  readonly checks: Asking["checks"];
}

/** The running engine as its callers see it: the ledger with a clock. */
export function createAsking(tools: AnswerTools): Asking {
  const { ledger, control, telemetry, clock } = tools;
  const ended = new EndedAnalyses(ledger, control);
  return {
    open(request) {
      const opened = ledger.open(request, clock.now());
      if (opened.ok) tools.onChange();
      return opened;
    },
    list: (filter) => control.analyses(filter).map((stored) => ledger.analysis(stored.id) ?? stored),
    report: (id): AnalysisReport | null => ledger.report(id),
    operate(id, operation) {
      const operated = ledger.operate(id, operation, clock.now());
      if (operated.ok) tools.onChange();
      return operated;
    },
    verdict: (query) => answerVerdict(query, tools, ended.newest()),
    services: () =>
      serviceViews(telemetry, { open: ledger.openAnalyses(), ended: ended.newest() }, clock.now()),
    subscribe: (listener) => ledger.subscribe(listener),
    checks: tools.checks,
  };
}

function answerVerdict(
  query: VerdictQuery,
  { ledger, telemetry, clock }: AnswerTools,
  ended: readonly Analysis[],
): VerdictAnswer {
  const names = namesIn(telemetry);
  const open = ledger.openAnalyses();
  const ofOpen = placesFor(query, open, names);
  const searched = ofOpen.length > 0 ? open : ended;
  const places = ofOpen.length > 0 ? ofOpen : placesFor(query, searched, names);
  return verdictAnswer(query, analysisFor(query, searched, names), clock.now(), places);
}

/** Every alias under which each arm may be asked for; deployments are read at most once a query. */
function namesIn(
  telemetry: TelemetryReader,
): (analysis: Analysis) => { readonly canary: readonly string[]; readonly baseline: readonly string[] } {
  let deployments: ReturnType<TelemetryReader["deployments"]> | null = null;
  const namesOf = (arm: Analysis["canary"]): readonly string[] => {
    deployments ??= telemetry.deployments();
    const aliases = deployments
      .filter(({ id }) => arm.deploymentIds.includes(id))
      .flatMap((one) => one.aliases);
    return [arm.asked, arm.label, ...aliases.map(({ value }) => value)];
  };
  return (analysis) => ({ canary: namesOf(analysis.canary), baseline: namesOf(analysis.baseline) });
}
