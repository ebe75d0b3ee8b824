import { describe, expect, it } from "vitest";
import { attribute, parseInstant } from "#engine/attribute.ts";
import { compareAge, compareVersions } from "#engine/newer.ts";
import type { Deployment } from "#model/deployment.ts";

function aliasesOf(attributes: Record<string, string>): Readonly<Record<string, string>> {
  const attributed = attribute(new Map(Object.entries({ "service.name": "shop", ...attributes })));
  if (!attributed.ok) return { error: attributed.error.tag };
  return Object.fromEntries(attributed.value.aliases.map(({ kind, value }) => [kind, value]));
}

describe("attribute", () => {
  it("reads the template hash from labels old and new, the replica set, and last the pod's name", () => {
    const expected = { templateHash: "6d4cf56db6" };
    expect(aliasesOf({ "k8s.pod.label.rollouts-pod-template-hash": "6d4cf56db6" })).toEqual(expected);
    expect(aliasesOf({ "k8s.pod.labels.pod-template-hash": "6d4cf56db6" })).toEqual(expected);
    expect(aliasesOf({ "k8s.replicaset.name": "shop-6d4cf56db6" })).toEqual(expected);
    expect(aliasesOf({ "k8s.pod.name": "shop-6d4cf56db6-x8zv2" })).toEqual(expected);
  });
  it("a stateful pod's name has no hash", () => {
    expect(aliasesOf({ "k8s.pod.name": "shop-0" })).toEqual({ error: "noRevision" });
  });
  it("one image under two registry names is one digest", () => {
    const digest = `sha256:${"ab".repeat(32)}`;
    expect(
      aliasesOf({ "container.image.repo_digests": `a.example/shop@${digest},b.example/shop@${digest}` }),
    ).toEqual({ imageDigest: digest });
  });
  it("reads vendor and underscored names", () => {
    const attributed = attribute(new Map(Object.entries({ service: "shop", env: "prod", version: "7" })));
    expect(attributed).toMatchObject({
      ok: true,
      value: { service: "shop", environment: "prod", aliases: [{ kind: "version", value: "7" }] },
    });
    expect(aliasesOf({ deployment_id: "d-1", service_version: "2" })).toEqual({
      deploymentId: "d-1",
      version: "2",
    });
  });
  it("a service is its namespace and name; a role label is no revision", () => {
    const attributes = { "service.name": "checkout", "service.namespace": "shop", "service.version": "1" };
    expect(attribute(new Map(Object.entries(attributes)))).toMatchObject({
      value: { service: "shop/checkout" },
    });
    expect(aliasesOf({ "k8s.pod.label.role": "canary" })).toEqual({ error: "noRevision" });
  });
  it("a made-up service name is none", () => {
    expect(attribute(new Map([["service.name", "unknown_service:java"]]))).toEqual({
      ok: false,
      error: { tag: "noServiceName" },
    });
  });
  it("the instance is the best name that there is", () => {
    const named = (more: Record<string, string | number>): unknown => {
      const found = attribute(
        new Map<string, string | number>(Object.entries({ "service.name": "s", version: "1", ...more })),
      );
      return found.ok ? found.value.instance : null;
    };
    expect(named({ "k8s.pod.uid": "u", "service.instance.id": "i" })).toEqual({
      name: "i",
      identified: true,
    });
    expect(named({ "k8s.pod.uid": "u", "k8s.pod.name": "p" })).toEqual({ name: "u", identified: true });
    expect(named({ "host.name": "web", "process.pid": 7 })).toEqual({ name: "web:7", identified: true });
    expect(named({ "host.name": "web" })).toEqual({ name: "", identified: false });
  });
  it("reads instants with zones and fractions, and refuses what is none", () => {
    expect(parseInstant("2024-02-29T12:00:00Z")).toBe(Date.UTC(2024, 1, 29, 12));
    expect(parseInstant("2024-02-29T14:00:00.1239+02:00")).toBe(Date.UTC(2024, 1, 29, 12, 0, 0, 123));
    expect(parseInstant("yesterday")).toBeNull();
  });
});

describe("which is the newer", () => {
  const deployment = (id: number, version: string, more: Partial<Deployment> = {}): Deployment => ({
    ...{ id, service: "s", environment: "", aliases: [{ kind: "version", value: version }] },
    ...{ firstSeen: 100, lastSeen: 200, earliestStart: null, ...more },
  });
  it("the later start decides, then the later first event, then the version, then its letters", () => {
    const started = deployment(1, "1", { earliestStart: 9 });
    expect(compareAge(started, deployment(2, "2", { earliestStart: 8 }))).toBeGreaterThan(0);
    expect(compareAge(deployment(1, "1", { firstSeen: 101 }), deployment(2, "2"))).toBeGreaterThan(0);
    expect(compareAge(deployment(1, "1.10.0"), deployment(2, "1.9.0"))).toBeGreaterThan(0);
    expect(compareAge(deployment(1, "blue"), deployment(2, "green"))).toBeLessThan(0);
  });
  it("orders versions as Semantic Versioning 2.0, section 11, does", () => {
    const ascending = [
      ...["1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11"],
      ...["1.0.0-rc.1", "1.0.0", "v2.0.0"],
    ];
    for (let i = 1; i < ascending.length; i += 1)
      expect(compareVersions(ascending[i] ?? "", ascending[i - 1] ?? "")).toBeGreaterThan(0);
    expect(compareVersions("abc", "1.0.0")).toBeNull();
  });
});
