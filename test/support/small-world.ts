import { Ledger, type LookOptions, type LedgerSettings } from "#engine/ledger.ts";
import { defaultPolicy, parsePolicy, type Policy } from "#engine/policy.ts";
import type { ControlStore } from "#engine/ports.ts";
import { noticeEvents } from "#model/notice.ts";
import type { Traits } from "#model/deployment.ts";
import type { Histogram } from "#model/histogram.ts";
import { exponentialIndex } from "#model/merge-histogram.ts";
import type { Result } from "#model/result.ts";
import type { Measure, Sample } from "#model/sample.ts";
import { windowLengthMs, type Instant } from "#model/time.ts";
import { openControlStore } from "#store/sqlite/control-store.ts";
import { openTelemetry, type Telemetry } from "#store/sqlite/open-telemetry.ts";
import { seededRandom, type Random } from "#test/support/random.ts";

/** How one arm of the world behaves; what changes in a scenario is written over it. */
export interface Behaviour {
  /** Requests per second over all instances. */
  rps: number;
  errors: number;
  /** Median in milliseconds of a lognormal with sigma .5. */
  medianMs: number;
  /** Share of requests that log an error. */
  logged: number;
  silent: boolean;
  /** Level of the gauge "processor" of each instance; null where none is sent. */
  processor: number | null;
  instances: number;
  /** Where its instances run. */
  traits: Traits;
}

export const healthy: Behaviour = {
  rps: 100,
  errors: 0.001,
  medianMs: 100,
  logged: 0.001,
  silent: false,
  processor: null,
  instances: 3,
  traits: {},
};

/** A form of log line that one or both versions write. */
export interface WorldPattern {
  readonly id: string;
  readonly template: string;
  readonly severity: number;
  readonly signatures: readonly string[];
  readonly exception: string | null;
  /** Requests per minute of each instance that show it. */
  readonly perMinute: Readonly<Record<"v1" | "v2", number>>;
  /** Lines of one request that name no trace, once per minute. */
  readonly line?: string;
}

export interface WorldOptions {
  readonly policy?: Record<string, unknown>;
  readonly seed?: number;
  readonly control?: ControlStore;
  /** Who is told of verdicts; nobody where absent. */
  readonly receivers?: readonly string[];
  readonly telemetry?: Telemetry;
  /** The controller answers every command at once; false: it never does. */
  readonly confirms?: boolean;
}

/**
 * A world in virtual time: two versions of one service that write samples window by window, the real stores in memory,
 * the real ledger, and a controller that confirms what it is told.
 */
export class SmallWorld {
  readonly start: Instant = 1_700_000_000_000;
  now: Instant = this.start;
  readonly telemetry: Telemetry;
  readonly control: ControlStore;
  readonly policy: Policy;
  ledger: Ledger;
  confirms: boolean;
  readonly receivers: readonly string[];
  /** Declared shares are obeyed unless a scenario says otherwise. */
  readonly arms: Record<"v1" | "v2", Behaviour & { share: number }>;
  readonly routes: readonly { name: string; share: number }[] = [
    { name: "GET /products", share: 0.7 },
    { name: "POST /pay", share: 0.3 },
  ];
  /** Overrides of one route of one version. */
  readonly routeBehaviour = new Map<string, Partial<Behaviour>>();
  /** Log patterns; may change while the world runs. */
  patterns: readonly WorldPattern[] = [];
  readonly #random: Random;
  readonly #series = new Map<string, number>();
  readonly #known = new Set<number>();

  constructor(options: WorldOptions = {}) {
    this.#random = seededRandom(options.seed ?? 1);
    const telemetry = options.telemetry ?? valueOf(openTelemetry(":memory:"));
    this.telemetry = telemetry;
    this.control = options.control ?? valueOf(openControlStore(":memory:"));
    this.policy =
      options.policy === undefined
        ? defaultPolicy
        : valueOf(parsePolicy({ apiVersion: "haldane/v1", kind: "Policy", ...options.policy }));
    this.confirms = options.confirms ?? true;
    this.receivers = options.receivers ?? [];
    this.arms = { v1: { ...healthy, share: 1 }, v2: { ...healthy, share: 0 } };
    this.ledger = this.#open();
  }

  #open(): Ledger {
    const { receivers } = this;
    const settings: LedgerSettings = {
      policies: new Map([[this.policy.name, this.policy]]),
      bindings: [
        {
          service: "shop",
          environment: "*",
          policy: this.policy.name,
          controller: "router",
          receivers: [...receivers],
        },
      ],
      receivers: receivers.map((name) => ({ name, events: [...noticeEvents] })),
      automatic: true,
      openAnalyses: 100,
      signalsPerAnalysis: 200,
      paceMs: windowLengthMs,
      storeEveryMs: 15_000,
    };
    return new Ledger(settings, { telemetry: this.telemetry.reader, control: this.control });
  }

  /** The process ends and starts again on the same stores. */
  restart(): void {
    this.ledger = this.#open();
  }

  /** One window passes: traffic is served, then the ledger looks. */
  step(looks = 1, lag: Pick<LookOptions, "heldBackMs" | "stale"> = {}): void {
    const { start } = this;
    const window = Math.floor((this.now - start) / windowLengthMs) * windowLengthMs + start;
    this.#serve("v1", window);
    this.#serve("v2", window);
    for (let look = 1; look <= looks; look += 1) {
      this.now = window + (windowLengthMs * look) / looks;
      this.#confirm();
      this.ledger.openAutomatic(this.now);
      this.ledger.look(this.now, lag);
    }
  }

  /** Steps for a stretch of time; stops early where `until` holds. */
  run(durationMs: number, until: () => boolean = () => false): void {
    const end = this.now + durationMs;
    while (this.now < end && !until()) this.step();
  }

  open(mode: "act" | "report", canary = "v2"): string {
    const opened = this.ledger.open(
      {
        service: "shop",
        environment: "test",
        canary,
        baseline: "v1",
        mode,
        policy: this.policy.name,
        idempotencyKey: null,
        requestDigest: "",
        openedBy: "test",
      },
      this.now,
    );
    return valueOf(opened).analysis.id;
  }

  #confirm(): void {
    if (!this.confirms) return;
    for (const record of this.control.dueCommands(this.now, 10)) {
      this.control.markSent(record.command.id, this.now);
      this.control.markOutcome(record.command.id, { status: "confirmed", at: this.now, error: null });
      this.arms.v2.share = record.command.canaryWeight / 100;
      this.arms.v1.share = record.command.baselineWeight / 100;
    }
  }

  #serve(version: "v1" | "v2", window: Instant): void {
    const arm = this.arms[version];
    if (arm.silent || arm.share === 0) return;
    const samples: { seriesId: number; window: Instant; late: boolean; sample: Sample }[] = [];
    for (let instance = 0; instance < arm.instances; instance += 1) {
      for (const route of this.routes) {
        const behaviour = { ...arm, ...this.routeBehaviour.get(`${version} ${route.name}`) };
        const mean = (behaviour.rps * arm.share * route.share * windowLengthMs) / 1000 / arm.instances;
        samples.push({
          seriesId: this.#seriesOf(version, instance, route.name),
          window,
          late: false,
          sample: this.#requests(mean, behaviour),
        });
      }
      if (arm.processor !== null)
        samples.push({
          seriesId: this.#seriesOf(version, instance, "(processor)"),
          window,
          late: false,
          sample: this.#level(arm.processor),
        });
      const logged = this.#random.poisson((arm.rps * arm.share * arm.logged * 5) / arm.instances);
      samples.push({
        seriesId: this.#seriesOf(version, instance, "(logs)"),
        window,
        late: false,
        sample: {
          kind: "logs",
          traces: Array.from({ length: logged }, () => this.#random.integer(2 ** 50)).sort((a, b) => a - b),
          untracedLines: 0,
          records: logged,
        },
      });
      samples.push(...this.#logged(version, instance, window));
    }
    this.telemetry.writer.commit({
      deployments: [this.#deployment(version, window)],
      merges: [],
      instances: [],
      series: [],
      samples,
      cumulative: [],
      tallies: [],
      digests: [],
      ...this.#patternRows(version, window),
    });
  }

  /** One reading with 5 % noise. */
  #level(middle: number): Sample {
    const value = middle * Math.exp(0.05 * this.#random.normal());
    return {
      kind: "gauge",
      count: 1,
      sum: value,
      sumOfSquares: value * value,
      minimum: value,
      maximum: value,
    };
  }

  #logged(version: "v1" | "v2", instance: number, window: Instant) {
    return this.patterns.flatMap(({ id, perMinute }) => {
      const hits = this.#random.poisson((perMinute[version] * windowLengthMs) / 60_000);
      if (hits === 0) return [];
      const traces = Array.from({ length: hits }, () => this.#random.integer(2 ** 50)).sort((a, b) => a - b);
      const sample: Sample = { kind: "pattern", traces, untracedLines: 0, records: hits };
      return [
        { seriesId: this.#seriesOf(version, instance, `(pattern) ${id}`), window, late: false, sample },
      ];
    });
  }

  #patternRows(version: "v1" | "v2", window: Instant) {
    const here = this.patterns.filter(({ perMinute }) => perMinute[version] > 0);
    return {
      patterns: here.map(({ id, template, severity, signatures, exception }) => ({
        ...{ service: "shop", environment: "test", id, standsFor: id, source: [], tokens: "" },
        ...{ template, severity, signatures, exception, firstSeen: window },
      })),
      examples: here.map(({ id, template, line }) => ({
        instanceId: version === "v1" ? 100 : 200,
        pattern: id,
        examples: [{ at: window, line: line ?? template, traceId: "0af7651916cd43dd8448eb211c80319c" }],
      })),
    };
  }

  #requests(mean: number, behaviour: Behaviour): Sample {
    const count = this.#random.poisson(mean);
    const counts = new Map<number, number>();
    let sum = 0;
    for (let request = 0; request < count; request += 1) {
      const seconds = (behaviour.medianMs / 1000) * Math.exp(0.5 * this.#random.normal());
      const index = exponentialIndex(seconds, 4);
      counts.set(index, (counts.get(index) ?? 0) + 1);
      sum += seconds;
    }
    return {
      kind: "requests",
      count,
      errors: this.#random.binomial(count, behaviour.errors),
      clientErrors: 0,
      duration: histogramOf(counts, sum),
      sampledShare: 1,
    };
  }

  #deployment(version: "v1" | "v2", window: Instant) {
    const id = version === "v1" ? 1 : 2;
    const before = this.telemetry.reader.deployments().find((one) => one.id === id);
    return {
      id,
      service: "shop",
      environment: "test",
      aliases: [{ kind: "version" as const, value: version }],
      firstSeen: before?.firstSeen ?? window,
      lastSeen: window + windowLengthMs,
      earliestStart: null,
    };
  }

  #seriesOf(version: "v1" | "v2", instance: number, operation: string): number {
    const key = `${version}/${instance}/${operation}`;
    const known = this.#series.get(key);
    if (known !== undefined) return known;
    const id = this.#series.size + 1;
    this.#series.set(key, id);
    const deploymentId = version === "v1" ? 1 : 2;
    const instanceId = deploymentId * 100 + instance;
    const isNew = !this.#known.has(instanceId);
    this.#known.add(instanceId);
    this.telemetry.writer.commit({
      deployments: [this.#deployment(version, this.now)],
      merges: [],
      instances: isNew
        ? [
            {
              id: instanceId,
              deploymentId,
              name: `${version}-${instance}`,
              identified: true,
              started: this.now - 60_000,
              traits: this.arms[version].traits,
              firstSeen: this.now,
              lastSeen: this.now,
            },
          ]
        : [],
      series: [
        {
          id,
          instanceId,
          measure: measureOf(operation),
        },
      ],
      samples: [],
      cumulative: [],
      tallies: [],
      digests: [],
    });
    return id;
  }
}

function measureOf(operation: string): Measure {
  if (operation === "(logs)") return { kind: "logs" };
  if (operation === "(processor)") return { kind: "gauge", metric: "processor" };
  const [head, pattern] = operation.split("(pattern) ");
  return head === "" && pattern !== undefined
    ? { kind: "pattern", pattern }
    : { kind: "requests", source: "spans", operation };
}

function histogramOf(counts: ReadonlyMap<number, number>, sum: number): Histogram | null {
  const indices = [...counts.keys()].sort((a, b) => a - b);
  const [first] = indices;
  const last = indices[indices.length - 1];
  if (first === undefined || last === undefined) return null;
  return {
    layout: "exponential",
    unit: "s",
    scale: 4,
    zeroCount: 0,
    offset: first,
    counts: Array.from({ length: last - first + 1 }, (_, at) => counts.get(first + at) ?? 0),
    sum,
  };
}

export function valueOf<T>(result: Result<T, unknown>): T {
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
}
