import { createServer } from "node:http";
import { listen } from "#examples/listen.ts";
import { closeWhole } from "./listening.ts";

/** A pod as its controller made it. */
export interface FakePod {
  readonly name: string;
  readonly uid: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Name of the ReplicaSet that owns it. */
  readonly replicaSet: string;
}

/** The API of a cluster as far as a watcher of pods and namespaces asks it; nothing changes after the start. */
export interface FakeKubernetes {
  /** A kubeconfig for it, as text. */
  readonly kubeconfig: string;
  close(): Promise<void>;
}

const resourceVersion = "1";

function podObject({ name, uid, labels, replicaSet }: FakePod): object {
  const owner = {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    name: replicaSet,
    uid: `${uid}-rs`,
    controller: true,
  };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "shop", uid, labels, resourceVersion, ownerReferences: [owner] },
    spec: { nodeName: "node-1", containers: [] },
    status: { phase: "Running", podIP: "10.0.0.7", startTime: "2026-11-24T10:00:00Z" },
  };
}

const namespaceObject = {
  apiVersion: "v1",
  kind: "Namespace",
  metadata: { name: "shop", uid: "ns-shop", resourceVersion },
};

export async function startFakeKubernetes(pods: readonly FakePod[]): Promise<FakeKubernetes> {
  const kinds: Readonly<Record<string, { readonly kind: string; readonly items: readonly object[] }>> = {
    "/api/v1/pods": { kind: "Pod", items: pods.map(podObject) },
    "/api/v1/namespaces": { kind: "Namespace", items: [namespaceObject] },
  };
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://kubernetes");
    const known = kinds[pathname];
    response.writeHead(known === undefined ? 404 : 200, { "content-type": "application/json" });
    if (known === undefined) {
      response.end(JSON.stringify({ apiVersion: "v1", kind: "Status", status: "Failure", code: 404 }));
      return;
    }
    const { kind, items } = known;
    const list = { apiVersion: "v1", kind: `${kind}List`, metadata: { resourceVersion }, items };
    if (!searchParams.has("watch")) {
      response.end(JSON.stringify(list));
      return;
    }
    // A watch stays open. It may ask for what stands as its first events, with a mark after them.
    response.flushHeaders();
    if (searchParams.get("sendInitialEvents") !== "true") return;
    const annotations = { "k8s.io/initial-events-end": "true" };
    const mark = { apiVersion: "v1", kind, metadata: { resourceVersion, annotations } };
    const events = [
      ...items.map((object) => ({ type: "ADDED", object })),
      { type: "BOOKMARK", object: mark },
    ];
    response.write(events.map((event) => `${JSON.stringify(event)}\n`).join(""));
  });
  const url = await listen(server);
  const named = (name: string, inner: object): object => ({ name, ...inner });
  return {
    kubeconfig: JSON.stringify({
      apiVersion: "v1",
      kind: "Config",
      clusters: [named("fake", { cluster: { server: url } })],
      users: [named("fake", { user: {} })],
      contexts: [named("fake", { context: { cluster: "fake", user: "fake" } })],
      "current-context": "fake",
    }),
    close: () => closeWhole(server),
  };
}
