import { cutLoose } from "#analyzers/logs/cut-loose.ts";
import { severities } from "#analyzers/logs/level-severity.ts";
import type { MinerLimits } from "#analyzers/logs/miner-limits.ts";
import { Miner, otherTemplate, plainSource, type LogSource } from "#analyzers/logs/miner.ts";
import { redact, type RedactOptions } from "#analyzers/logs/redact.ts";
import { hashText, spread } from "#analyzers/logs/text-hash.ts";
import { compareTexts } from "#model/fold-patterns.ts";
import type { PatternRow } from "#model/pattern-row.ts";
import type { Instant } from "#model/time.ts";
import type { Changing, DirtyList } from "./dirty-list.ts";
import type { ServiceCounts } from "./instance-row.ts";
import { KeptExamples } from "./kept-examples.ts";
import type { SaidInLog } from "./read-log.ts";

/** One form of line of a service as it is seen again. */
export class PatternEntry implements Changing {
  dirty = false;
  readonly id: string;
  /** Number of the miner; -1 for lines past its limits. */
  readonly line: number;
  readonly source: LogSource;
  readonly tokens: string;
  readonly owner: ServicePatterns;
  readonly examples = new KeptExamples();
  readonly signatures = new Set<string>();
  standsFor: string;
  template = "";
  severity = 0;
  firstSeen: Instant = Infinity;

  constructor(
    owner: ServicePatterns,
    made: { readonly id: string; readonly line: number; readonly source: LogSource; readonly tokens: string },
  ) {
    this.owner = owner;
    this.id = made.id;
    this.line = made.line;
    this.source = made.source;
    this.tokens = made.tokens;
    this.standsFor = made.id;
  }

  /** Takes in what a record adds; true where that changes anything. */
  see(at: Instant, severity: number, signatures: readonly string[]): boolean {
    let isNews = false;
    if (at < this.firstSeen) {
      this.firstSeen = at;
      isNews = true;
    }
    if (severity > this.severity) {
      this.severity = severity;
      isNews = true;
    }
    for (const id of signatures) {
      if (this.signatures.has(id)) continue;
      this.signatures.add(id);
      isNews = true;
    }
    return isNews;
  }

  toRow(): PatternRow {
    const { logger, event, template, function: name, exception } = this.source;
    return {
      service: this.owner.counts.service,
      environment: this.owner.counts.environment,
      id: this.id,
      standsFor: this.standsFor,
      source: [logger, event, template, name, exception],
      tokens: this.tokens,
      template: this.template,
      severity: this.severity,
      signatures: [...this.signatures].sort(compareTexts),
      exception: exception === "" ? null : exception,
      firstSeen: this.firstSeen,
    };
  }
}

/** Template of a body in which nothing can be read. */
const unreadable = "(no readable text)";
/** UTF-16 code units of each text of a source. */
const sourceChars = 256;
/** Sources whose cleaned form is remembered; forgotten together when full. */
const keptSources = 10_000;

function cleanSource(source: LogSource, redaction: RedactOptions): LogSource {
  const clean = (text: string): string => cutLoose(redact(text.slice(0, sourceChars), redaction));
  return {
    logger: clean(source.logger),
    event: clean(source.event),
    template: clean(source.template),
    function: clean(source.function),
    exception: clean(source.exception),
  };
}

const otherSource: LogSource = { ...plainSource, logger: otherTemplate };

/** 53 bits of the texts of a source. Each text ends before the next begins. */
function sourceKey({ logger, event, template, function: name, exception }: LogSource): number {
  let first = 0;
  let second = 0;
  for (const text of [logger, event, template, name, exception]) {
    if (text !== "") {
      first ^= hashText(text, first);
      second ^= hashText(text, ~second);
    }
    first = spread(first + 1);
    second = spread(second + 3);
  }
  return (first >>> 0) * 2 ** 21 + (second >>> 11);
}

/** Keeps lines past the limits apart by what they are worth. */
function severityClass(severity: number): string {
  if (severity < severities.warn) return "";
  return severity >= severities.fatal ? "fatal" : severity >= severities.error ? "error" : "warn";
}

/** The patterns of one service in one environment: its deployments share them, so that they can be compared. */
export class ServicePatterns {
  readonly counts: ServiceCounts;
  readonly #miner: Miner;
  readonly #entries = new Map<string, PatternEntry>();
  readonly #byLine = new Map<number, PatternEntry>();
  readonly #sources = new Map<number, number>();
  readonly #isFull: () => boolean;
  readonly #redaction: RedactOptions;
  #fresh: PatternEntry[] = [];
  #joinsSettled = 0;
  #limitsTold = { lines: 0, joins: 0 };

  /** `isFull`: all services together hold the most that they may, and no new source is kept. */
  constructor(counts: ServiceCounts, limits: MinerLimits, isFull: () => boolean, redaction: RedactOptions) {
    this.counts = counts;
    this.#redaction = redaction;
    this.#isFull = isFull;
    this.#miner = new Miner(limits);
  }

  readonly #clean = (text: string): string => redact(text, this.#redaction);

  get size(): number {
    return this.#entries.size;
  }

  /** The form of line that a record has. */
  entryOf(said: SaidInLog): PatternEntry {
    const line = this.#miner.add(
      this.#sourceOf(said.source),
      said.message,
      severityClass(said.severity),
      this.#clean,
    );
    return this.#byLine.get(line) ?? this.#newEntry(line);
  }

  all(): Iterable<PatternEntry> {
    return this.#entries.values();
  }

  /** Takes up a form of line; null where the limits leave no room for it. */
  restore(row: PatternRow): PatternEntry | null {
    const [logger = "", event = "", template = "", name = "", exception = ""] = row.source;
    const source = { logger, event, template, function: name, exception };
    const isOther = row.tokens.startsWith(otherTemplate);
    const line = isOther ? -1 : this.#miner.recall({ source, tokens: row.tokens });
    if (line < 0 && !isOther) return null;
    this.#sources.set(sourceKey(source), this.#miner.source(source));
    const entry = new PatternEntry(this, { id: row.id, line, source, tokens: row.tokens });
    entry.standsFor = row.standsFor;
    entry.template = row.template;
    entry.see(row.firstSeen, row.severity, row.signatures);
    this.#entries.set(entry.id, entry);
    if (line >= 0 && !this.#byLine.has(line)) this.#byLine.set(line, entry);
    this.#joinsSettled = -1;
    return entry;
  }

  /** Marks the entries of which it is news to which pattern they belong, and counts what the limits left out. */
  settle(changed: DirtyList<PatternEntry>): void {
    const { joins } = this.#miner;
    if (joins !== this.#joinsSettled) this.#standAnew(changed);
    else for (const entry of this.#fresh) entry.template = this.#templateOf(entry);
    this.#fresh = [];
    this.#joinsSettled = joins;
  }

  /** Lines that found no place within the limits since this was asked last, and steps that would have joined patterns. */
  takeOverflow(): { readonly lines: number; readonly joins: number } {
    const { patterns, skeletons, sources, holes, openHoles } = this.#miner.bounds();
    const told = { lines: patterns + skeletons + sources, joins: holes + openHoles };
    const before = this.#limitsTold;
    this.#limitsTold = told;
    return { lines: told.lines - before.lines, joins: told.joins - before.joins };
  }

  #newEntry(line: number): PatternEntry {
    const id = this.#miner.lineId(line);
    const known = this.#entries.get(id);
    const entry = known ?? new PatternEntry(this, { id, line, ...this.#miner.skeleton(line) });
    this.#byLine.set(line, entry);
    if (known === undefined) {
      this.#entries.set(id, entry);
      this.#fresh.push(entry);
    }
    return entry;
  }

  #sourceOf(source: LogSource): number {
    const key = sourceKey(source);
    const known = this.#sources.get(key);
    if (known !== undefined) return known;
    if (this.#isFull()) return this.#miner.source(otherSource);
    const number = this.#miner.source(cleanSource(source, this.#redaction));
    if (this.#sources.size >= keptSources) this.#sources.clear();
    this.#sources.set(key, number);
    return number;
  }

  #templateOf({ line, source, tokens }: PatternEntry): string {
    const template = line < 0 ? tokens : this.#miner.template(line);
    if (template !== "") return template;
    return source.event === "" ? unreadable : source.event;
  }

  #standAnew(changed: DirtyList<PatternEntry>): void {
    const smallest = new Map<number, PatternEntry>();
    for (const entry of this.#entries.values()) {
      if (entry.line < 0) continue;
      const root = this.#miner.patternOf(entry.line);
      const known = smallest.get(root);
      if (known === undefined || entry.id < known.id) smallest.set(root, entry);
    }
    const templates = new Map<number, string>();
    for (const entry of this.#entries.values()) {
      const root = entry.line < 0 ? -1 : this.#miner.patternOf(entry.line);
      const standsFor = smallest.get(root)?.id ?? entry.id;
      const template = root < 0 ? entry.tokens : (templates.get(root) ?? this.#templateOf(entry));
      if (root >= 0) templates.set(root, template);
      if (entry.standsFor === standsFor && entry.template === template) continue;
      entry.standsFor = standsFor;
      entry.template = template;
      changed.mark(entry);
    }
  }
}
