import type { Deployment, Instance } from "#model/deployment.ts";
import type { Histogram } from "#model/histogram.ts";
import type { SampleRow } from "#model/sample.ts";
import { windowLengthMs, type Instant } from "#model/time.ts";
import type { Random } from "#test/support/random.ts";
import { poisson } from "./chance.ts";
import { drawHistogram, tableOf } from "./duration-draw.ts";
import { bins, firstBin, type AliasTable, type Slowness } from "./duration-shape.ts";
import { noiseOf, type Noise } from "./noise.ts";
import type { OperationShape, Side, World } from "./scenario.ts";

const windowSeconds = windowLengthMs / 1000;
/** Seconds of the baseline before the canary, and the horizon. */
export const historySeconds = 300;
export const horizonSeconds = 3600;
export const windows = horizonSeconds / windowSeconds;
const historyWindows = historySeconds / windowSeconds;
/** First canary window. */
export const onset: Instant = 1_785_000_000_000;

/** A row that came after its window was sealed. */
export interface LateRow {
  readonly side: Side;
  readonly arrives: Instant;
  readonly row: SampleRow;
}

/** One drawn world: rows as the store holds them, and what rivals read, summed by arm and window from the onset on. */
export interface Stream {
  /** By window, the first of the history at 0. */
  readonly rows: Readonly<Record<Side, readonly (readonly SampleRow[])[]>>;
  readonly late: readonly LateRow[];
  readonly counts: Readonly<Record<Side, { readonly n: Float64Array; readonly x: Float64Array }>>;
  /** windows x bins; null where the world has no durations. */
  readonly histograms: Readonly<Record<Side, Float64Array>> | null;
  readonly deployments: readonly Deployment[];
  readonly instances: readonly Instance[];
}

export function windowAt(index: number): Instant {
  return onset + (index - historyWindows) * windowLengthMs;
}

export function windowIndex(at: Instant): number {
  return Math.ceil((at - onset) / windowLengthMs) + historyWindows;
}

const deploymentIds = { baseline: 1, canary: 2 } as const;

interface Drawn {
  n: number;
  x: number;
}

/** Draws one world. The order of draws is fixed: window by window, baseline before canary, instance by instance. */
export function drawStream(world: World, random: Random, untilSecond = horizonSeconds): Stream {
  const painter = new Painter(world, random);
  const drawn = historyWindows + untilSecond / windowSeconds;
  for (let index = 0; index < drawn; index += 1) painter.window(index);
  return painter.stream();
}

class Painter {
  readonly #world: World;
  readonly #random: Random;
  readonly #noise: Noise;
  readonly #rows: Record<Side, SampleRow[][]>;
  readonly #late: LateRow[] = [];
  readonly #counts: Record<Side, { n: Float64Array; x: Float64Array }>;
  readonly #histograms: Record<Side, Float64Array> | null;
  readonly #minuteTables = new Map<string, { minute: number; slowdown: number; table: AliasTable }>();

  constructor(world: World, random: Random) {
    this.#world = world;
    this.#random = random;
    this.#noise = noiseOf(world, random, Math.ceil((historySeconds + horizonSeconds) / 60));
    const empty = (): SampleRow[][] => Array.from({ length: historyWindows + windows }, () => []);
    const zeros = () => ({ n: new Float64Array(windows), x: new Float64Array(windows) });
    this.#rows = { canary: empty(), baseline: empty() };
    this.#counts = { canary: zeros(), baseline: zeros() };
    this.#histograms = world.durations
      ? { canary: new Float64Array(windows * bins), baseline: new Float64Array(windows * bins) }
      : null;
  }

  window(index: number): void {
    const { split, twist } = this.#world;
    const second = index * windowSeconds - historySeconds;
    const share = second < 0 ? 0 : split(second);
    const bot = twist.twist === "bot" && second >= 0 ? this.#botAt(share) : null;
    for (const side of ["baseline", "canary"] as const) {
      const part = side === "canary" ? share : 1 - share;
      if (part <= 0 || this.#isSilent(side, second)) continue;
      const instances = this.#world.instances[side];
      for (let instance = 0; instance < instances; instance += 1) {
        const visit = bot?.side === side && bot.instance === instance ? bot.rps * windowSeconds : 0;
        this.#instance({ side, instance, index, second, part: part / instances, visit });
      }
    }
    if (twist.twist === "mistagged" && share > 0)
      this.#instance({
        side: "canary",
        instance: 0,
        index,
        second,
        part: share * twist.share,
        visit: 0,
        taggedAs: "baseline",
      });
  }

  #botAt(share: number): { side: Side; instance: number; rps: number } {
    const { twist, instances } = this.#world;
    const side = this.#random.next() < share ? "canary" : "baseline";
    return {
      side,
      instance: this.#random.integer(instances[side]),
      rps: twist.twist === "bot" ? twist.rps : 0,
    };
  }

  #isSilent(side: Side, second: number): boolean {
    const { twist } = this.#world;
    if (twist.twist === "baselineAbsent") return side === "baseline";
    return twist.twist === "crash" && side === "canary" && second >= twist.atSecond;
  }

  #instance(at: {
    readonly side: Side;
    readonly instance: number;
    readonly index: number;
    readonly second: number;
    readonly part: number;
    readonly visit: number;
    readonly taggedAs?: Side;
  }): void {
    const { operations, rps, twist } = this.#world;
    const { side, instance, index, second } = at;
    const tagged = at.taggedAs ?? side;
    const instanceId = deploymentIds[tagged] * 1000 + instance + (at.taggedAs === undefined ? 0 : 500);
    const isLost = this.#isLost(instance, second);
    for (const [place, operation] of operations.entries()) {
      const mean = rps(second) * at.part * operation.traffic[side] * windowSeconds;
      const drawn = this.#served(at, operation, mean);
      if (place === 0 && at.visit > 0 && twist.twist === "bot") {
        const visits = poisson(this.#random, at.visit);
        drawn.n += visits;
        drawn.x += this.#random.binomial(visits, twist.errors);
      }
      if (drawn.n === 0) continue;
      const duration = this.#world.durations ? this.#durations(at, operation, place, drawn.n) : null;
      if (isLost) continue;
      const row: SampleRow = {
        deploymentId: deploymentIds[tagged],
        instanceId,
        measure: { kind: "requests", source: "spans", operation: operation.name },
        window: windowAt(index),
        late: false,
        sample: {
          kind: "requests",
          count: drawn.n,
          errors: drawn.x,
          clientErrors: 0,
          duration,
          sampledShare: 1,
        },
      };
      this.#file(tagged, index, row);
    }
  }

  #served(
    { side, instance, second }: { side: Side; instance: number; second: number },
    operation: OperationShape,
    mean: number,
  ): Drawn {
    const { twist, errorFactor } = this.#world;
    const minute = Math.floor((second + historySeconds) / 60);
    const n = poisson(this.#random, mean);
    const p =
      operation.errors *
      (side === "canary" ? operation.theta : 1) *
      errorFactor(side, second) *
      this.#noise.errorFactor(side, instance, minute);
    const x = this.#random.binomial(n, Math.min(0.95, p));
    if (twist.twist !== "retries") return { n, x };
    return { n: n + x * (twist.attempts - 1), x: x * twist.attempts };
  }

  #isLost(instance: number, second: number): boolean {
    const { twist } = this.#world;
    if (twist.twist === "gaps") return this.#random.next() < twist.share;
    if (twist.twist !== "restarts") return false;
    // Instances restart one after another.
    const phase = (second + historySeconds + 97 * instance) % twist.everySeconds;
    return phase < twist.lostWindows * windowSeconds;
  }

  #durations(
    { side, instance, second }: { side: Side; instance: number; second: number },
    operation: OperationShape,
    place: number,
    n: number,
  ): Histogram {
    const minute = Math.floor((second + historySeconds) / 60);
    const key = `${side} ${instance} ${place}`;
    const slowdown = this.#world.slowdown(side, second);
    let known = this.#minuteTables.get(key);
    if (known?.minute !== minute || known.slowdown !== slowdown) {
      const slowness: Slowness = side === "canary" ? operation.slowness : { kind: "none" };
      const shift = operation.speed + slowdown + this.#noise.shift(side, instance, minute);
      known = { minute, slowdown, table: tableOf(slowness, shift, this.#world.noise === "alike") };
      this.#minuteTables.set(key, known);
    }
    return drawHistogram(known.table, n, this.#random);
  }

  #file(side: Side, index: number, row: SampleRow): void {
    const { twist } = this.#world;
    const isLate = twist.twist === "late" && this.#random.next() < twist.share;
    if (isLate) {
      const arrives = row.window + windowLengthMs + twist.bySeconds * 1000;
      this.#late.push({ side, arrives, row: { ...row, late: true } });
      return;
    }
    if (twist.twist === "skew" && side === "canary") {
      const window = row.window - twist.seconds * 1000;
      this.#late.push({ side, arrives: row.window + windowLengthMs, row: { ...row, window, late: true } });
      return;
    }
    this.#rows[side][index]!.push(row);
    const at = index - historyWindows;
    if (at < 0 || row.sample.kind !== "requests") return;
    const { n, x } = this.#counts[side];
    n[at] = n[at]! + row.sample.count;
    x[at] = x[at]! + row.sample.errors;
    const { duration } = row.sample;
    if (duration?.layout !== "exponential" || this.#histograms === null) return;
    const sums = this.#histograms[side];
    const base = at * bins + duration.offset - firstBin;
    duration.counts.forEach((count, i) => {
      sums[base + i] = sums[base + i]! + count;
    });
  }

  stream(): Stream {
    const { instances } = this.#world;
    const start = onset - historySeconds * 1000;
    const seen: Readonly<Record<Side, Instant>> = { baseline: start - 3_600_000, canary: onset };
    const deployments = (["baseline", "canary"] as const)
      .filter(
        (side) =>
          this.#rows[side].some((rows) => rows.length > 0) || this.#late.some((one) => one.side === side),
      )
      .map((side): Deployment => ({
        id: deploymentIds[side],
        service: "shop",
        environment: "prod",
        aliases: [{ kind: "version", value: side }],
        firstSeen: seen[side],
        lastSeen: onset + horizonSeconds * 1000,
        earliestStart: null,
      }));
    const known = (["baseline", "canary"] as const).flatMap((side) =>
      Array.from({ length: instances[side] }, (_, i): Instance => ({
        id: deploymentIds[side] * 1000 + i,
        deploymentId: deploymentIds[side],
        name: `${side}-${i}`,
        identified: true,
        started: seen[side],
        traits: {},
        firstSeen: seen[side],
        lastSeen: onset + horizonSeconds * 1000,
      })),
    );
    const strays =
      this.#world.twist.twist === "mistagged"
        ? [
            {
              ...known[0]!,
              id: deploymentIds.baseline * 1000 + 500,
              name: "mistagged",
              started: onset,
              traits: {},
              firstSeen: onset,
            },
          ]
        : [];
    return {
      rows: this.#rows,
      late: this.#late,
      counts: this.#counts,
      histograms: this.#histograms,
      deployments,
      instances: [...known, ...strays],
    };
  }
}
