import fc from "fast-check";
import { expect, test } from "vitest";
import { defaultOtlpLimits, type OtlpLimits } from "#ingest/otlp/limits.ts";
import { visitProtobuf } from "#ingest/otlp/protobuf/visit.ts";
import { requests, wireStyles } from "#test/support/otlp-arbitraries.ts";
import { encodeOtlp } from "#test/support/otlp-encoder.ts";
import { requestTypes, type PlainMessage } from "#test/support/otlp-oracle.ts";
import { RecordingObserver, type Told } from "#test/support/recording-observer.ts";

/** What one observer is told of the same body three times, under these limits. */
function toldThrice(body: Uint8Array, limits: OtlpLimits): readonly (readonly Told[])[] {
  const observer = new RecordingObserver(1);
  return [0, 1, 2].map(() => {
    const from = observer.told.length;
    expect(visitProtobuf("metrics", body, observer, limits).ok).toBe(true);
    return observer.told.slice(from);
  });
}

function sumRequest(attributes: readonly (readonly [string, PlainMessage])[]): PlainMessage {
  const point = {
    timeUnixNano: 1n,
    asInt: 1n,
    attributes: attributes.map(([key, value]) => ({ key, value })),
  };
  return {
    resourceMetrics: [
      { scopeMetrics: [{ metrics: [{ name: "jobs", sum: { dataPoints: [point, point] } }] }] },
    ],
  };
}

test("a set of attributes says the same when it is recognised as when it was read, however few are remembered", () => {
  const few = { ...defaultOtlpLimits, cachedAttributeSets: 2, cachedAttributeSetBytes: 120 };
  fc.assert(
    fc.property(requests.metrics, wireStyles, (request, style) => {
      const body = encodeOtlp(requestTypes.metrics, request, style);
      const [first, ...later] = [...toldThrice(body, defaultOtlpLimits), ...toldThrice(body, few)];
      for (const told of later) expect(told).toEqual(first);
    }),
    { numRuns: 200 },
  );
});

test("a set that lacks what the one before had leaves nothing of it behind", () => {
  const route: readonly [string, PlainMessage] = ["http.route", { stringValue: "/pay" }];
  const status: readonly [string, PlainMessage] = ["http.response.status_code", { intValue: 503n }];
  const observer = new RecordingObserver(1);
  for (const set of [[route, status], [status], [], [route], [route, status]])
    visitProtobuf("metrics", encodeOtlp(requestTypes.metrics, sumRequest(set)), observer);
  const both = { "http.route": "/pay", "http.response.status_code": 503 };
  const one = { "http.response.status_code": 503 };
  const expected = [
    both,
    both,
    one,
    one,
    {},
    {},
    { "http.route": "/pay" },
    { "http.route": "/pay" },
    both,
    both,
  ];
  expect(observer.told.map((told) => (told.told === "point" ? told.attributes : null))).toEqual(expected);
});

test("a metric that the observer does not read still tells its points, their resource and time, and is rejected alike", () => {
  fc.assert(
    fc.property(requests.metrics, wireStyles, (request, style) => {
      const body = encodeOtlp(requestTypes.metrics, request, style);
      const reads = new RecordingObserver(1);
      const passes = Object.assign(new RecordingObserver(1), {
        unread: { spanKinds: 0, pathBesideRoute: false, metric: () => true },
      });
      expect(visitProtobuf("metrics", body, passes)).toEqual(visitProtobuf("metrics", body, reads));
      const outline = (told: Told): unknown =>
        told.told === "point" && "time" in told.view ? [told.resource, told.view.time] : told;
      expect(passes.told.map(outline)).toEqual(reads.told.map(outline));
    }),
    { numRuns: 200 },
  );
});
