import type { ArgoMetric, ArgoRolloutArg, ArgoTemplate } from "./argo-schema.ts";
import { evaluates } from "./condition.ts";

/*
 * What Argo Rollouts (v1.8 to v1.9) does with a `web` metric, as far as one metric goes: arguments, one measurement, its
 * phase, and when measurements end the run.
 */

export type Phase = "Successful" | "Failed" | "Inconclusive" | "Error";

/** The arguments of an AnalysisRun: those of the Rollout over the defaults of the template, secrets read. */
export function resolveArgs(
  template: ArgoTemplate,
  given: readonly ArgoRolloutArg[],
  around: {
    readonly latest: string;
    readonly stable: string;
    readonly secrets: Readonly<Record<string, string>>;
  },
): ReadonlyMap<string, string> {
  const fromRollout = new Map(
    given.map(({ name, value, valueFrom }) => {
      if (valueFrom === undefined) return [name, value ?? ""];
      if (!("podTemplateHashValue" in valueFrom)) throw new Error(`${name}: fieldRef is not played here`);
      return [name, valueFrom.podTemplateHashValue === "Latest" ? around.latest : around.stable];
    }),
  );
  const known = new Set(template.spec.args.map(({ name }) => name));
  for (const name of fromRollout.keys())
    if (!known.has(name)) throw new Error(`the template has no argument "${name}"`);
  return new Map(
    template.spec.args.map(({ name, value, valueFrom }) => {
      const secret = valueFrom === undefined ? undefined : valueFrom.secretKeyRef;
      const resolved =
        fromRollout.get(name) ??
        (secret === undefined ? value : around.secrets[`${secret.name}/${secret.key}`]);
      if (resolved === undefined) throw new Error(`argument "${name}" was not supplied`);
      return [name, resolved];
    }),
  );
}

/** Puts the arguments into the metric as it stands in JSON, values unescaped for the URL; an argument that is not there throws. */
export function withArgs(metric: ArgoMetric, args: ReadonlyMap<string, string>): ArgoMetric {
  const text = JSON.stringify(metric).replace(/\{\{\s*args\.([\w-]+)\s*\}\}/g, (_, name: string) => {
    const value = args.get(name);
    if (value === undefined) throw new Error(`failed to resolve {{args.${name}}}`);
    return JSON.stringify(value).slice(1, -1);
  });
  return JSON.parse(text) as ArgoMetric;
}

/** One measurement: the request of the metric, and the phase that its answer gives. */
export async function measure(
  metric: ArgoMetric,
): Promise<{ readonly phase: Phase; readonly value: string }> {
  const { url, method, headers, body, jsonBody, jsonPath, timeoutSeconds } = metric.provider.web;
  const sent = new Headers(headers.map(({ key, value }): [string, string] => [key, value]));
  if (jsonBody !== undefined) sent.set("Content-Type", "application/json");
  let text: string;
  try {
    const response = await fetch(url, {
      method,
      headers: sent,
      body: jsonBody === undefined ? (body ?? null) : JSON.stringify(jsonBody),
      signal: AbortSignal.timeout(timeoutSeconds * 1000),
    });
    text = await response.text();
    if (!response.ok) return { phase: "Error", value: `received non 2xx response code: ${response.status}` };
  } catch (error) {
    return { phase: "Error", value: String(error) };
  }
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    // Whatever the conditions say: the trap that the page warns of.
    return { phase: "Successful", value: text };
  }
  const result = atPath(answer, jsonPath);
  if (result === undefined) return { phase: "Error", value: `no value at ${jsonPath}` };
  return { phase: phaseOf(metric, result), value: JSON.stringify(result) };
}

/** `{$}` and `{$.a.b}`. */
function atPath(answer: unknown, jsonPath: string): unknown {
  const path = /^\{\$((?:\.\w+)*)\}$/.exec(jsonPath)?.[1];
  if (path === undefined) throw new Error(`JSONPath ${jsonPath} is not played here`);
  return path
    .split(".")
    .slice(1)
    .reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], answer);
}

function phaseOf({ successCondition, failureCondition }: ArgoMetric, result: unknown): Phase {
  try {
    const success = successCondition === "" || evaluates(successCondition, { result });
    // One condition alone is the other one's opposite.
    const failure = failureCondition === "" ? !success : evaluates(failureCondition, { result });
    if (failure) return "Failed";
    return success ? "Successful" : "Inconclusive";
  } catch {
    return "Error";
  }
}

/** Where the run of one metric stands after some measurements, the first one first; what comes after its end is not measured any more. */
export function runPhase(metric: ArgoMetric, measured: readonly Phase[]): Phase | "Running" {
  for (let taken = 1; taken < measured.length; taken += 1) {
    const phase = phaseAfter(metric, measured.slice(0, taken));
    if (phase !== "Running") return phase;
  }
  return phaseAfter(metric, measured);
}

function phaseAfter(metric: ArgoMetric, measured: readonly Phase[]): Phase | "Running" {
  const counted = measured.filter((phase) => phase !== "Error");
  const count = (phase: Phase): number => measured.filter((one) => one === phase).length;
  const errorsInARow = measured.length - (measured.findLastIndex((phase) => phase !== "Error") + 1);
  const successesInARow = measured.length - (measured.findLastIndex((phase) => phase !== "Successful") + 1);
  const { failureLimit, inconclusiveLimit, consecutiveErrorLimit, consecutiveSuccessLimit } = metric;
  // The order of the controller: where several limits are passed at once, the first of these names the run.
  if (errorsInARow > consecutiveErrorLimit) return "Error";
  if (count("Inconclusive") > inconclusiveLimit) return "Inconclusive";
  if (failureLimit >= 0 && count("Failed") > failureLimit) return "Failed";
  if (consecutiveSuccessLimit > 0 && successesInARow >= consecutiveSuccessLimit) return "Successful";
  const last = metric.count ?? (metric.interval === undefined ? 1 : Infinity);
  if (counted.length < last) return "Running";
  if (consecutiveSuccessLimit === 0) return "Successful";
  return failureLimit >= 0 ? "Inconclusive" : "Failed";
}
