/** How the label sets of a bomb differ from each other. */
export type BombKind = "points" | "spans" | "instances";

const perBody = 1000;

function text(key: string, stringValue: string) {
  return { key, value: { stringValue } };
}

function record(kind: BombKind, n: number, atMs: number): object {
  const nanos = `${BigInt(Math.round(atMs)) * 1_000_000n}`;
  const attributes = [
    text("http.request.method", "GET"),
    text("http.route", kind === "instances" ? "/" : `/bomb/${n}`),
  ];
  if (kind === "spans") {
    return {
      ...{
        traceId: n.toString(16).padStart(32, "1"),
        spanId: n.toString(16).padStart(16, "1"),
        kind: 2,
        attributes,
      },
      ...{ name: "GET", startTimeUnixNano: nanos, endTimeUnixNano: nanos },
    };
  }
  return {
    attributes,
    timeUnixNano: nanos,
    startTimeUnixNano: nanos,
    count: "1",
    bucketCounts: ["1"],
    sum: 0.1,
  };
}

function body(kind: BombKind, from: number, atMs: number): string {
  const numbers = Array.from({ length: perBody }, (_, at) => from + at);
  const group = (instance: string, some: readonly number[]) => {
    const records = some.map((n) => record(kind, n, atMs));
    const attributes = [
      text("service.name", "bomb"),
      text("service.version", "1.0.0"),
      text("service.instance.id", instance),
    ];
    if (kind === "spans") return { resource: { attributes }, scopeSpans: [{ spans: records }] };
    const histogram = { aggregationTemporality: 2, dataPoints: records };
    const metrics = [{ name: "http.server.request.duration", unit: "s", histogram }];
    return { resource: { attributes }, scopeMetrics: [{ metrics }] };
  };
  const groups = kind === "instances" ? numbers.map((n) => group(`i-${n}`, [n])) : [group("i", numbers)];
  return JSON.stringify({ [kind === "spans" ? "resourceSpans" : "resourceMetrics"]: groups });
}

/** So many label sets of the one service `bomb`, in OTLP JSON bodies of a thousand each, all of one moment. */
export function cardinalityBomb(kind: BombKind, labelSets: number, atMs: number): readonly string[] {
  return Array.from({ length: Math.ceil(labelSets / perBody) }, (_, at) => body(kind, at * perBody, atMs));
}
