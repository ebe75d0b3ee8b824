/** One served call as plain facts, for the reference that accumulate is held against. */
export interface PlainSpan {
  readonly pod: string;
  readonly version: string;
  readonly route: string;
  readonly status: number;
  readonly end: number;
  readonly seconds: number;
}

export interface PlainLog {
  readonly pod: string;
  readonly version: string;
  readonly time: number;
  readonly severity: number;
  readonly trace: number;
}

/** Counts by "version/pod/measure/window"; `buckets` by the bucket's own exponent, found by its definition. */
export interface NaiveCounts {
  count: number;
  errors: number;
  clientErrors: number;
  buckets: Record<string, number>;
  traces: number[];
  untraced: number;
}

/** The bucket that holds a value at scale 4, by search: the smallest i with value <= 2^((i + 1) / 16). */
function bucketOf(value: number): number {
  let i = -400;
  while (value > 2 ** ((i + 1) / 16)) i += 1;
  return i;
}

/** The reference: plain objects, no state between records, written from the definition of a sample. */
export function naiveAggregate(
  spans: readonly PlainSpan[],
  logs: readonly PlainLog[],
): Readonly<Record<string, NaiveCounts>> {
  const cells: Record<string, NaiveCounts> = {};
  const cell = (version: string, pod: string, measure: string, at: number): NaiveCounts => {
    const key = `${version}/${pod}/${measure}/${at - (at % 5000)}`;
    return (cells[key] ??= { count: 0, errors: 0, clientErrors: 0, buckets: {}, traces: [], untraced: 0 });
  };
  for (const span of spans) {
    const counts = cell(span.version, span.pod, `GET ${span.route}`, span.end);
    counts.count += 1;
    if (span.status >= 500) counts.errors += 1;
    if (span.status >= 400 && span.status < 500) counts.clientErrors += 1;
    const bucket = span.seconds === 0 ? "zero" : String(bucketOf(span.seconds));
    counts.buckets[bucket] = (counts.buckets[bucket] ?? 0) + 1;
  }
  for (const log of logs) {
    const counts = cell(log.version, log.pod, "logs", log.time);
    counts.count += 1;
    if (log.severity < 17) continue;
    if (log.trace === 0) counts.untraced += 1;
    else if (!counts.traces.includes(log.trace)) counts.traces.push(log.trace);
    counts.traces.sort((a, b) => a - b);
  }
  return cells;
}
