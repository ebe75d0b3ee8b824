import { readFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { measure, resolveArgs, runPhase, withArgs, type Phase } from "#test/support/argo-analysis.ts";
import {
  argoDocument,
  type ArgoDocument,
  type ArgoMetric,
  type ArgoRollout,
  type ArgoTemplate,
} from "#test/support/argo-schema.ts";
import { sendSecond, type LiveVersion } from "#test/support/live-traffic.ts";
import { quickConfiguration, quickToken as token } from "#test/support/quick-policy.ts";
import { endServed, serveFiles, startServed, type Served } from "#test/support/served.ts";

const page = readFileSync(new URL("../../docs/argo-rollouts.md", import.meta.url), "utf8");
const snippets = [...page.matchAll(/^```yaml\n(.*?)^```/gms)].map((match) => match[1]!);
const addressOfPage = "http://haldane.observability:8080";

function plain(snippet: string): readonly unknown[] {
  return parseAllDocuments(snippet).map((document) => {
    expect(document.errors).toEqual([]);
    return document.toJS() as unknown;
  });
}

const documents: readonly ArgoDocument[] = snippets
  .flatMap(plain)
  .map((document) => argoDocument.parse(document));
const templates = new Map(
  documents.flatMap((one): [string, ArgoTemplate][] =>
    one.kind === "AnalysisTemplate" ? [[one.metadata.name, one]] : [],
  ),
);
const rollout = documents.find((one): one is ArgoRollout => one.kind === "Rollout")!;
const { analysis: background, steps } = rollout.spec.strategy.canary;

/** The analyses of the Rollout by the template that each names: the background's and those of the steps. */
const asked = new Map(
  [background, ...steps.flatMap((step) => ("analysis" in step ? [step.analysis] : []))].map((one) => [
    one.templates[0]!.templateName,
    one.args,
  ]),
);

const stable = "7d9c6b5f4";
const latest = "5f6d8bb97c";

describe("the YAML of the page", () => {
  test("every field is one that Argo Rollouts has, with values that its controller takes", () => {
    expect(documents.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual([
      "Secret haldane",
      "AnalysisTemplate haldane-open",
      "AnalysisTemplate haldane-watch",
      "AnalysisTemplate haldane-proof",
      "Rollout checkout",
    ]);
  });

  test.each([
    ["a misspelt limit", "inconclusiveLimit: 299", "inconclusivLimit: 299"],
    ["a provider field of another name", "timeoutSeconds: 10", "timeout: 10"],
    ["an inconclusive limit above the count", "inconclusiveLimit: 299", "inconclusiveLimit: 301"],
    ["a body of a GET", "          method: POST\n", ""],
  ])("%s would be refused", (_, right, wrong) => {
    const broken = snippets[0]!.replace(right, wrong);
    expect(broken).not.toBe(snippets[0]);
    expect(plain(broken).every((document) => argoDocument.safeParse(document).success)).toBe(false);
  });

  test("the comparison is open before the background analysis begins, and proof is asked for before all traffic moves", () => {
    const opening = steps.findIndex(
      (step) => "analysis" in step && step.analysis.templates[0]!.templateName === "haldane-open",
    );
    expect(opening).toBeGreaterThan(0);
    expect(background.startingStep).toBe(opening + 1);
    expect(steps.at(-1)).toMatchObject({ analysis: { templates: [{ templateName: "haldane-proof" }] } });
    const weights = steps.flatMap((step) => ("setWeight" in step ? [step.setWeight] : []));
    expect(Math.max(...weights)).toBeLessThan(100);
  });

  test("the wait for proof outlasts the horizon of the default policy", () => {
    const { interval, count } = templates.get("haldane-proof")!.spec.metrics[0]!;
    expect(interval).toBe("15s");
    expect(15 * count!).toBeGreaterThan(3600);
  });
});

/** What `haldane-watch` and `haldane-proof` measured for one service, look by look. */
interface Seen {
  readonly words: string[];
  readonly watch: Phase[];
  readonly proof: Phase[];
}

const services = ["checkout", "cart", "search", "unknown"] as const;
const seen = new Map(
  services.map((service): [string, Seen] => [service, { words: [], watch: [], proof: [] }]),
);
const opened = new Map<string, Phase>();
let served: Served;

/** The one metric of a template as the run of this service has it, sent to the process under test. */
function metricOf(name: string, service: string, secret: string): ArgoMetric {
  const template = templates.get(name)!;
  const given = asked
    .get(name)!
    .map((arg) => (arg.name === "service" ? { ...arg, value: `shop/${service}` } : arg));
  const args = resolveArgs(template, given, { latest, stable, secrets: { "haldane/token": secret } });
  const metric = withArgs(template.spec.metrics[0]!, args);
  const { web } = metric.provider;
  expect(web.url).toContain(addressOfPage);
  return { ...metric, provider: { web: { ...web, url: web.url.replace(addressOfPage, served.url) } } };
}

function variable(name: string): string {
  return rollout.spec.template.spec.containers[0]!.env.find((one) => one.name === name)!.value!;
}

/** A version as the container of the page describes itself. */
function version(service: string, hash: string, errors: number): LiveVersion {
  const entries = variable("OTEL_RESOURCE_ATTRIBUTES")
    .replace("$(POD_TEMPLATE_HASH)", hash)
    .split(",")
    .map((pair) => pair.split("=") as [string, string])
    .filter(([key]) => key !== "service.instance.id");
  const resource = { ...Object.fromEntries(entries), "service.name": service };
  const [, bearer] = variable("OTEL_EXPORTER_OTLP_HEADERS")
    .replace("$(HALDANE_TOKEN)", token)
    .split("Authorization=Bearer%20");
  return { version: hash, instances: 3, rps: 300, errors, resource, token: bearer! };
}

async function look(service: string): Promise<void> {
  const { words, watch, proof } = seen.get(service)!;
  const watched = await measure(metricOf("haldane-watch", service, token));
  const proven = await measure(metricOf("haldane-proof", service, token));
  words.push((JSON.parse(proven.value) as { verdict: string }).verdict);
  watch.push(watched.phase);
  proof.push(proven.phase);
}

function ended(service: string): boolean {
  return seen.get(service)!.words.at(-1) !== "continue";
}

beforeAll(async () => {
  served = await startServed(await serveFiles(quickConfiguration, { HALDANE_TOKEN: token }));
  for (const service of ["checkout", "cart", "search"]) {
    const { phase } = await measure(metricOf("haldane-open", service, token));
    opened.set(service, phase);
  }
  await Promise.all(services.map(look));
  for (let second = 0; second < 60 && !["checkout", "cart", "search"].every(ended); second += 1) {
    await Promise.all([
      sendSecond(served.otlpUrl, version("checkout", stable, 0.001)),
      sendSecond(served.otlpUrl, version("checkout", latest, 0.001)),
      sendSecond(served.otlpUrl, version("cart", stable, 0.001)),
      sendSecond(served.otlpUrl, version("cart", latest, 0.1)),
      wait(1000),
    ]);
    await Promise.all(services.filter((service) => !ended(service)).map(look));
  }
}, 120_000);

afterAll(() => endServed(served, "SIGKILL"));

function phases(service: string): object {
  const { words, watch, proof } = seen.get(service)!;
  return {
    word: words.at(-1),
    watch: runPhase(metricOf("haldane-watch", service, ""), watch),
    proof: runPhase(metricOf("haldane-proof", service, ""), proof),
  };
}

describe("the templates of the page, against a real process", () => {
  test("opening is a success, and again is the same analysis", async () => {
    expect([...opened.values()]).toEqual(["Successful", "Successful", "Successful"]);
    const again = await measure(metricOf("haldane-open", "unknown", token));
    const twice = await measure(metricOf("haldane-open", "unknown", token));
    const idOf = ({ value }: { readonly value: string }) => (JSON.parse(value) as { id: string }).id;
    expect(idOf(twice)).toBe(idOf(again));
  });

  test("until a verdict is there both runs go on", () => {
    for (const service of services) {
      const { words, watch, proof } = seen.get(service)!;
      expect([words[0], watch[0], proof[0]]).toEqual(["continue", "Successful", "Inconclusive"]);
    }
    expect(phases("unknown")).toEqual({ word: "continue", watch: "Running", proof: "Running" });
  });

  test("promote lets the last step through, and the background goes on until Argo ends it", () => {
    expect(phases("checkout")).toEqual({ word: "promote", watch: "Running", proof: "Successful" });
  });

  test("rollback fails both, which aborts the rollout", () => {
    expect(phases("cart")).toEqual({ word: "rollback", watch: "Failed", proof: "Failed" });
  });

  test("inconclusive pauses the rollout from the background and lets nothing through", () => {
    expect(phases("search")).toEqual({ word: "inconclusive", watch: "Inconclusive", proof: "Running" });
  });

  test("a wrong token and a server that is away are errors, 31 of which in a row abort", async () => {
    const refused = await measure(metricOf("haldane-watch", "checkout", "another"));
    expect(refused).toEqual({ phase: "Error", value: "received non 2xx response code: 401" });
    expect((await measure(metricOf("haldane-open", "checkout", "another"))).phase).toBe("Error");
    const watch = metricOf("haldane-watch", "checkout", token);
    const gone = { ...watch, provider: { web: { ...watch.provider.web, url: "http://127.0.0.1:1/" } } };
    expect((await measure(gone)).phase).toBe("Error");
    const errors = Array.from({ length: 31 }, (): Phase => "Error");
    expect(runPhase(watch, ["Successful", ...errors.slice(1)])).toBe("Running");
    expect(runPhase(watch, ["Successful", ...errors])).toBe("Error");
    expect(runPhase(metricOf("haldane-proof", "checkout", ""), errors)).toBe("Error");
  });

  test("proof that never comes ends inconclusive, also where only the limit of inconclusive measurements is known", () => {
    const proof = metricOf("haldane-proof", "checkout", "");
    const never = Array.from({ length: 300 }, (): Phase => "Inconclusive");
    expect(runPhase(proof, never)).toBe("Inconclusive");
    expect(runPhase({ ...proof, consecutiveSuccessLimit: 0 }, never)).toBe("Inconclusive");
    // The plain recipe would promote what nobody has proven.
    expect(runPhase({ ...proof, consecutiveSuccessLimit: 0, inconclusiveLimit: 300 }, never)).toBe(
      "Successful",
    );
  });
});
