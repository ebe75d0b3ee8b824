import { deploymentLabel, type Deployment } from "#model/deployment.ts";
import type { Analysis } from "#model/analysis.ts";
import type { Measure } from "#model/sample.ts";
import { windowStart, type Instant } from "#model/time.ts";
import type { ServiceView, VersionView } from "./asking.ts";
import { aliveVersions, openingsOf, togetherMs, whyNothingOpened } from "./automatic.ts";
import type { Tally, TelemetryReader } from "./ports.ts";
import { hasAlias, sameService } from "./resolve-arm.ts";
import { sayTally } from "./say-tally.ts";

/** Windows of the recent past that say which signals a version sends. */
const signalsFromMs = 60_000;

/** What Haldane sees of each service, and why no analysis is open where none is. `ended`: those known, newest first. */
export function serviceViews(
  telemetry: TelemetryReader,
  analyses: { readonly open: readonly Analysis[]; readonly ended: readonly Analysis[] },
  now: Instant,
): readonly ServiceView[] {
  const deployments = telemetry.deployments();
  const tallies = telemetry.tallies();
  const sealedTo = windowStart(now);
  const activity = telemetry.activity(sealedTo - togetherMs);
  const keys = new Map<string, { service: string; environment: string }>();
  for (const { service, environment } of [...deployments, ...tallies]) {
    keys.set(JSON.stringify([service, environment]), { service, environment });
  }
  return [...keys.values()]
    .sort((a, b) =>
      a.service < b.service ? -1 : a.service > b.service ? 1 : a.environment < b.environment ? -1 : 1,
    )
    .map(({ service, environment }) => {
      const group = deployments.filter((one) => one.service === service && one.environment === environment);
      const isHere = (analysis: Analysis): boolean =>
        analysis.environment === environment && sameService(analysis.service, service);
      const open = analyses.open.filter(isHere);
      const alive = aliveVersions(group, activity, sealedTo);
      return {
        service,
        environment,
        versions: group.map((deployment) => versionView(deployment, telemetry, activity, now)),
        tallies: talliesOf(tallies, service, environment),
        openAnalyses: open.map(({ id }) => id),
        whyNoAnalysis:
          open.length > 0
            ? null
            : whyNoneIsOpen(
                whyNothingOpened(alive.length, group.length, telemetry.instances(group.map(({ id }) => id))),
                comparedNow(group, activity, sealedTo),
                analyses.ended.filter(isHere),
              ),
      };
    });
}

/** Names the analysis that has ended for what would be compared now: nothing opens by itself for that version again. */
function whyNoneIsOpen(
  otherwise: string,
  canary: Deployment | undefined,
  ended: readonly Analysis[],
): string {
  const last =
    canary === undefined
      ? ended[0]
      : ended.find(
          (one) => one.canary.deploymentIds.includes(canary.id) || hasAlias(canary, one.canary.asked),
        );
  if (last === undefined) return otherwise;
  const how = last.terminal === null ? "without a verdict" : `with ${last.terminal.word}`;
  const told = `analysis ${last.id} of ${last.canary.label} against ${last.baseline.label} ended ${how}`;
  return canary === undefined ? `${otherwise}; ${told}` : `${told}; POST /v1/analyses opens another attempt`;
}

/** The version that an analysis which opened by itself now would be about; none where fewer than two emit. */
function comparedNow(
  group: readonly Deployment[],
  activity: ReturnType<TelemetryReader["activity"]>,
  sealedTo: Instant,
): Deployment | undefined {
  const [opening] = openingsOf(group, activity, sealedTo);
  return group.find(({ id }) => id === opening?.canaryId);
}

function talliesOf(tallies: readonly Tally[], service: string, environment: string): ServiceView["tallies"] {
  return tallies
    .filter((tally) => tally.service === service && tally.environment === environment)
    .map(({ name, count }) => ({ name, count, why: sayTally(name) }));
}

function versionView(
  deployment: Deployment,
  telemetry: TelemetryReader,
  activity: ReturnType<TelemetryReader["activity"]>,
  now: Instant,
): VersionView {
  const instances = telemetry.instances([deployment.id]);
  const live = instances.filter(({ lastSeen }) => lastSeen >= deployment.lastSeen - togetherMs);
  const recent = telemetry.samples({
    deploymentIds: [deployment.id],
    from: windowStart(now) - signalsFromMs,
    to: windowStart(now) + 5000,
    late: false,
  });
  return {
    label: deploymentLabel(deployment),
    aliases: deployment.aliases,
    instances: live.length,
    unidentifiedInstances: live.some(({ identified }) => !identified),
    firstSeen: deployment.firstSeen,
    lastSeen: deployment.lastSeen,
    requestsLastMinute: activity.find(({ deploymentId }) => deploymentId === deployment.id)?.requests ?? 0,
    signals: [...new Set(recent.map(({ measure }) => signalName(measure)))].sort(),
  };
}

function signalName(measure: Measure): string {
  switch (measure.kind) {
    case "requests":
      return `requests (${measure.source})`;
    case "logs":
      return "logs";
    case "pattern":
      return "log patterns";
    case "counter":
    case "gauge":
    case "histogram":
      return `${measure.kind} ${measure.metric}`;
    case "rejected":
      return `rejected points of ${measure.metric === "" ? "requests (metrics)" : measure.metric}`;
  }
}
