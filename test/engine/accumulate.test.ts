import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { overflowOperation } from "#model/sample.ts";
import { naiveAggregate, type PlainLog, type PlainSpan } from "#test/support/naive-aggregate.ts";
import { accumulateOn, openStore, storedCounts, type Accumulated } from "#test/support/stored-counts.ts";
import { logView, pointView, spanView } from "#test/support/views.ts";

const t0 = 1_700_000_000_000;

function resourceOf(
  on: Accumulated,
  pod: string,
  version: string,
  more: Record<string, string> = {},
): number {
  const all = { "service.name": "shop", "service.version": version, "service.instance.id": pod, ...more };
  return on.accumulate.resource(new Map(Object.entries(all)));
}

function takeSpan(on: Accumulated, span: PlainSpan): void {
  on.accumulate.span(
    spanView(
      on.interner,
      { "http.request.method": "GET", "http.route": span.route, "http.response.status_code": span.status },
      { resource: resourceOf(on, span.pod, span.version), end: span.end, durationSeconds: span.seconds },
    ),
  );
}

function takeLog(on: Accumulated, log: PlainLog): void {
  const resource = resourceOf(on, log.pod, log.version);
  on.accumulate.log(logView({ resource, time: log.time, severity: log.severity, traceHash: log.trace }));
}

const base = {
  pod: fc.constantFrom("a", "b", "c"),
  version: fc.constantFrom("1", "2"),
};
const plainSpan: fc.Arbitrary<PlainSpan> = fc.record({
  ...base,
  route: fc.constantFrom("/cart", "/pay", "/item/{id}"),
  status: fc.constantFrom(200, 204, 302, 404, 429, 500, 503),
  end: fc.integer({ min: t0, max: t0 + 20_000 }),
  seconds: fc.constantFrom(0, 0.001, 0.0421, 0.25, 0.5, 1, 3.7),
});
const plainLog: fc.Arbitrary<PlainLog> = fc.record({
  ...base,
  time: fc.integer({ min: t0, max: t0 + 20_000 }),
  severity: fc.constantFrom(9, 13, 17, 21),
  trace: fc.integer({ min: 0, max: 5 }),
});
const records = fc.array(fc.oneof(plainSpan, plainLog), { maxLength: 60 });

function takeAll(on: Accumulated, body: readonly (PlainSpan | PlainLog)[]): void {
  on.accumulate.begin(t0 + 30_000);
  for (const record of body)
    if ("route" in record) takeSpan(on, record);
    else takeLog(on, record);
}

function reference(all: readonly (PlainSpan | PlainLog)[]): ReturnType<typeof naiveAggregate> {
  return naiveAggregate(
    all.filter((record) => "route" in record),
    all.filter((record) => "severity" in record),
  );
}

describe("accumulate", () => {
  it("is the naive aggregation, in any order and split into bodies in any way, restarted anywhere", () => {
    const played = records.chain((all) =>
      fc.tuple(
        fc.constant(all),
        fc.shuffledSubarray(all, { minLength: all.length }),
        fc.array(fc.record({ length: fc.integer({ min: 1, max: 20 }), restart: fc.boolean() }), {
          maxLength: 6,
        }),
      ),
    );
    fc.assert(
      fc.property(played, ([all, shuffled, cuts]) => {
        const store = openStore();
        let on = accumulateOn(store);
        let at = 0;
        for (const { length, restart } of cuts) {
          takeAll(on, shuffled.slice(at, at + length));
          on.write();
          if (restart) on = accumulateOn(store);
          at += length;
        }
        takeAll(on, shuffled.slice(at));
        on.write();
        const found = storedCounts(store);
        store.close();
        expect(found).toEqual(reference(all));
      }),
      { numRuns: 150 },
    );
  });

  it("a window that left memory goes on where it stood", () => {
    const on = accumulateOn(openStore());
    const span: PlainSpan = { pod: "a", version: "1", route: "/pay", status: 200, end: t0 + 1, seconds: 1 };
    on.accumulate.setSettle("shop", "", 0);
    takeAll(on, [span]);
    on.write();
    on.accumulate.seal(t0 + 60_000);
    expect(on.accumulate.sizes().windows).toBe(0);
    takeAll(on, [span, span]);
    on.write();
    on.accumulate.seal(t0 + 60_001);
    takeAll(on, [span]);
    on.write();
    expect(Object.values(storedCounts(on.store)).map(({ count }) => count)).toEqual([1]);
    expect(Object.values(storedCounts(on.store, true)).map(({ count }) => count)).toEqual([3]);
    on.store.close();
  });

  it("a late row never changes a sealed window, and the allowance is the service's own", () => {
    const on = accumulateOn(openStore());
    const span: PlainSpan = { pod: "a", version: "1", route: "/pay", status: 500, end: t0 + 1, seconds: 1 };
    takeAll(on, [span]);
    on.write();
    on.accumulate.seal(t0 + 14_999);
    takeAll(on, [span]);
    on.write();
    expect(Object.values(storedCounts(on.store))[0]?.count).toBe(2);
    on.accumulate.seal(t0 + 15_000);
    takeAll(on, [span]);
    on.write();
    expect(Object.values(storedCounts(on.store))[0]?.count).toBe(2);
    expect(Object.values(storedCounts(on.store, true))[0]?.count).toBe(1);
    expect(on.store.reader.tallies()).toContainEqual({
      ...{ service: "shop", environment: "", name: "late", count: 1 },
    });
    on.store.close();
  });

  it("samples seen under a cold cache move to their revision once it is known", () => {
    const on = accumulateOn(openStore());
    on.accumulate.begin(t0);
    const take = (resource: number): void => {
      on.accumulate.span(spanView(on.interner, {}, { resource, end: t0, name: "job" }));
    };
    take(resourceOf(on, "a", "2"));
    on.write();
    take(resourceOf(on, "b", "1", { "k8s.pod.label.pod-template-hash": "h1" }));
    take(resourceOf(on, "a", "2", { "k8s.pod.label.pod-template-hash": "h2" }));
    on.write();
    const seen = on.store.reader.deployments().map(({ aliases }) => aliases.map(({ value }) => value));
    expect(seen.sort()).toEqual([
      ["h1", "1"],
      ["h2", "2"],
    ]);
    expect(storedCounts(on.store)[`2/a/job/${t0}`]?.count).toBe(2);
    on.store.close();
  });

  it("a flood of operations, series and streams stays bounded and is counted", () => {
    const limits = { operations: 5, series: 20, streams: 10, instances: 8, services: 3 };
    const on = accumulateOn(openStore(), { limits, namedMetrics: new Set(["jobs"]) });
    on.accumulate.begin(t0);
    for (let i = 0; i < 500; i += 1) {
      const span = { version: "1", status: 200, end: t0, seconds: 1 };
      takeSpan(on, { ...span, pod: "a", route: `/r${i}` });
      takeSpan(on, { ...span, pod: `p${i}`, route: "/r0" });
      const at = { resource: resourceOf(on, "a", "1"), time: t0, value: 1 };
      on.accumulate.point(pointView(on.interner, { ...at, attributesHashLow: i }));
      const other = on.accumulate.resource(new Map([["service.name", `s${i}`]]));
      on.accumulate.log(logView({ resource: other, time: t0 }));
    }
    on.write();
    const sizes = on.accumulate.sizes();
    expect(sizes.series).toBeLessThanOrEqual(20);
    expect(sizes.streams).toBeLessThanOrEqual(10);
    const tallies = new Map(
      on.store.reader.tallies().map(({ service, name, count }) => [`${service} ${name}`, count]),
    );
    expect(tallies.get("shop overflow.operations")).toBe(495);
    expect(tallies.get("shop overflow.instances")).toBe(493);
    expect(tallies.get("shop overflow.streams")).toBe(490);
    expect(tallies.get(" overflow.services")).toBe(498);
    expect(storedCounts(on.store)[`1/a/${overflowOperation}/${t0}`]?.count).toBe(495);
    on.store.close();
  });

  it("probes, callers and what nobody can be named for are counted apart", () => {
    const on = accumulateOn(openStore());
    on.accumulate.begin(t0);
    const resource = resourceOf(on, "a", "1");
    const get = { "http.request.method": "GET" };
    const take = (attributes: Record<string, string | number>, kind = 2): void => {
      on.accumulate.span(spanView(on.interner, attributes, { resource, end: t0, kind }));
    };
    take({ ...get, "http.route": "/healthz" });
    take({ ...get, "http.route": "/pay", "user_agent.original": "kube-probe/1.31" });
    take({ ...get, "http.route": "/pay" }, 3);
    take({ ...get, "http.route": "/pay" });
    const nobody = on.accumulate.resource(new Map([["service.name", "unknown_service:node"]]));
    on.accumulate.log(logView({ resource: nobody, time: t0 }));
    on.accumulate.log(logView({ resource, time: t0 + 11 * 60_000 }));
    expect(on.accumulate.refused()).toEqual({ spans: 0, points: 0, logs: 1 });
    on.write();
    expect(Object.values(storedCounts(on.store)).map(({ count }) => count)).toEqual([1]);
    expect(new Map(on.store.reader.tallies().map(({ name, count }) => [name, count]))).toEqual(
      new Map([
        ["probes", 2],
        ["unattributed.noServiceName", 1],
        ["rejected.future", 1],
      ]),
    );
    on.store.close();
  });

  it("request metrics in milliseconds become requests in seconds, by status", () => {
    const on = accumulateOn(openStore());
    on.accumulate.begin(t0);
    const point = (status: number, hash: number, counts: readonly number[]): void => {
      on.accumulate.point(
        pointView(on.interner, {
          resource: resourceOf(on, "a", "1"),
          metric: "http.server.duration",
          unit: "ms",
          type: "histogram",
          temporality: 1,
          time: t0,
          sum: 30,
          bounds: [5, 10],
          counts,
          attributesHashLow: hash,
          attributes: { "http.method": "GET", "http.route": "/pay", "http.status_code": status },
        }),
      );
    };
    point(200, 1, [1, 2, 3]);
    point(500, 2, [0, 1, 0]);
    point(404, 3, [2, 0, 0]);
    on.write();
    const rows = on.store.reader.samples({ deploymentIds: [1], from: 0, to: 1e15, late: false });
    expect(rows.map(({ measure, sample }) => ({ measure, sample }))).toEqual([
      {
        measure: { kind: "requests", source: "metrics", operation: "GET /pay" },
        sample: {
          ...{ kind: "requests", count: 9, errors: 1, clientErrors: 2, sampledShare: 1 },
          duration: { layout: "explicit", unit: "s", bounds: [0.005, 0.01], counts: [3, 3, 3], sum: 0.09 },
        },
      },
    ]);
    on.store.close();
  });
});

describe("cumulative streams seen first", () => {
  const hour = 3_600_000;

  function counted(
    points: readonly { readonly hash: number; readonly time: number; readonly value: number }[],
  ): number {
    const on = accumulateOn(openStore(), { namedMetrics: new Set(["jobs"]) });
    on.accumulate.begin(t0 + hour);
    for (const { hash, time, value } of points)
      on.accumulate.point(
        pointView(on.interner, {
          resource: resourceOf(on, "a", "1"),
          ...{ start: t0 - hour, time, value, attributesHashLow: hash },
        }),
      );
    on.write();
    const rows = on.store.reader.samples({ deploymentIds: [1], from: 0, to: 1e15, late: false });
    on.store.close();
    return rows.reduce((total, { sample }) => total + (sample.kind === "counter" ? sample.total : 0), 0);
  }

  it("the past of a long-lived process is not counted", () => {
    expect(
      counted([
        { hash: 1, time: t0, value: 900 },
        { hash: 2, time: t0, value: 7 },
      ]),
    ).toBe(0);
  });
  it("its first error after an earlier export is", () => {
    expect(
      counted([
        { hash: 1, time: t0, value: 900 },
        { hash: 2, time: t0 + 10_000, value: 1 },
      ]),
    ).toBe(1);
  });
});

describe("revisions as stored", () => {
  const sightings = [
    { pod: "a", version: "1", hash: "h1" },
    { pod: "a", version: "1", hash: "" },
    { pod: "b", version: "2", hash: "" },
    { pod: "b", version: "2", hash: "h2" },
    { pod: "c", version: "2", hash: "" },
    { pod: "d", version: "3", hash: "" },
  ];

  it("are the same whatever came first, wherever it was written and restarted", () => {
    const order = fc.shuffledSubarray(sightings, { minLength: sightings.length });
    const breaks = fc.array(fc.constantFrom("go", "write", "restart"), { minLength: 6, maxLength: 6 });
    fc.assert(
      fc.property(order, breaks, (arrived, then) => {
        const store = openStore();
        let on = accumulateOn(store);
        arrived.forEach(({ pod, version, hash }, i) => {
          on.accumulate.begin(t0);
          const more: Record<string, string> = hash === "" ? {} : { "k8s.pod.label.pod-template-hash": hash };
          const resource = resourceOf(on, pod, version, more);
          on.accumulate.span(spanView(on.interner, {}, { resource, end: t0, name: "job" }));
          if (then[i] !== "go") on.write();
          if (then[i] === "restart") on = accumulateOn(store);
        });
        on.write();
        const counts = Object.fromEntries(
          Object.entries(storedCounts(store)).map(([key, { count }]) => [key, count]),
        );
        const aliases = store.reader.deployments().map((d) => d.aliases.map(({ value }) => value).join(" "));
        store.close();
        expect(aliases.sort()).toEqual(["3", "h1 1", "h2 2"]);
        expect(counts).toEqual({
          [`1/a/job/${t0}`]: 2,
          [`2/b/job/${t0}`]: 2,
          [`2/c/job/${t0}`]: 1,
          [`3/d/job/${t0}`]: 1,
        });
      }),
      { numRuns: 150 },
    );
  });
});
