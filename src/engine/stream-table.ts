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

/** A list of bounds that many streams share, and its part of their keys. */
interface SharedBounds {
  readonly list: readonly number[];
  readonly keyPart: string;
}

const noBounds: SharedBounds = { list: [], keyPart: "" };

/** Lists of bounds, so that thousands of streams hold one. New streams of a metric come one after another with the same. */
class BoundsLists {
  private readonly known = new Map<string, SharedBounds>();
  private last = noBounds;
  private readonly limit: number;

  constructor(limit: number) {
    this.limit = limit;
  }

  of(point: PointView): SharedBounds {
    if (point.type !== "histogram") return noBounds;
    if (this.last === noBounds || !sameBounds(this.last.list, point)) this.last = this.find(point);
    return this.last;
  }

  private find(point: PointView): SharedBounds {
    const list = Array.from(point.bounds.subarray(0, point.boundsLength));
    const text = list.join(" ");
    const known = this.known.get(text);
    if (known !== undefined) return known;
    const shared = { list, keyPart: `/${hashOf(list)}` };
    if (this.known.size < this.limit) this.known.set(text, shared);
    return shared;
  }
}

function hashOf(bounds: readonly number[]): string {
  let hash = 2_166_136_261;
  for (const bound of bounds)
    for (const digit of String(bound)) hash = Math.imul(hash ^ (digit.codePointAt(0) ?? 0), hashPrime) >>> 0;
  return hash.toString(16);
}

function sameBounds(bounds: readonly number[], point: PointView): boolean {
  if (bounds.length !== point.boundsLength) return false;
  for (let i = 0; i < point.boundsLength; i += 1) if (bounds[i] !== point.bounds[i]) return false;
  return true;
}

function streamKey({ row, role }: StreamOwner, point: PointView, bounds: SharedBounds): string {
  const type = `${point.type}${point.temporality}${point.monotonic ? "m" : ""}`;
  const hash = `${(point.attributesHashHigh >>> 0).toString(16)}.${(point.attributesHashLow >>> 0).toString(16)}`;
  return `${row.id}/${role.metric}/${role.unit}/${type}/${hash}${bounds.keyPart}`;
}

/** Whose stream it is, and of what. */
interface StreamOwner {
  readonly row: InstanceRow;
  readonly role: MetricRole;
}

/** What every metric stream showed last, within a cap. */
export class StreamTable {
  private readonly all = new Map<string, StreamState>();
  private readonly rows = new NumberRows();
  private readonly ofService = new Map<ServiceCounts, number>();
  private readonly stored = new Map<string, CumulativeState>();
  private readonly boundsLists: BoundsLists;

  private readonly limits: Pick<IngestLimits, "streams" | "streamsOfService">;
  private readonly changed = new DirtyList<StreamState>();

  constructor(limits: Pick<IngestLimits, "streams" | "streamsOfService">) {
    this.limits = limits;
    this.boundsLists = new BoundsLists(limits.streams);
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
    return point.type !== "histogram" || sameBounds(state.bounds, point);
  }

  /** The state of a point's stream that is not the one counted in last, or null past a cap. */
  open(streams: MetricStreams, owner: StreamOwner, point: PointView): StreamState | null {
    const bounds = this.boundsLists.of(point);
    const key = streamKey(owner, point, bounds);
    const state = this.all.get(key) ?? this.create(key, owner.row.group, bounds.list);
    if (state === null) return null;
    const { places, states } = streams;
    const high = point.attributesHashHigh | 0;
    const low = point.attributesHashLow | 0;
    const place = places.get(high, low);
    if (place >= 0) states[place] = state;
    else places.set(high, low, states.push(state) - 1);
    return state;
  }

  private create(key: string, group: ServiceCounts, bounds: readonly number[]): StreamState | null {
    const ofService = this.ofService.get(group) ?? 0;
    if (this.all.size >= this.limits.streams || ofService >= this.limits.streamsOfService) return null;
    this.ofService.set(group, ofService + 1);
    const state = new StreamState({ key, bounds, group }, this.rows);
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
