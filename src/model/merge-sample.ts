import { mergeHistograms, type LayoutsDiffer } from "./merge-histogram.ts";
import type { Histogram } from "./histogram.ts";
import { err, ok, type Result } from "./result.ts";
import type { Sample } from "./sample.ts";

/** Hashes of distinct traces kept in one sample; past it `countTraces` estimates. */
export const maxTracesPerSample = 20_000;

/** Hashes are spread evenly over [0, 2^52). */
const hashSpace = 2 ** 52;

/** Two samples that do not measure the same thing. */
export type MergeSamplesError = LayoutsDiffer | { readonly tag: "kindsDiffer"; readonly message: string };

function sorted(traces: readonly number[]): readonly number[] {
  const inOrder = traces.every((trace, i) => i === 0 || (traces[i - 1] ?? 0) < trace);
  return inOrder ? traces : [...new Set(traces)].sort((a, b) => a - b);
}

/**
 * Union of two sets of trace hashes, ascending. Past `cap` only the smallest `cap` hashes stay: the smallest of a union
 * are always among the smallest of its parts, so the union stays associative and commutative, which a plain count
 * of what was dropped would not (a trace seen in two parts would count twice in one order and once in another).
 */
export function mergeTraces(
  a: readonly number[],
  b: readonly number[],
  cap: number = maxTracesPerSample,
): readonly number[] {
  const left = sorted(a);
  const right = sorted(b);
  const union: number[] = [];
  let i = 0;
  let j = 0;
  while (union.length < cap && (i < left.length || j < right.length)) {
    const x = left[i] ?? Infinity;
    const y = right[j] ?? Infinity;
    union.push(Math.min(x, y));
    if (x <= y) i += 1;
    if (y <= x) j += 1;
  }
  return union;
}

/**
 * Number of distinct traces behind a kept set: exact below the cap; at the cap the k-minimum-values estimate
 * (k - 1) / (k-th smallest hash as a share of the hash space), relative standard error 1/sqrt(k) = 0.7 % for 20,000.
 * Source: Bar-Yossef et al. 2002, Beyer et al. 2007.
 */
export function countTraces(traces: readonly number[], cap: number = maxTracesPerSample): number {
  const last = traces[traces.length - 1];
  if (traces.length < cap || last === undefined || last === 0) return traces.length;
  return Math.max(traces.length, Math.round(((traces.length - 1) * hashSpace) / last));
}

function mergeDurations(a: Histogram | null, b: Histogram | null): Result<Histogram | null, LayoutsDiffer> {
  if (a === null) return ok(b);
  if (b === null) return ok(a);
  return mergeHistograms(a, b);
}

/** The smaller kept share; unknown stays unknown. */
function mergeShares(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : Math.min(a, b);
}

type SampleOf<K extends Sample["kind"]> = Extract<Sample, { kind: K }>;

function mergeRequests(a: SampleOf<"requests">, b: SampleOf<"requests">): Result<Sample, MergeSamplesError> {
  const duration = mergeDurations(a.duration, b.duration);
  if (!duration.ok) return duration;
  return ok({
    kind: "requests",
    count: a.count + b.count,
    errors: a.errors + b.errors,
    clientErrors: a.clientErrors + b.clientErrors,
    duration: duration.value,
    sampledShare: mergeShares(a.sampledShare, b.sampledShare),
  });
}

function mergeGauges(a: SampleOf<"gauge">, b: SampleOf<"gauge">): Sample {
  return {
    kind: "gauge",
    count: a.count + b.count,
    sum: a.sum + b.sum,
    sumOfSquares: a.sumOfSquares + b.sumOfSquares,
    minimum: Math.min(a.minimum, b.minimum),
    maximum: Math.max(a.maximum, b.maximum),
  };
}

/**
 * The sample of two windows, instances or deliveries taken together. Associative and commutative: counts are exact,
 * sums of doubles round, logs and patterns unite their traces (`mergeTraces`; read their number with `countTraces`), a stated
 * kept share becomes the smaller of the two.
 */
export function mergeSamples(a: Sample, b: Sample): Result<Sample, MergeSamplesError> {
  if (a.kind === "requests" && b.kind === "requests") return mergeRequests(a, b);
  if ((a.kind === "logs" || a.kind === "pattern") && b.kind === a.kind)
    return ok({
      kind: a.kind,
      traces: mergeTraces(a.traces, b.traces),
      untracedLines: a.untracedLines + b.untracedLines,
      records: a.records + b.records,
    });
  if (a.kind === "counter" && b.kind === "counter") return ok({ kind: "counter", total: a.total + b.total });
  if (a.kind === "gauge" && b.kind === "gauge") return ok(mergeGauges(a, b));
  if (a.kind === "histogram" && b.kind === "histogram") {
    const histogram = mergeHistograms(a.histogram, b.histogram);
    return histogram.ok ? ok({ kind: "histogram", histogram: histogram.value }) : histogram;
  }
  return err({
    tag: "kindsDiffer",
    message: `a sample of kind "${a.kind}" cannot be merged with one of kind "${b.kind}"`,
  });
}
