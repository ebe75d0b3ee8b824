import type { Measure, Sample } from "#model/sample.ts";
import { windowLengthMs, type Instant } from "#model/time.ts";
import type { IngestLimits } from "./ingest-limits.ts";
import type { InstanceRow, ServiceCounts } from "./instance-row.ts";
import { DirtyList, type Changing } from "./dirty-list.ts";
import type { Series, TelemetryBatch } from "./ports.ts";
import { accumulatorOf, type SampleAccumulator } from "./sample-accumulator.ts";

/** Loads what is stored of a window that is no longer in memory. */
export type LoadSample = (seriesId: number, window: Instant, late: boolean) => Sample | null;

/** One window of one series as it grows. */
export class Cell implements Changing {
  dirty = false;

  readonly series: SeriesSlot;
  readonly window: Instant;
  readonly late: boolean;
  readonly accumulator: SampleAccumulator;

  constructor(
    series: SeriesSlot,
    at: { readonly window: Instant; readonly late: boolean },
    accumulator: SampleAccumulator,
  ) {
    this.series = series;
    this.window = at.window;
    this.late = at.late;
    this.accumulator = accumulator;
  }
}

/** One measure of one instance, with its windows in memory. */
export class SeriesSlot {
  /** By window number, times two, plus one for late rows. */
  readonly cells = new Map<number, Cell>();
  /** The window that was changed last: the next record is mostly of the same. */
  lastCell: Cell | null = null;
  /** Windows up to this one may be stored though they are not in memory. */
  storedUpTo = -Infinity;

  readonly id: number;
  readonly row: InstanceRow;
  readonly measure: Measure;

  constructor(id: number, row: InstanceRow, measure: Measure) {
    this.id = id;
    this.row = row;
    this.measure = measure;
  }
}

type SeriesLimits = Pick<
  IngestLimits,
  "series" | "seriesOfService" | "patternSeries" | "patternSeriesOfService" | "patternSeriesOfInstance"
>;

/** How many series there are, of each service and of each instance. */
class SeriesCounts {
  all = 0;
  readonly ofService = new Map<ServiceCounts, number>();
  readonly ofRow = new Map<InstanceRow, number>();

  add(row: InstanceRow, more: number): void {
    this.all += more;
    this.ofService.set(row.group, (this.ofService.get(row.group) ?? 0) + more);
    const left = (this.ofRow.get(row) ?? 0) + more;
    if (left === 0) this.ofRow.delete(row);
    else this.ofRow.set(row, left);
  }
}

function measureKey(measure: Measure): string {
  switch (measure.kind) {
    case "requests":
      return `requests/${measure.source}/${measure.operation}`;
    case "logs":
      return "logs";
    case "pattern":
      return `pattern/${measure.pattern}`;
    case "counter":
    case "gauge":
    case "histogram":
    case "rejected":
      return `${measure.kind}/${measure.metric}`;
  }
}

function cellKey(window: Instant, late: boolean): number {
  return (window / windowLengthMs) * 2 + (late ? 1 : 0);
}

/** All series and the windows of them that may still change. Windows leave memory once they are sealed and written. */
export class SeriesTable {
  private readonly all = new Map<string, SeriesSlot>();
  private readonly byWindow = new Map<Instant, Cell[]>();
  private readonly fresh: Series[] = [];
  private nextId = 1;
  private refusedSinceForgetting = false;

  /** How many of each kind that has limits of its own: log patterns, and all else. */
  private readonly counted = { pattern: new SeriesCounts(), other: new SeriesCounts() };
  private readonly limits: SeriesLimits;
  private readonly loadSample: LoadSample;
  private readonly changed = new DirtyList<Cell>();

  constructor(limits: SeriesLimits, loadSample: LoadSample) {
    this.limits = limits;
    this.loadSample = loadSample;
  }

  get size(): number {
    return this.all.size;
  }

  /** True where a series found no room: those of idle instances may make some. */
  get isCrowded(): boolean {
    return this.refusedSinceForgetting;
  }

  /** Windows of all series in memory. */
  get cellCount(): number {
    let count = 0;
    for (const cells of this.byWindow.values()) count += cells.length;
    return count;
  }

  /** The series of a measure, or null past a cap. */
  of(row: InstanceRow, measure: Measure): SeriesSlot | null {
    const key = `${row.id}/${measureKey(measure)}`;
    const known = this.all.get(key);
    if (known !== undefined) return known;
    if (this.isFull(row, measure)) {
      this.refusedSinceForgetting = true;
      return null;
    }
    this.countsOf(measure).add(row, 1);
    const slot = new SeriesSlot(this.nextId, row, measure);
    this.nextId += 1;
    this.all.set(key, slot);
    this.fresh.push({ id: slot.id, instanceId: row.id, measure });
    return slot;
  }

  /** Log patterns have room of their own, so that a flood of lines leaves the other series theirs. */
  private isFull(row: InstanceRow, measure: Measure): boolean {
    const { all, ofService, ofRow } = this.countsOf(measure);
    const service = ofService.get(row.group) ?? 0;
    const { limits } = this;
    if (measure.kind !== "pattern") return all >= limits.series || service >= limits.seriesOfService;
    return (
      all >= limits.patternSeries ||
      service >= limits.patternSeriesOfService ||
      (ofRow.get(row) ?? 0) >= limits.patternSeriesOfInstance
    );
  }

  private countsOf(measure: Measure): SeriesCounts {
    return measure.kind === "pattern" ? this.counted.pattern : this.counted.other;
  }

  /** The window of a series, ready to be changed. `unit` names the unit of a histogram. */
  cell(series: SeriesSlot, window: Instant, late: boolean, unit = ""): Cell {
    const last = series.lastCell;
    if (last?.window === window && last.late === late) {
      this.changed.mark(last);
      return last;
    }
    const cell = series.cells.get(cellKey(window, late)) ?? this.create(series, { window, late }, unit);
    series.lastCell = cell;
    this.changed.mark(cell);
    return cell;
  }

  private create(
    series: SeriesSlot,
    at: { readonly window: Instant; readonly late: boolean },
    unit: string,
  ): Cell {
    const { window, late } = at;
    const cell = new Cell(series, at, accumulatorOf(series.measure, unit));
    const stored = window <= series.storedUpTo ? this.loadSample(series.id, window, late) : null;
    if (stored !== null) cell.accumulator.load(stored);
    series.cells.set(cellKey(window, late), cell);
    const cells = this.byWindow.get(window);
    if (cells === undefined) this.byWindow.set(window, [cell]);
    else cells.push(cell);
    return cell;
  }

  /** Windows that ended at `before` or earlier leave memory where they are written. */
  evict(before: Instant): void {
    for (const [window, cells] of this.byWindow) {
      if (window + windowLengthMs > before) continue;
      const kept = cells.filter((cell) => cell.dirty);
      for (const cell of cells) if (!cell.dirty) this.forget(cell);
      if (kept.length === 0) this.byWindow.delete(window);
      else this.byWindow.set(window, kept);
    }
  }

  private forget(cell: Cell): void {
    const { series } = cell;
    series.cells.delete(cellKey(cell.window, cell.late));
    series.lastCell = null;
    series.storedUpTo = Math.max(series.storedUpTo, cell.window);
  }

  /** Forgets the series of instances that are gone. */
  forgetRows(rows: ReadonlySet<InstanceRow>): void {
    this.refusedSinceForgetting = false;
    for (const [key, { row, measure }] of this.all) {
      if (!rows.has(row)) continue;
      this.all.delete(key);
      this.countsOf(measure).add(row, -1);
    }
  }

  drainSeries(): readonly Series[] {
    return this.fresh.splice(0);
  }

  drainSamples(): TelemetryBatch["samples"] {
    return this.changed.drain().map(({ series, window, late, accumulator }) => ({
      seriesId: series.id,
      window,
      late,
      sample: accumulator.toSample(),
    }));
  }

  /** Series as they were stored; their windows may be stored up to the newest of their instance. */
  restore(stored: readonly Series[], rows: ReadonlyMap<number, InstanceRow>): void {
    for (const { id, instanceId, measure } of stored) {
      this.nextId = Math.max(this.nextId, id + 1);
      const row = rows.get(instanceId);
      if (row === undefined) continue;
      const slot = new SeriesSlot(id, row, measure);
      slot.storedUpTo = row.lastSeen;
      this.all.set(`${row.id}/${measureKey(measure)}`, slot);
      this.countsOf(measure).add(row, 1);
      if (measure.kind === "requests") row.group.operations.add(measure.operation);
    }
  }
}
