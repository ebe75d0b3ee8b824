import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterEach, describe, expect, test } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { z } from "zod";
import { loadDocuments } from "#config/load-documents.ts";
import { builtCollector, collectorVersion } from "#test/support/built-collector.ts";
import { blocksOfPage, collectorPage, configOfPage, receiverPorts } from "#test/support/collector-page.ts";
import { startFakeKubernetes } from "#test/support/fake-kubernetes.ts";
import { sendSecond } from "#test/support/live-traffic.ts";
import { startOtlpSink } from "#test/support/otlp-sink.ts";
import { faultsFound, startCollector } from "#test/support/real-collector.ts";
import { serveRequests } from "#test/support/sdk-sender.ts";
import { endServed, serveFiles, startServed } from "#test/support/served.ts";

const binary = await builtCollector();
const blocks = blocksOfPage("yaml");
const command = [...blocksOfPage("sh").values()].find((text) => text.startsWith("otelcol"))!;

const opened: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close();
});

/** Everything that a Collector is given on the page, in the order of the page. */
const collectorFiles = ["existing.yaml", "to-haldane.yaml", "kubernetes.yaml"];

test("the release that the page names is the one that is run", () => {
  expect(collectorPage).toContain(`release ${collectorVersion.replace(/\.\d+$/, "")} of the Collector`);
});

test("every block of YAML is one that is checked here", () => {
  expect([...blocks.keys()]).toEqual([...collectorFiles, "access.yaml", "to-kafka.yaml", "haldane.yaml"]);
  expect([...command.matchAll(/--config (\S+)/g)].map(([, name]) => name)).toEqual(
    collectorFiles.slice(0, 2),
  );
});

test("the configuration for Haldane is one, and reads what the Collector writes", () => {
  const loaded = loadDocuments([{ file: "haldane.yaml", text: configOfPage("haldane.yaml", {}) }]);
  const document = loaded.ok ? loaded.value[0] : undefined;
  if (document?.kind !== "Configuration") throw new Error(JSON.stringify(loaded));
  const { exporters } = z
    .object({ exporters: z.object({ "kafka/haldane": z.record(z.string(), z.unknown()) }) })
    .parse(parse(configOfPage("to-kafka.yaml", {})));
  const { brokers, traces, metrics, logs } = exporters["kafka/haldane"];
  expect(document.value.sources).toMatchObject([{ kind: "kafka", brokers, traces, metrics, logs }]);
});

const names = z.strictObject({ name: z.string(), namespace: z.string().optional() });
const access = z.discriminatedUnion("kind", [
  z.strictObject({
    apiVersion: z.literal("rbac.authorization.k8s.io/v1"),
    kind: z.literal("ClusterRole"),
    metadata: names,
    rules: z.array(
      z.strictObject({
        apiGroups: z.array(z.string()),
        resources: z.array(z.string()),
        verbs: z.array(z.string()),
      }),
    ),
  }),
  z.strictObject({
    apiVersion: z.literal("rbac.authorization.k8s.io/v1"),
    kind: z.literal("ClusterRoleBinding"),
    metadata: names,
    roleRef: z.strictObject({
      apiGroup: z.literal("rbac.authorization.k8s.io"),
      kind: z.literal("ClusterRole"),
      name: z.string(),
    }),
    subjects: z.array(z.strictObject({ kind: z.literal("ServiceAccount"), ...names.required().shape })),
  }),
]);

test("the roles bind what they define", () => {
  const [role, binding] = parseAllDocuments(blocks.get("access.yaml")!).map((one) =>
    access.parse(one.toJS()),
  );
  expect(role?.kind === "ClusterRole" && role.rules.flatMap(({ resources }) => resources)).toEqual([
    "pods",
    "namespaces",
  ]);
  expect(binding).toMatchObject({ roleRef: { kind: role?.kind, name: role?.metadata.name } });
});

describe.skipIf(binary === null)("a real Collector", () => {
  test.each([1, 2, 3])("finds nothing wrong with the first %i of its files", async (count) => {
    const configs = collectorFiles.slice(0, count).map((name) => configOfPage(name, {}));
    expect(await faultsFound(binary!, configs)).toBe("");
  });

  test("finds nothing wrong with the file for Kafka, beside the first and in place of the second", async () => {
    const configs = ["existing.yaml", "to-kafka.yaml"].map((name) => configOfPage(name, {}));
    expect(await faultsFound(binary!, configs)).toBe("");
  });

  test("would find a key that it does not know", async () => {
    const wrong = blocks.get("to-haldane.yaml")!.replace("queue_size", "queue_sise");
    expect(await faultsFound(binary!, [blocks.get("existing.yaml")!, wrong])).toContain("queue_sise");
  });

  test("with the files of the page leads to the verdict of the page", { timeout: 120_000 }, async () => {
    const files = await serveFiles(
      `apiVersion: haldane/v1
kind: Configuration
bindings: [{ service: "*", policy: quick }]
---
apiVersion: haldane/v1
kind: Policy
name: quick
settle: 2s
warmUp: 0s
`,
      {},
    );
    const served = await startServed(files);
    opened.push(() => endServed(served, "SIGKILL"));
    const backend = await startOtlpSink();
    opened.push(() => backend.close());
    const collector = await startCollector({
      binary: binary!,
      configs: [
        configOfPage("existing.yaml", { ...receiverPorts, "http://backend:4318": backend.url }),
        configOfPage("to-haldane.yaml", { "http://haldane:4318": served.otlpUrl }),
      ],
    });
    opened.push(() => collector.stop());
    const asked = [...blocksOfPage("sh").values()].find((text) => text.includes("/v1/verdict"))!;
    const question = /'http:\/\/haldane:8080(\S+)'/.exec(asked)![1]!;
    const ask = async (): Promise<Record<string, unknown>> =>
      (await (await fetch(served.url + question)).json()) as Record<string, unknown>;

    let sent = 0;
    let answer = await ask();
    while (answer["verdict"] !== "rollback") {
      const both = [
        sendSecond(collector.otlpUrl, { version: "1.0.0", instances: 3, rps: 150, errors: 0.001 }),
        sendSecond(collector.otlpUrl, { version: "2.0.0", instances: 3, rps: 150, errors: 0.1 }),
      ];
      const [stable, canary] = await Promise.all([...both, wait(1000)]);
      sent += stable! + canary!;
      answer = await ask();
    }
    const shown = JSON.parse([...blocksOfPage("json").values()][0]!) as Record<string, unknown>;
    expect(Object.keys(shown)).toEqual(Object.keys(answer));
    for (const [key, value] of Object.entries(shown)) expect(typeof value).toBe(typeof answer[key]);
    const same = ["verdict", "terminal", "action", "service", "environment", "canary", "baseline", "attempt"];
    for (const key of same) expect([key, answer[key]]).toEqual([key, shown[key]]);
    await collector.stop();
    expect(backend.spans).toHaveLength(sent);
  });

  test("puts the hash of the pod on what the pod sends, and Haldane takes it as a name of the revision", async () => {
    const hash = "7d9c6b5f4";
    const kubernetes = await startFakeKubernetes([
      {
        ...{ name: `pay-${hash}-x2k4p`, uid: "pod-uid-1", replicaSet: `pay-${hash}` },
        labels: { "rollouts-pod-template-hash": hash, "app.kubernetes.io/version": "2.0.0" },
      },
    ]);
    opened.push(() => kubernetes.close());
    const folder = await mkdtemp(join(tmpdir(), "haldane-kubeconfig-"));
    opened.push(() => rm(folder, { recursive: true }));
    await writeFile(join(folder, "config"), kubernetes.kubeconfig);
    const served = await startServed(await serveFiles("apiVersion: haldane/v1\nkind: Configuration\n", {}));
    opened.push(() => endServed(served, "SIGKILL"));
    const collector = await startCollector({
      binary: binary!,
      configs: [
        configOfPage("existing.yaml", receiverPorts),
        configOfPage("to-haldane.yaml", { "http://haldane:4318": served.otlpUrl }),
        configOfPage("kubernetes.yaml", {}),
        "processors: { k8s_attributes: { auth_type: kubeConfig } }",
      ],
      environment: { KUBECONFIG: join(folder, "config") },
    });
    opened.push(() => collector.stop());
    const resource = { "service.name": "pay", "k8s.pod.uid": "pod-uid-1" };
    await serveRequests({ otlpUrl: collector.otlpUrl, resource, requests: 20, failures: 0 });
    const versions = z.object({
      services: z.array(z.object({ service: z.string(), versions: z.array(z.unknown()) })),
    });
    for (;;) {
      const { services } = versions.parse(await (await fetch(`${served.url}/v1/services`)).json());
      if (services.length === 0) {
        await wait(100);
        continue;
      }
      expect(services).toMatchObject([
        {
          service: "pay",
          versions: [
            {
              label: "2.0.0",
              aliases: [
                { kind: "templateHash", value: hash },
                { kind: "version", value: "2.0.0" },
              ],
            },
          ],
        },
      ]);
      return;
    }
  });
});
