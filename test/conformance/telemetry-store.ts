import { expect } from "vitest";
import type { TelemetryBatch, TelemetryReader, TelemetryWriter } from "#engine/ports.ts";
import type { PatternRow } from "#model/pattern-row.ts";
import type { Deployment, Instance } from "#model/deployment.ts";
import type { Measure, Sample } from "#model/sample.ts";

/** A telemetry store under test: its writer and a reader that sees what the writer committed. */
export interface TelemetryUnderTest {
  readonly writer: TelemetryWriter;
  readonly reader: TelemetryReader;
}

export interface TelemetryCheck {
  readonly title: string;
  readonly run: (store: TelemetryUnderTest) => void;
}

export const emptyBatch: TelemetryBatch = {
  deployments: [],
  merges: [],
  instances: [],
  series: [],
  samples: [],
  cumulative: [],
  tallies: [],
  digests: [],
};

export const t0 = 1_700_000_000_000 - (1_700_000_000_000 % 600_000);
const hourMs = 3_600_000;

export function deployment(id: number, version: string): Deployment {
  return {
    id,
    service: "shop/checkout",
    environment: "prod",
    aliases: [{ kind: "version", value: version }],
    firstSeen: t0 + id,
    lastSeen: t0 + 1000 + id,
    earliestStart: null,
  };
}

export function instance(id: number, deploymentId: number, name: string): Instance {
  return {
    id,
    deploymentId,
    name,
    identified: true,
    started: t0 + 0.25,
    traits: { zone: "eu-1a" },
    firstSeen: t0,
    lastSeen: t0 + 1,
  };
}

export const spans: Measure = { kind: "requests", source: "spans", operation: "POST /pay" };
const metrics: Measure = { kind: "requests", source: "metrics", operation: "POST /pay" };

export function requests(count: number, errors = 0): Sample {
  return { kind: "requests", count, errors, clientErrors: 0, duration: null, sampledShare: 1 };
}

/** One deployment (1) with one instance (10) and one series of spans (100). */
export const oneSeries: TelemetryBatch = {
  ...emptyBatch,
  deployments: [deployment(1, "1.0.0")],
  instances: [instance(10, 1, "pod-a")],
  series: [{ id: 100, instanceId: 10, measure: spans }],
};

/** One form of log line of the service of `deployment`. */
export function patternRow(id: string, more: Partial<PatternRow> = {}): PatternRow {
  return {
    ...{ service: "shop/checkout", environment: "prod", id, standsFor: id },
    ...{ source: ["logger", "", "", "", ""], tokens: `tokens of ${id}`, template: `template of ${id}` },
    ...{ severity: 17, signatures: [], exception: null, firstSeen: t0 },
    ...more,
  };
}

function example(second: number): { at: number; line: string; traceId: string | null } {
  return { at: t0 + second * 1000, line: `line ${second}`, traceId: second % 2 === 0 ? "ab" : null };
}

function at(window: number, sample: Sample, late = false): TelemetryBatch["samples"][number] {
  return { seriesId: 100, window, late, sample };
}

function countIn(store: TelemetryUnderTest, deploymentIds: readonly number[], late = false): number {
  const rows = store.reader.samples({ deploymentIds, from: 0, to: t0 * 2, late });
  return rows.reduce((sum, row) => sum + (row.sample.kind === "requests" ? row.sample.count : 0), 0);
}

const writing: readonly TelemetryCheck[] = [
  {
    title:
      "what was committed is read back: deployments, instances, series, samples, tallies, cumulative states",
    run: ({ writer, reader }) => {
      const state = {
        key: "k",
        start: t0,
        time: t0 + 0.5,
        value: 3,
        sum: NaN,
        counts: [1, 2],
        offset: -3,
        scale: 4,
      };
      writer.commit({ ...oneSeries, samples: [at(t0, requests(5, 1))], cumulative: [state] });
      expect(reader.deployments()).toStrictEqual([deployment(1, "1.0.0")]);
      expect(writer.deployments()).toStrictEqual([deployment(1, "1.0.0")]);
      expect(reader.instances([1])).toStrictEqual([instance(10, 1, "pod-a")]);
      expect(writer.instances()).toStrictEqual([instance(10, 1, "pod-a")]);
      expect(writer.series()).toStrictEqual(oneSeries.series);
      expect(writer.cumulative()).toStrictEqual([state]);
      expect(writer.sample(100, t0, false)).toStrictEqual(requests(5, 1));
      expect(writer.sample(100, t0, true)).toBeNull();
      const query = { deploymentIds: [1], from: t0, to: t0 + 5000, late: false };
      expect(reader.samples(query)).toStrictEqual([
        { deploymentId: 1, instanceId: 10, measure: spans, window: t0, late: false, sample: requests(5, 1) },
      ]);
      expect(reader.samples({ ...query, from: t0 + 1 })).toStrictEqual([]);
      expect(reader.samples({ ...query, to: t0 })).toStrictEqual([]);
    },
  },
  {
    title: "a sample committed again replaces the one under its key, a tally adds",
    run: (store) => {
      const tally = { service: "shop/checkout", environment: "prod", name: "late", count: 2 };
      store.writer.commit({ ...oneSeries, samples: [at(t0, requests(5))], tallies: [tally] });
      store.writer.commit({ ...emptyBatch, samples: [at(t0, requests(7))], tallies: [tally] });
      expect(countIn(store, [1])).toBe(7);
      expect(store.reader.tallies()).toStrictEqual([{ ...tally, count: 4 }]);
    },
  },
  {
    title: "a late sample never touches the one of its sealed window",
    run: (store) => {
      store.writer.commit({ ...oneSeries, samples: [at(t0, requests(5)), at(t0, requests(2), true)] });
      expect(countIn(store, [1], false)).toBe(5);
      expect(countIn(store, [1], true)).toBe(2);
    },
  },
  {
    title: "a batch that cannot be written whole leaves nothing behind",
    run: (store) => {
      store.writer.commit(oneSeries);
      const stray = { seriesId: 999, window: t0, late: false, sample: requests(1) };
      const digests = [{ digest: "d1", at: t0 }];
      expect(() => {
        store.writer.commit({ ...emptyBatch, samples: [at(t0, requests(5)), stray], digests });
      }).toThrow(/FOREIGN KEY/);
      expect(countIn(store, [1])).toBe(0);
      expect(store.writer.knowsDigest("d1")).toBe(false);
    },
  },
  {
    title: "how far a source was taken stands with the samples, or not at all",
    run: ({ writer }) => {
      const taken = { source: "main", topic: "otlp_spans", partition: 3, next: 2 ** 40 };
      writer.commit({ ...oneSeries, samples: [at(t0, requests(5))], offsets: [{ ...taken, next: 7 }] });
      writer.commit({ ...emptyBatch, offsets: [taken, { ...taken, partition: 2, next: 0 }] });
      expect(writer.offsets()).toStrictEqual([{ ...taken, partition: 2, next: 0 }, taken]);
      const stray = { seriesId: 999, window: t0, late: false, sample: requests(1) };
      expect(() => {
        writer.commit({ ...emptyBatch, samples: [stray], offsets: [{ ...taken, next: 2 ** 41 }] });
      }).toThrow(/FOREIGN KEY/);
      expect(writer.offsets()).toStrictEqual([{ ...taken, partition: 2, next: 0 }, taken]);
    },
  },
  {
    title: "the digest of a body is known until it is forgotten",
    run: ({ writer }) => {
      const digests = [
        { digest: "old", at: t0 },
        { digest: "new", at: t0 + 600_000 },
      ];
      writer.commit({ ...emptyBatch, digests });
      writer.commit({ ...emptyBatch, digests });
      writer.forgetDigests(t0 + 1);
      expect([writer.knowsDigest("old"), writer.knowsDigest("new")]).toStrictEqual([false, true]);
    },
  },
];

const patterned = (id: number, instanceId: number, pattern: string): TelemetryBatch["series"][number] => ({
  ...{ id, instanceId },
  measure: { kind: "pattern", pattern },
});

const patterns: readonly TelemetryCheck[] = [
  {
    title:
      "log patterns and examples replace what stood under their key, and come back in the order of their first commit",
    run: ({ writer }) => {
      const first = [patternRow("b"), patternRow("a", { exception: "Oops", signatures: ["x", "y"] })];
      const examples = [{ instanceId: 10, pattern: "a", examples: [example(1), example(2)] }];
      writer.commit({ ...oneSeries, patterns: first, examples });
      expect(writer.patterns()).toStrictEqual(first);
      expect(writer.examples()).toStrictEqual(examples);
      const changed = patternRow("b", { standsFor: "a", template: "wider", severity: 21, firstSeen: t0 - 1 });
      const none = { instanceId: 10, pattern: "a", examples: [] };
      writer.commit({ ...emptyBatch, patterns: [changed, patternRow("0")], examples: [none] });
      expect(writer.patterns()).toStrictEqual([changed, first[1], patternRow("0")]);
      expect(writer.examples()).toStrictEqual([]);
    },
  },
  {
    title: "log patterns stand with the samples of their batch, or not at all",
    run: ({ writer }) => {
      writer.commit(oneSeries);
      const stray = { seriesId: 999, window: t0, late: false, sample: requests(1) };
      const examples = [{ instanceId: 10, pattern: "a", examples: [example(1)] }];
      expect(() => {
        writer.commit({ ...emptyBatch, patterns: [patternRow("a")], examples, samples: [stray] });
      }).toThrow(/FOREIGN KEY/);
      expect([writer.patterns(), writer.examples()]).toStrictEqual([[], []]);
    },
  },
  {
    title: "patterns are read as they are one now, of the deployments asked for, merged ones among them",
    run: ({ writer, reader }) => {
      const other = { ...deployment(3, "3.0.0"), service: "shop/cart" };
      writer.commit({
        ...emptyBatch,
        deployments: [deployment(1, "1.0.0"), deployment(2, "2.0.0"), other],
        instances: [instance(10, 1, "pod-a"), instance(20, 2, "pod-b"), instance(30, 3, "pod-c")],
        series: [patterned(1, 10, "b"), patterned(2, 20, "c"), patterned(3, 30, "d")],
        patterns: [
          patternRow("b", { standsFor: "a", severity: 13, signatures: ["y"] }),
          patternRow("a", { template: "wide", firstSeen: t0 - 5, signatures: ["x", "y"], exception: "Oops" }),
          patternRow("c"),
          patternRow("d", { service: "shop/cart" }),
        ],
        examples: [
          { instanceId: 10, pattern: "b", examples: [1, 2, 3].map(example) },
          { instanceId: 20, pattern: "a", examples: [0, 4].map(example) },
        ],
      });
      const shown = (
        deploymentId: number,
        instanceId: number,
        seconds: readonly number[],
      ): readonly object[] => seconds.map((second) => ({ deploymentId, instanceId, ...example(second) }));
      const wide = {
        ...{ id: "a", ids: ["a", "b"], template: "wide", severity: 17, signatures: ["x", "y"] },
        ...{ exception: "Oops", firstSeen: t0 - 5 },
      };
      expect(reader.patterns([1])).toStrictEqual([{ ...wide, examples: shown(1, 10, [1, 2, 3]) }]);
      expect(reader.patterns([2]).map(({ id }) => id)).toStrictEqual(["c"]);
      expect(reader.patterns([1, 2, 3]).map(({ id }) => id)).toStrictEqual(["a", "c", "d"]);
      expect(reader.patterns([])).toStrictEqual([]);
      writer.commit({ ...emptyBatch, merges: [{ from: 1, into: 2 }] });
      const [merged] = reader.patterns([2]);
      expect(merged).toStrictEqual({
        ...wide,
        examples: [...shown(2, 20, [0]), ...shown(2, 10, [1, 2])],
      });
    },
  },
];

const reading: readonly TelemetryCheck[] = [
  {
    title: "a merged deployment is read under the other, its pod is one instance and its sample one sample",
    run: (store) => {
      store.writer.commit({
        ...oneSeries,
        deployments: [
          deployment(1, "1.0.0"),
          { ...deployment(2, "1.0.0"), aliases: [{ kind: "templateHash", value: "abc" }] },
        ],
        instances: [instance(10, 1, "pod-a"), instance(20, 2, "pod-a"), instance(21, 2, "pod-b")],
        series: [
          { id: 100, instanceId: 10, measure: spans },
          { id: 200, instanceId: 20, measure: spans },
          { id: 210, instanceId: 21, measure: spans },
        ],
        samples: [100, 200, 210].map((seriesId) => ({
          seriesId,
          window: t0,
          late: false,
          sample: requests(5),
        })),
      });
      expect(store.reader.samples({ deploymentIds: [1], from: t0, to: t0 + 1, late: false })).toHaveLength(1);
      store.writer.commit({ ...emptyBatch, merges: [{ from: 1, into: 2 }] });
      for (const asked of [[1], [2], [1, 2]]) {
        const rows = store.reader.samples({ deploymentIds: asked, from: t0, to: t0 + 1, late: false });
        expect(rows.map((row) => [row.deploymentId, row.instanceId, row.sample])).toStrictEqual([
          [2, 10, requests(10)],
          [2, 21, requests(5)],
        ]);
        expect(store.reader.instances(asked).map((one) => [one.id, one.deploymentId])).toStrictEqual([
          [10, 2],
          [21, 2],
        ]);
      }
      expect(
        store.reader.deployments().map((one) => [one.id, one.aliases.length, one.firstSeen]),
      ).toStrictEqual([[2, 2, t0 + 1]]);
      expect(store.writer.merges()).toStrictEqual([{ from: 1, into: 2 }]);
      expect(store.writer.deployments()).toHaveLength(2);
    },
  },
  {
    title: "merges chain",
    run: (store) => {
      store.writer.commit({
        ...oneSeries,
        deployments: [1, 2, 3].map((id) => deployment(id, `${id}`)),
        samples: [at(t0, requests(5))],
        merges: [
          { from: 1, into: 2 },
          { from: 2, into: 3 },
        ],
      });
      expect(countIn(store, [3])).toBe(5);
      expect(store.reader.deployments().map((one) => one.id)).toStrictEqual([3]);
    },
  },
  {
    title: "activity tells the newest and oldest window and counts requests once, by spans or by metrics",
    run: ({ writer, reader }) => {
      writer.commit({
        ...oneSeries,
        series: [...oneSeries.series, { id: 101, instanceId: 10, measure: metrics }],
        samples: [
          at(t0, requests(5)),
          at(t0 + 5000, requests(5)),
          at(t0 + 10_000, requests(3)),
          { seriesId: 101, window: t0 + 5000, late: false, sample: requests(9) },
        ],
      });
      expect(reader.activity(t0 + 5000)).toStrictEqual([
        { deploymentId: 1, newestWindow: t0 + 10_000, oldestWindow: t0 + 5000, requests: 9 },
      ]);
      expect(reader.activity(t0 + 15_000)).toStrictEqual([]);
    },
  },
];

function fill(store: TelemetryUnderTest, windows: number): void {
  const samples = Array.from({ length: windows }, (_, i) => at(t0 + i * 5000, requests(1)));
  store.writer.commit({ ...oneSeries, samples });
}

function windowsOf(store: TelemetryUnderTest): readonly number[] {
  const rows = store.reader.samples({ deploymentIds: [1], from: 0, to: t0 * 2, late: false });
  return rows.map((row) => row.window - t0).sort((a, b) => a - b);
}

const thinning: readonly TelemetryCheck[] = [
  {
    title: "windows of 5 s become 1 min after 2 h, 10 min after 24 h, and nothing is lost on the way",
    run: (store) => {
      fill(store, 240);
      store.writer.retain(t0 + 2 * hourMs + 120_000, null);
      expect(windowsOf(store).slice(0, 4)).toStrictEqual([0, 60_000, 120_000, 125_000]);
      expect(countIn(store, [1])).toBe(240);
      store.writer.retain(t0 + 24 * hourMs + 600_000, null);
      expect(windowsOf(store).slice(0, 2)).toStrictEqual([0, 600_000]);
      expect(countIn(store, [1])).toBe(240);
    },
  },
  {
    title: "what is older than 7 d is dropped",
    run: (store) => {
      fill(store, 2);
      const merged = store.writer.retain(t0 + 7 * 24 * hourMs, null);
      expect(merged).toStrictEqual({ merged: 3, dropped: 0 });
      expect(store.writer.retain(t0 + 7 * 24 * hourMs + 1, null)).toStrictEqual({ merged: 0, dropped: 1 });
      expect(countIn(store, [1])).toBe(0);
    },
  },
  {
    title: "pinned windows are left alone, however old",
    run: (store) => {
      fill(store, 24);
      store.writer.retain(t0 + 30 * 24 * hourMs, t0 + 60_000);
      expect(windowsOf(store)).toStrictEqual(Array.from({ length: 12 }, (_, i) => 60_000 + i * 5000));
    },
  },
  {
    title: "a sample that comes after its window was thinned adds to it and replaces nothing",
    run: (store) => {
      fill(store, 12);
      store.writer.retain(t0 + 3 * hourMs, null);
      expect(store.writer.sample(100, t0, false)).toBeNull();
      store.writer.commit({ ...emptyBatch, samples: [at(t0, requests(4))] });
      expect(countIn(store, [1])).toBe(16);
      store.writer.retain(t0 + 3 * hourMs, null);
      expect(windowsOf(store)).toStrictEqual([0]);
      expect(countIn(store, [1])).toBe(16);
    },
  },
  {
    title: "a sender that changes its buckets within a minute keeps a row for each layout",
    run: (store) => {
      const explicit = (bounds: readonly number[]): Sample => ({
        ...{ kind: "requests", count: 1, errors: 0, clientErrors: 0, sampledShare: 1 },
        duration: { layout: "explicit", unit: "s", bounds, counts: [1, 0], sum: 1 },
      });
      const inMilliseconds: Sample = {
        ...{ kind: "requests", count: 1, errors: 0, clientErrors: 0, sampledShare: 1 },
        duration: {
          layout: "exponential",
          unit: "ms",
          scale: 4,
          zeroCount: 0,
          offset: 3,
          counts: [1],
          sum: 1,
        },
      };
      const samples = [explicit([1]), explicit([1]), inMilliseconds].map((sample, i) =>
        at(t0 + i * 5000, sample),
      );
      store.writer.commit({ ...oneSeries, samples });
      store.writer.retain(t0 + 3 * hourMs, null);
      expect(windowsOf(store)).toHaveLength(2);
      expect(countIn(store, [1])).toBe(3);
    },
  },
];

/** What every telemetry store must do; each check is given an empty store. */
export const telemetryChecks: readonly TelemetryCheck[] = [...writing, ...patterns, ...reading, ...thinning];
