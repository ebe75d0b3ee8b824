import type { Mode } from "#model/analysis.ts";
import { err, ok, type Result } from "#model/result.ts";
import { windowStart, type Instant } from "#model/time.ts";
import type { OpenError, OpenRequest } from "./asking.ts";
import { aliveVersions, nameOf, togetherMs } from "./automatic.ts";
import { bindingOf, type Binding } from "./configuration.ts";
import type { Policy } from "./policy.ts";
import type { TelemetryReader } from "./ports.ts";
import { hasAlias, sameService } from "./resolve-arm.ts";

/** Under what an analysis runs. */
export interface Terms {
  readonly policy: Policy;
  readonly mode: Mode;
  /** Null where the analysis only reports. */
  readonly controller: string | null;
}

/** What a request and the first binding that fits it say together. */
export function termsOf(
  request: OpenRequest,
  settings: { readonly policies: ReadonlyMap<string, Policy>; readonly bindings: readonly Binding[] },
): Result<Terms, OpenError> {
  const binding = bindingOf(settings.bindings, request.service, request.environment);
  const name = request.policy ?? binding?.policy ?? "default";
  const policy = settings.policies.get(name);
  if (policy === undefined) {
    const known = [...settings.policies.keys()].join(", ");
    return err({ tag: "unknownPolicy", message: `unknown policy "${name}"; known: ${known}` });
  }
  const controller = binding?.controller ?? null;
  const mode = request.mode ?? (controller === null ? "report" : "act");
  if (mode === "act" && controller === null) {
    return err({
      tag: "noController",
      message: `no binding gives ${request.service} in "${request.environment}" a controller; add one to haldane.yaml, or ask with mode "report"`,
    });
  }
  return ok({ policy, mode, controller: mode === "act" ? controller : null });
}

/** The version other than the canary that serves most now, by a name that only it has; null where none serves. */
export function servingMost(request: OpenRequest, telemetry: TelemetryReader, now: Instant): string | null {
  const sealedTo = windowStart(now);
  const group = telemetry
    .deployments()
    .filter((one) => one.environment === request.environment && sameService(request.service, one.service));
  const alive = aliveVersions(group, telemetry.activity(sealedTo - togetherMs), sealedTo).filter(
    ({ deployment }) => !hasAlias(deployment, request.canary),
  );
  const [first, ...rest] = alive;
  if (first === undefined) return null;
  const busiest = rest.reduce((a, b) => (b.requests > a.requests ? b : a), first);
  return nameOf(busiest.deployment, group);
}
