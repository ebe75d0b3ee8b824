import type { Observer } from "#engine/ports.ts";
import { ok, type Result } from "#model/result.ts";
import type { DecodeError } from "#ingest/otlp/decode-error.ts";
import { defaultOtlpLimits, type OtlpLimits } from "#ingest/otlp/limits.ts";
import { requestPlans, type Signal } from "#ingest/otlp/schema.ts";
import { PairReader } from "./any-value.ts";
import { checkMessage } from "./check.ts";
import { LogWalk } from "./logs.ts";
import { MetricWalk } from "./metrics.ts";
import { ResourceHandles } from "./resource-handles.ts";
import type { WalkParts } from "./resource-walk.ts";
import { SpanWalk } from "./spans.ts";
import { tidy } from "./tidy.ts";
import { Wire } from "./wire.ts";

/** What one body held: `records` were found in it, of which `rejected` were told as rejected instead of visited. */
export interface Visited {
  readonly records: number;
  readonly rejected: number;
}

/** Tells an observer what stands in OTLP protobuf requests. Holds the reused views, and the resource handles. */
class Visitor {
  readonly #wire = new Wire();
  readonly #observer: Observer;
  readonly #limits: OtlpLimits;
  readonly #resources: ResourceHandles;
  readonly #walks: {
    readonly traces: SpanWalk;
    readonly metrics: MetricWalk;
    readonly logs: LogWalk;
  };
  #rejected = 0;

  constructor(observer: Observer, limits: OtlpLimits) {
    this.#observer = observer;
    this.#limits = limits;
    this.#resources = new ResourceHandles(observer, limits);
    const shared: WalkParts = {
      wire: this.#wire,
      pairs: new PairReader(this.#wire),
      resources: this.#resources,
      observer,
      limits,
      reject: (signal, reason) => {
        this.#rejected += 1;
        this.#observer.reject(signal, reason, 1);
      },
    };
    this.#walks = {
      traces: new SpanWalk(shared),
      metrics: new MetricWalk(shared),
      logs: new LogWalk(shared),
    };
  }

  visit(signal: Signal, bytes: Uint8Array): Result<Visited, DecodeError> {
    const plan = requestPlans[signal];
    const checked = checkMessage(bytes, plan, this.#limits.anyValueDepth);
    if (!checked.ok) return checked;
    this.#rejected = 0;
    this.#resources.startBody();
    this.#wire.open(checked.value.inPieces ? tidy(bytes, plan) : bytes);
    try {
      this.#walks[signal].request();
    } finally {
      this.#wire.close();
    }
    return ok({ records: checked.value.records, rejected: this.#rejected });
  }
}

/** One visitor an observer, so that its resource handles outlive the body. */
const visitors = new WeakMap<Observer, { readonly limits: OtlpLimits; readonly visitor: Visitor }>();

/**
 * Tells the observer every record of one OTLP request in protobuf form (an Export…ServiceRequest, or the TracesData,
 * MetricsData or LogsData of a Kafka message: the same bytes). Fields may come in any order, at every level. Allocates
 * nothing for a record. On an error nothing was told.
 */
export function visitProtobuf(
  signal: Signal,
  bytes: Uint8Array,
  observer: Observer,
  limits: OtlpLimits = defaultOtlpLimits,
): Result<Visited, DecodeError> {
  let known = visitors.get(observer);
  if (known?.limits !== limits) {
    known = { limits, visitor: new Visitor(observer, limits) };
    visitors.set(observer, known);
  }
  return known.visitor.visit(signal, bytes);
}

/** `visitProtobuf` for spans. */
export function visitTraces(bytes: Uint8Array, observer: Observer): Result<Visited, DecodeError> {
  return visitProtobuf("traces", bytes, observer);
}

/** `visitProtobuf` for metric points. */
export function visitMetrics(bytes: Uint8Array, observer: Observer): Result<Visited, DecodeError> {
  return visitProtobuf("metrics", bytes, observer);
}

/** `visitProtobuf` for log records. */
export function visitLogs(bytes: Uint8Array, observer: Observer): Result<Visited, DecodeError> {
  return visitProtobuf("logs", bytes, observer);
}
