import { maxTracesPerSample, mergeTraces } from "#model/merge-sample.ts";
import type { Measure, Sample } from "#model/sample.ts";
import { HistogramAccumulator } from "./histogram-accumulator.ts";
import type { Outcome } from "./outcome.ts";

/** A sample that grows in place. */
export interface SampleAccumulator {
  load(sample: Sample): void;
  toSample(): Sample;
}

export class RequestsAccumulator implements SampleAccumulator {
  readonly duration = new HistogramAccumulator("s");
  private count = 0;
  private errors = 0;
  private clientErrors = 0;
  /** NaN once a span was sampled at an unknown rate. */
  private share = 1;

  add(count: number, outcome: Outcome): void {
    this.count += count;
    if (outcome === "error") this.errors += count;
    else if (outcome === "clientError") this.clientErrors += count;
  }

  /** The smaller share stands; unknown (NaN) stays unknown. */
  addShare(share: number): void {
    if (share !== this.share) this.share = Math.min(this.share, share);
  }

  load(sample: Sample): void {
    if (sample.kind !== "requests")
      throw new Error(`a ${sample.kind} sample stands where requests are counted`);
    this.count = sample.count;
    this.errors = sample.errors;
    this.clientErrors = sample.clientErrors;
    this.share = sample.sampledShare ?? NaN;
    if (sample.duration !== null) this.duration.load(sample.duration);
  }

  toSample(): Sample {
    const { count, errors, clientErrors, share } = this;
    const sampledShare = Number.isNaN(share) ? null : share;
    return {
      kind: "requests",
      count,
      errors,
      clientErrors,
      duration: this.duration.toHistogram(),
      sampledShare,
    };
  }
}

/** Counts log records: all of an instance, or those of one pattern. */
export class LogsAccumulator implements SampleAccumulator {
  private readonly kind: "logs" | "pattern";
  private traces = new Set<number>();
  private untracedLines = 0;
  private records = 0;

  constructor(kind: "logs" | "pattern") {
    this.kind = kind;
  }

  addRecord(): void {
    this.records += 1;
  }

  /** Hash 0: the record names no trace. Past twice the cap only the smallest hashes stay, as `mergeTraces` keeps them. */
  addTrace(hash: number): void {
    if (hash === 0) {
      this.untracedLines += 1;
      return;
    }
    this.traces.add(hash);
    if (this.traces.size >= 2 * maxTracesPerSample) this.traces = new Set(mergeTraces([...this.traces], []));
  }

  load(sample: Sample): void {
    if (sample.kind !== "logs" && sample.kind !== "pattern")
      throw new Error(`a ${sample.kind} sample stands where logs are counted`);
    this.traces = new Set(sample.traces);
    this.untracedLines = sample.untracedLines;
    this.records = sample.records;
  }

  toSample(): Sample {
    const { kind, untracedLines, records } = this;
    return { kind, traces: mergeTraces([...this.traces], []), untracedLines, records };
  }
}

export class CounterAccumulator implements SampleAccumulator {
  private total = 0;

  add(value: number): void {
    this.total += value;
  }

  load(sample: Sample): void {
    if (sample.kind !== "counter") throw new Error(`a ${sample.kind} sample stands where a counter is`);
    this.total = sample.total;
  }

  toSample(): Sample {
    return { kind: "counter", total: this.total };
  }
}

type GaugeSample = Extract<Sample, { kind: "gauge" }>;

export class GaugeAccumulator implements SampleAccumulator {
  private state: GaugeSample = {
    kind: "gauge",
    count: 0,
    sum: 0,
    sumOfSquares: 0,
    minimum: Infinity,
    maximum: -Infinity,
  };

  add(value: number): void {
    const { count, sum, sumOfSquares, minimum, maximum } = this.state;
    this.state = {
      kind: "gauge",
      count: count + 1,
      sum: sum + value,
      sumOfSquares: sumOfSquares + value * value,
      minimum: Math.min(minimum, value),
      maximum: Math.max(maximum, value),
    };
  }

  load(sample: Sample): void {
    if (sample.kind !== "gauge") throw new Error(`a ${sample.kind} sample stands where a gauge is`);
    this.state = sample;
  }

  toSample(): Sample {
    return this.state;
  }
}

/** A histogram metric that a policy names, in the unit of its sender. */
export class MetricHistogramAccumulator implements SampleAccumulator {
  readonly histogram: HistogramAccumulator;

  private readonly unit: string;

  constructor(unit: string) {
    this.unit = unit;
    this.histogram = new HistogramAccumulator(unit);
  }

  load(sample: Sample): void {
    if (sample.kind !== "histogram") throw new Error(`a ${sample.kind} sample stands where a histogram is`);
    this.histogram.load(sample.histogram);
  }

  toSample(): Sample {
    const empty = { layout: "explicit", unit: this.unit, bounds: [], counts: [0], sum: 0 } as const;
    return { kind: "histogram", histogram: this.histogram.toHistogram() ?? empty };
  }
}

/** The accumulator of a measure. `unit` is read for histograms only. */
export function accumulatorOf(measure: Measure, unit: string): SampleAccumulator {
  switch (measure.kind) {
    case "requests":
      return new RequestsAccumulator();
    case "logs":
    case "pattern":
      return new LogsAccumulator(measure.kind);
    case "counter":
    case "rejected":
      return new CounterAccumulator();
    case "gauge":
      return new GaugeAccumulator();
    case "histogram":
      return new MetricHistogramAccumulator(unit);
  }
}
