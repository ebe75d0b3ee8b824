import { createHash } from "node:crypto";
import { join } from "node:path";
import type { CalibrateRequest } from "#cli/calibrate-request.ts";
import type { CalibrateAnswer, CalibrateRefusal } from "#cli/calibrate.ts";
import { calibrate as sumUp } from "#engine/calibrate.ts";
import { defaultPolicy } from "#engine/policy.ts";
import { resolveArm, sameService } from "#engine/resolve-arm.ts";
import { beforeMs, playTrial, type Trial } from "#engine/trial.ts";
import { deploymentLabel, type Deployment } from "#model/deployment.ts";
import { err, ok, type Result } from "#model/result.ts";
import type { SampleRow } from "#model/sample.ts";
import { formatDuration, windowLengthMs, type Instant } from "#model/time.ts";
import { openTelemetryReader } from "#store/sqlite/telemetry-reader.ts";
import { retentionDefaults } from "#store/sqlite/retention.ts";
import type { TelemetryReader } from "#engine/ports.ts";

/** Shorter stretches of history say nothing of looking for long. */
const shortestStretchMs = 300_000;
const signalCap = 200;

/**
 * Compares one version with itself over the history that is stored of it: some of its instances play the canary, drawn anew for
 * each trial by hashing, so that the same history gives the same answer. Reads beside a running server.
 */
export function calibrate(request: CalibrateRequest): Result<CalibrateAnswer, CalibrateRefusal> {
  const opened = openTelemetryReader(join(request.data, "telemetry.db"));
  if (!opened.ok) return err({ message: opened.error.message });
  const reader = opened.value;
  try {
    const found = versionOf(request, reader);
    return found.ok ? calibrateVersion(request, reader, found.value) : found;
  } finally {
    reader.close();
  }
}

/** The version asked for, or the one that served most in the finest tier of history. */
function versionOf(request: CalibrateRequest, reader: TelemetryReader): Result<Deployment, CalibrateRefusal> {
  const deployments = reader.deployments();
  const ofService = deployments.filter(({ service }) => sameService(request.service, service));
  const environments = [...new Set(ofService.map(({ environment }) => environment))];
  if (ofService.length === 0) {
    const known = [...new Set(deployments.map(({ service }) => service))].sort().join(", ");
    return err({
      message: `no telemetry of "${request.service}" is stored${known === "" ? "" : `; known: ${known}`}`,
    });
  }
  const [only] = environments;
  if (request.environment === null && environments.length > 1) {
    return err({
      message: `"${request.service}" runs in ${environments.join(", ")}: name one with --environment`,
    });
  }
  const environment = request.environment ?? only ?? "";
  const group = ofService.filter((one) => one.environment === environment);
  if (group.length === 0) {
    return err({
      message: `"${request.service}" is not seen in "${environment}"; known: ${environments.join(", ")}`,
    });
  }
  if (request.baseline !== null) {
    const resolved = resolveArm(deployments, { service: request.service, environment }, request.baseline);
    return resolved.ok ? resolved : err({ message: resolved.error.message });
  }
  const newest = Math.max(...group.map(({ lastSeen }) => lastSeen));
  const activity = reader.activity(newest - retentionDefaults.fineMs);
  const requests = (one: Deployment): number =>
    activity.find(({ deploymentId }) => deploymentId === one.id)?.requests ?? 0;
  return ok(group.reduce((a, b) => (requests(b) > requests(a) ? b : a)));
}

function calibrateVersion(
  request: CalibrateRequest,
  reader: TelemetryReader,
  deployment: Deployment,
): Result<CalibrateAnswer, CalibrateRefusal> {
  const policy = request.policy ?? defaultPolicy;
  const to = Math.floor(deployment.lastSeen / windowLengthMs) * windowLengthMs;
  const rows = historyOf(deployment, reader, to);
  const label = deploymentLabel(deployment);
  const from = rows[0]?.window ?? to;
  const instances = reader.instances([deployment.id]);
  const patterns = reader.patterns([deployment.id]);
  const served = [...new Set(rows.map(({ instanceId }) => instanceId))].sort((a, b) => a - b);
  if (served.length < 2) {
    return err({
      message: `${deployment.service} ${label}: ${served.length} instance in the stored history; a version is compared with itself by its instances, so it needs two at least`,
    });
  }
  const stretches = stretchesOf(rows, { from, to }, policy.horizon);
  if (stretches.length === 0) {
    return err({
      message: `${deployment.service} ${label}: ${formatDuration(to - from)} of history are stored; at least ${formatDuration(shortestStretchMs)} are needed`,
    });
  }
  const canaries = Math.min(
    request.canaryInstances ?? Math.min(3, Math.floor(served.length / 2)),
    served.length - 1,
  );
  const trials = playAll({ ...request, canaries, served, stretches }, (asCanary, stretch) =>
    playTrial({
      rows: stretch.rows,
      instances,
      patterns,
      asCanary,
      policy,
      from: stretch.from,
      to: stretch.to,
      everyMs: request.everyMs,
      signalCap,
    }),
  );
  return ok({
    service: deployment.service,
    environment: deployment.environment,
    version: label,
    policy: policy.name,
    alpha: policy.alpha,
    from,
    to,
    instances: served.length,
    canaryInstances: canaries,
    stretches: stretches.length,
    ...sumUp(trials, policy.alpha, rows),
    set: { errors: policy.errors.spread, speed: policy.latency.spread },
  });
}

/** The finest tier of history, ascending by window. */
function historyOf(deployment: Deployment, reader: TelemetryReader, to: Instant): readonly SampleRow[] {
  const from = to - retentionDefaults.fineMs;
  const rows = reader.samples({ deploymentIds: [deployment.id], from, to, late: false });
  return [...rows].sort((a, b) => a.window - b.window);
}

interface Stretch {
  readonly from: Instant;
  readonly to: Instant;
  readonly rows: readonly SampleRow[];
}

/** The newest stretches of one horizon each; one of all there is where the history is shorter. */
function stretchesOf(
  rows: readonly SampleRow[],
  all: { readonly from: Instant; readonly to: Instant },
  horizonMs: number,
): readonly Stretch[] {
  const lengthMs = Math.min(horizonMs, all.to - all.from);
  if (lengthMs < shortestStretchMs) return [];
  const count = Math.floor((all.to - all.from) / lengthMs);
  return Array.from({ length: count }, (_, at) => {
    const to = all.to - at * lengthMs;
    const from = Math.floor((to - lengthMs) / windowLengthMs) * windowLengthMs;
    return { from, to, rows: rows.filter(({ window }) => window >= from - beforeMs && window < to) };
  });
}

function playAll(
  given: {
    readonly trials: number;
    readonly canaries: number;
    readonly served: readonly number[];
    readonly stretches: readonly Stretch[];
  },
  play: (asCanary: ReadonlySet<number>, stretch: Stretch) => Trial,
): readonly Trial[] {
  const played = new Set<string>();
  const trials: Trial[] = [];
  // Few instances make few different splits: after so many draws without a new one there are no more.
  for (let draw = 0; trials.length < given.trials && draw < given.trials * 20; draw += 1) {
    const stretch = given.stretches[draw % given.stretches.length];
    const asCanary = drawn(given.served, given.canaries, draw);
    const key = `${draw % given.stretches.length}/${asCanary.join(",")}`;
    if (stretch === undefined || played.has(key)) continue;
    played.add(key);
    trials.push(play(new Set(asCanary), stretch));
  }
  return trials;
}

/** As good as random, and the same at every run: the instances with the smallest hashes. */
function drawn(served: readonly number[], count: number, draw: number): readonly number[] {
  const order = served.map((id) => ({
    id,
    hash: createHash("sha256").update(`${draw}/${id}`).digest("hex"),
  }));
  return order
    .sort((a, b) => (a.hash < b.hash ? -1 : 1))
    .slice(0, count)
    .map(({ id }) => id)
    .sort((a, b) => a - b);
}
