import { exampleLine } from "#analyzers/logs/example-line.ts";
import { defaultMinerLimits, type MinerLimits } from "#analyzers/logs/miner-limits.ts";
import type { RedactOptions } from "#analyzers/logs/redact.ts";
import type { Matcher } from "#analyzers/logs/signatures/matcher.ts";
import type { ExampleRow, PatternRow } from "#model/pattern-row.ts";
import { DirtyList, type Changing } from "./dirty-list.ts";
import type { IngestLimits } from "./ingest-limits.ts";
import type { InstanceRow, ServiceCounts } from "./instance-row.ts";
import type { LogView, TelemetryBatch } from "./ports.ts";
import type { SaidInLog } from "./read-log.ts";
import { ServicePatterns, type PatternEntry } from "./service-patterns.ts";

type PatternLimits = Pick<
  IngestLimits,
  | "patterns"
  | "patternsOfService"
  | "patternSources"
  | "exampleChars"
  | "exampleBytes"
  | "exampleBytesOfService"
>;

/** A service whose patterns changed since the last drain. */
class Touched implements Changing {
  dirty = false;
  readonly patterns: ServicePatterns;
  exampleBytes = 0;

  constructor(patterns: ServicePatterns) {
    this.patterns = patterns;
  }
}

/** What was counted past a limit. */
export type CountOverflow = (
  counts: ServiceCounts,
  name: "overflow.patterns" | "overflow.patternJoins" | "overflow.examples",
  count: number,
) => void;

/** The log patterns of all services. `record` finds the form of line of a record; `drain` hands out what is to be stored. */
export class PatternTable {
  readonly #limits: PatternLimits;
  readonly #redaction: RedactOptions;
  readonly #overflow: CountOverflow;
  readonly #services = new Map<ServiceCounts, Touched>();
  readonly #touched = new DirtyList<Touched>();
  readonly #changed = new DirtyList<PatternEntry>();
  readonly #shown = new Set<PatternEntry>();
  #size = 0;
  #refusedSinceForgetting = false;
  #exampleBytes = 0;

  constructor(limits: PatternLimits, redaction: RedactOptions, overflow: CountOverflow) {
    this.#limits = limits;
    this.#redaction = redaction;
    this.#overflow = overflow;
  }

  /** Forms of line in memory. */
  get size(): number {
    return this.#size;
  }

  /** True where an example found no room: those of idle instances may make some. */
  get isCrowded(): boolean {
    return this.#refusedSinceForgetting;
  }

  readonly #isFull = (): boolean => this.#size >= this.#limits.patterns;

  /** The form of line of a record, with what the record adds to it. */
  record(row: InstanceRow, log: LogView, said: SaidInLog, matcher: Matcher): PatternEntry {
    const service = this.#serviceOf(row.group);
    this.#touched.mark(service);
    const before = service.patterns.size;
    const entry = service.patterns.entryOf(said);
    this.#size += service.patterns.size - before;
    const signatures = said.failures.map((place) => matcher.rules[place]?.id ?? "");
    if (entry.see(log.time, said.severity, signatures)) this.#changed.mark(entry);
    if (entry.examples.wants(row, log.time)) this.#addExample(service, entry, row, { log, said });
    return entry;
  }

  restore(
    stored: { readonly patterns: readonly PatternRow[]; readonly examples: readonly ExampleRow[] },
    known: {
      readonly group: (service: string, environment: string) => ServiceCounts | null;
      readonly rows: ReadonlyMap<number, InstanceRow>;
    },
  ): void {
    const entries = new Map<ServiceCounts, Map<string, PatternEntry>>();
    for (const pattern of stored.patterns) {
      const counts = known.group(pattern.service, pattern.environment);
      if (counts === null) continue;
      const entry = this.#serviceOf(counts).patterns.restore(pattern);
      if (entry === null) continue;
      this.#size += 1;
      const ofService = entries.get(counts) ?? new Map<string, PatternEntry>();
      entries.set(counts, ofService.set(pattern.id, entry));
    }
    // Those of the newest instances first, as far as there is room.
    for (const { instanceId, pattern, examples } of [...stored.examples].reverse()) {
      const row = known.rows.get(instanceId);
      const entry = row === undefined ? undefined : entries.get(row.group)?.get(pattern);
      if (row === undefined || entry === undefined) continue;
      const service = this.#serviceOf(row.group);
      if (!this.#hasRoom(service)) continue;
      this.#counting(service, entry, () => {
        entry.examples.restore(row, examples);
      });
    }
  }

  drain(): Required<Pick<TelemetryBatch, "patterns" | "examples">> {
    for (const { patterns } of this.#touched.drain()) {
      patterns.settle(this.#changed);
      const { lines, joins } = patterns.takeOverflow();
      if (lines > 0) this.#overflow(patterns.counts, "overflow.patterns", lines);
      if (joins > 0) this.#overflow(patterns.counts, "overflow.patternJoins", joins);
    }
    const examples = [...this.#shown].flatMap((entry) => entry.examples.drain(entry.id));
    this.#shown.clear();
    return { patterns: this.#changed.drain().map((entry) => entry.toRow()), examples };
  }

  /** Lets go of the examples of instances that are gone from memory. */
  forgetRows(rows: ReadonlySet<InstanceRow>): void {
    this.#refusedSinceForgetting = false;
    for (const service of this.#services.values())
      for (const entry of service.patterns.all())
        this.#counting(service, entry, () => {
          entry.examples.forgetRows(rows);
        });
  }

  #serviceOf(counts: ServiceCounts): Touched {
    const known = this.#services.get(counts);
    if (known !== undefined) return known;
    const made = new Touched(new ServicePatterns(counts, this.#minerLimits(), this.#isFull, this.#redaction));
    this.#services.set(counts, made);
    return made;
  }

  /** Of one service, and none where all services together hold the most that they may. */
  #minerLimits(): MinerLimits {
    const { patternsOfService, patternSources } = this.#limits;
    const isFull = this.#isFull;
    return {
      ...defaultMinerLimits,
      patterns: patternsOfService,
      sources: patternSources,
      get skeletons() {
        return isFull() ? 0 : 2 * patternsOfService;
      },
      skeletonChars: 512 * patternsOfService,
      openHoles: 20 * patternsOfService,
    };
  }

  #addExample(
    service: Touched,
    entry: PatternEntry,
    row: InstanceRow,
    { log, said }: { readonly log: LogView; readonly said: SaidInLog },
  ): void {
    if (!this.#hasRoom(service)) {
      this.#refusedSinceForgetting = true;
      this.#overflow(row.group, "overflow.examples", 1);
      return;
    }
    const line = exampleLine(said.text, this.#limits.exampleChars, this.#redaction);
    this.#counting(service, entry, () => {
      if (entry.examples.add(row, { at: log.time, line, traceId: log.content.traceId() }))
        this.#shown.add(entry);
    });
  }

  #hasRoom({ exampleBytes }: Touched): boolean {
    const { exampleBytes: most, exampleBytesOfService } = this.#limits;
    return this.#exampleBytes < most && exampleBytes < exampleBytesOfService;
  }

  #counting(service: Touched, entry: PatternEntry, deed: () => void): void {
    const before = entry.examples.bytes;
    deed();
    const added = entry.examples.bytes - before;
    service.exampleBytes += added;
    this.#exampleBytes += added;
  }
}
