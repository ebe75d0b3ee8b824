import type { Instant } from "#model/time.ts";
import type { IngestLimits } from "./ingest-limits.ts";
import type { InstanceRow, ServiceCounts } from "./instance-row.ts";
import { DirtyList } from "./dirty-list.ts";
import type { MetricRole } from "./metric-role.ts";
import { PairTable } from "./pair-table.ts";
import { NumberRows } from "./number-rows.ts";
import type { CumulativeState, PointView } from "./ports.ts";
import { StreamState } from "./stream-state.ts";

/** Streams of one metric of one instance. */
export interface MetricStreams {
  /** Places in `states`, by both halves of the hash of the attributes. */
  readonly places: PairTable;
  readonly states: StreamState[];
  /** Time of its first point seen. */
  firstTime: Instant;
}

/** No streams yet of a metric whose first point is of `firstTime`. */
export function noStreams(firstTime: Instant): MetricStreams {
  return { places: new PairTable(), states: [], firstTime };
}

const hashPrime = 16_777_619;

function boundsHash(point: PointView): string {
  let hash = 2_166_136_261;
  for (let i = 0; i < point.boundsLength; i += 1)
    for (const digit of String(point.bounds[i] ?? 0))
      hash = Math.imul(hash ^ (digit.codePointAt(0) ?? 0), hashPrime) >>> 0;
  return point.type === "histogram" ? `/${hash.toString(16)}` : "";
}

function sameBounds(state: StreamState, point: PointView): boolean {
  if (point.type !== "histogram") return true;
  if (state.bounds.length !== point.boundsLength) return false;
  for (let i = 0; i < point.boundsLength; i += 1) if (state.bounds[i] !== point.bounds[i]) return false;
  return true;
}

function streamKey(row: InstanceRow, role: MetricRole, point: PointView): string {
  const type = `${point.type}${point.temporality}${point.monotonic ? "m" : ""}`;
  const hash = `${(point.attributesHashHigh >>> 0).toString(16)}.${(point.attributesHashLow >>> 0).toString(16)}`;
  return `${row.id}/${role.metric}/${role.unit}/${type}/${hash}${boundsHash(point)}`;
}

/** What every metric stream showed last, within a cap. */
export class StreamTable {
  private readonly all = new Map<string, StreamState>();
  private readonly rows = new NumberRows();
  private readonly ofService = new Map<ServiceCounts, number>();
  private readonly stored = new Map<string, CumulativeState>();
  /** Shared lists of bounds, so that thousands of streams hold one. */
  private readonly boundsLists = new Map<string, readonly number[]>();

  private readonly limits: Pick<IngestLimits, "streams" | "streamsOfService">;
  private readonly changed = new DirtyList<StreamState>();

  constructor(limits: Pick<IngestLimits, "streams" | "streamsOfService">) {
    this.limits = limits;
  }

  /** To be called when a point changed its stream. */
  mark(state: StreamState): void {
    this.changed.mark(state);
  }

  drain(): readonly CumulativeState[] {
    return this.changed.drain().map((state) => state.toStored());
  }

  get size(): number {
    return this.all.size;
  }

  /** The state that a point of these attributes was counted in last, or null where none was. Its bounds may be others. */
  last(streams: MetricStreams, point: PointView): StreamState | null {
    const place = streams.places.get(point.attributesHashHigh | 0, point.attributesHashLow | 0);
    return streams.states[place] ?? null;
  }

  /** True where a point is of this stream: a histogram whose bounds changed is a new one, which goes on where the old one stopped. */
  isOf(state: StreamState, point: PointView): boolean {
    return sameBounds(state, point);
  }

  /** The state of a point's stream that is not the one counted in last, or null past a cap. */
  open(
    streams: MetricStreams,
    owner: { readonly row: InstanceRow; readonly role: MetricRole },
    point: PointView,
  ): StreamState | null {
    const key = streamKey(owner.row, owner.role, point);
    const state = this.all.get(key) ?? this.create(key, owner.row.group, point);
    if (state === null) return null;
    const { places, states } = streams;
    const high = point.attributesHashHigh | 0;
    const low = point.attributesHashLow | 0;
    const place = places.get(high, low);
    if (place >= 0) states[place] = state;
    else places.set(high, low, states.push(state) - 1);
    return state;
  }

  private create(key: string, group: ServiceCounts, point: PointView): StreamState | null {
    const ofService = this.ofService.get(group) ?? 0;
    if (this.all.size >= this.limits.streams || ofService >= this.limits.streamsOfService) return null;
    this.ofService.set(group, ofService + 1);
    const bounds = point.type === "histogram" ? Array.from(point.bounds.subarray(0, point.boundsLength)) : [];
    const listKey = bounds.join(" ");
    const shared = this.boundsLists.get(listKey) ?? bounds;
    if (this.boundsLists.size < this.limits.streams) this.boundsLists.set(listKey, shared);
    const state = new StreamState({ key, bounds: shared, group }, this.rows);
    const stored = this.stored.get(key);
    if (stored !== undefined) {
      state.load(stored);
      this.stored.delete(key);
    }
    this.all.set(key, state);
    return state;
  }

  /** Streams without a point since `before` are forgotten; true where any was: whoever holds states has to let go of all then. */
  forgetIdle(before: Instant): boolean {
    const size = this.all.size + this.stored.size;
    for (const [key, state] of this.all) {
      if (state.dirty || state.time >= before) continue;
      this.all.delete(key);
      state.release();
      const { group } = state;
      this.ofService.set(group, (this.ofService.get(group) ?? 1) - 1);
    }
    for (const [key, state] of this.stored) if (state.time < before) this.stored.delete(key);
    return this.all.size + this.stored.size < size;
  }

  restore(states: readonly CumulativeState[]): void {
    const newest = [...states].sort((a, b) => b.time - a.time).slice(0, this.limits.streams);
    for (const state of newest) this.stored.set(state.key, state);
  }
}
