import { cleanText, firstLine } from "./clean-text.ts";
import { Grouping } from "./grouping.ts";
import { defaultMinerLimits, type MinerBounds, type MinerLimits } from "./miner-limits.ts";
import { LineScanner, scanLimits } from "./scan-line.ts";
import { SequenceHash } from "./sequence-hash.ts";
import { templateText } from "./template-text.ts";
import { hashId, hashText } from "./text-hash.ts";

/** Where a line comes from, as far as its sender says; "" where it does not. Never a line number: each build moves those. */
export interface LogSource {
  readonly logger: string;
  /** `event.name`. */
  readonly event: string;
  /** `log.record.template`: a ready template, which is believed. */
  readonly template: string;
  /** `code.function.name`. */
  readonly function: string;
  /** Types of the exception that the record carries. */
  readonly exception: string;
}

/** A source that says nothing of itself. */
export const plainSource: LogSource = { logger: "", event: "", template: "", function: "", exception: "" };

/** What is left of a miner when it is put away: plain values. Taken up again it gives the same patterns. */
export interface MinerState {
  readonly sources: readonly LogSource[];
  /** Source and tokens, in the order in which they were met; tokens are joined by blanks, of which they hold none. */
  readonly skeletons: readonly (readonly [source: number, tokens: string])[];
  /** Ids that were given out, and the skeleton that leads to the pattern that stands for each now. */
  readonly ids: readonly (readonly [id: string, skeleton: number])[];
  readonly met: { readonly patterns: number; readonly skeletons: number; readonly sources: number };
}

/** What is kept of one line: where it comes from, and its words with `<*>` for its variables, joined by blanks. */
export interface Skeleton {
  readonly source: LogSource;
  readonly tokens: string;
}

/** Pattern of the lines that found no place within the limits. */
export const otherTemplate = "<other>";

interface SourceEntry {
  readonly source: LogSource;
  readonly seed: number;
}

function textsOf({ logger, event, template, function: name, exception }: LogSource): readonly string[] {
  const texts = [logger, event, template, name];
  return exception === "" ? texts : [...texts, exception];
}

/** Lines whose cleaned form is remembered; forgotten together when full. */
const keptCleaned = 10_000;

/**
 * Groups lines to patterns as they come. Two lines are of one pattern when they are the same but for their variables
 * (`LineScanner`), or when siblings show that the word in which they differ is a variable: so many lines with everything
 * else alike, as in "plugin a loaded", "plugin b loaded". A sequence with a shown variable is a sequence itself and has
 * siblings in turn. Every rule only ever joins, so the patterns do not depend on the order of the lines unless a limit
 * was met (`bounds`). `add` answers a number that stays valid; the pattern that it stands for may grow wider.
 */
export class Miner {
  readonly #limits: MinerLimits;
  readonly #scanner = new LineScanner();
  readonly #hash = new SequenceHash();
  readonly #grouping: Grouping;
  readonly #sources: SourceEntry[] = [];
  readonly #sourceOf = new Map<string, number>();
  readonly #others = new Map<string, number>();
  readonly #given = new Map<string, number>();
  /** Sequences that are known under their cleaned form only. */
  readonly #cleaned = new Map<number, number>();
  #sourcesMet = 0;

  constructor(limits: MinerLimits = defaultMinerLimits) {
    this.#limits = limits;
    this.#grouping = new Grouping(limits);
  }

  /** The number of a source, for `add`. Past the limit all new ones are one. */
  source(source: LogSource): number {
    const key = textsOf(source).join("\u0000");
    const known = this.#sourceOf.get(key);
    if (known !== undefined) return known;
    if (this.#sources.length > this.#limits.sources) {
      this.#sourcesMet += 1;
      return this.#limits.sources;
    }
    const isLast = this.#sources.length === this.#limits.sources;
    const entry = isLast ? { ...plainSource, logger: otherTemplate } : source;
    this.#sources.push({ source: entry, seed: hashText(textsOf(entry).join("\u0000")) });
    if (isLast) this.#sourcesMet += 1;
    else this.#sourceOf.set(key, this.#sources.length - 1);
    return this.#sources.length - 1;
  }

  /**
   * Takes the body of a record: its first line that says something. `severity` keeps the lines past a limit apart. With
   * `clean`, a line that was not met before is cleaned first, so that nothing of it is kept that may not be.
   */
  add(source: number, body: string, severity = "", clean: ((text: string) => string) | null = null): number {
    const entry = this.#sources[source];
    if (entry === undefined) throw new RangeError(`there is no source ${source}`);
    const { lineChars } = scanLimits;
    const text = entry.source.template === "" ? cleanText(firstLine(body), lineChars) : "";
    const stack = this.#scanner.scan(text);
    this.#hash.read(stack.hashes, stack.size, entry.seed);
    const key = this.#hash.whole;
    const known = this.#grouping.known(key) ?? this.#cleaned.get(key);
    if (known !== undefined) return known;
    const cleaned = clean === null ? text : clean(text);
    if (cleaned !== text) {
      const line = this.add(source, cleaned, severity);
      if (this.#cleaned.size >= keptCleaned) this.#cleaned.clear();
      this.#cleaned.set(key, line);
      return line;
    }
    const met = this.#grouping.meet({ source, seed: entry.seed, key, tokens: stack.texts(text) });
    return met >= 0 ? met : this.#other(source, severity);
  }

  /** Takes up a line that was put away as `skeleton`; -1 where the limits leave no room for it. */
  recall({ source, tokens }: Skeleton): number {
    return this.#meetTokens(this.source(source), tokens);
  }

  /** What must be kept of a line to know it again. */
  skeleton(line: number): Skeleton {
    return { source: this.#sourceOfLine(line), tokens: this.#grouping.patterns.tokens(line).join(" ") };
  }

  /** Id of the line itself: a hash of its source and own words, equal in every process, that never changes. */
  lineId(line: number): string {
    const { source, tokens } = this.skeleton(line);
    return hashId([...textsOf(source), tokens]);
  }

  /** How many times two patterns became one. */
  get joins(): number {
    return this.#grouping.patterns.sequences - this.#grouping.patterns.size;
  }

  /** Number of the pattern that a line belongs to now: lines with the same number are one pattern. */
  patternOf(line: number): number {
    return this.#grouping.patterns.find(line);
  }

  /** Id of the pattern of a line: a hash of source and template, equal in every process. It changes when the pattern grows wider. */
  id(line: number): string {
    const root = this.patternOf(line);
    const { template } = this.#grouping.patterns.pattern(root);
    const id = hashId([...textsOf(this.#sourceOfLine(root)), template.join(" ")]);
    this.#given.set(id, root);
    return id;
  }

  /** The template of a line for people, with `<*>` for what changes. */
  template(line: number): string {
    const ready = this.#sourceOfLine(line).template;
    return ready === "" ? templateText(this.#grouping.patterns.pattern(line).template) : ready;
  }

  /** The id that stands now for one that was given out earlier; null for one that was not. */
  resolve(id: string): string | null {
    const line = this.#given.get(id);
    return line === undefined ? null : this.id(line);
  }

  /** All that must be kept to go on later. */
  state(): MinerState {
    const { read, patterns, met } = this.#grouping;
    const placeOf = new Map(read.map(({ sequence }, at) => [this.patternOf(sequence), at]));
    return {
      sources: this.#sources.map(({ source }) => source),
      skeletons: read.map(({ source, sequence }) => [source, patterns.tokens(sequence).join(" ")]),
      ids: [...this.#given].flatMap(([id, line]) => {
        const at = placeOf.get(this.patternOf(line));
        return at === undefined ? [] : [[id, at] as const];
      }),
      met: { ...met, sources: this.#sourcesMet },
    };
  }

  /** A miner that goes on from a state. */
  static from(state: MinerState, limits: MinerLimits = defaultMinerLimits): Miner {
    const miner = new Miner(limits);
    for (const source of state.sources) miner.source(source);
    const lines = state.skeletons.map(([source, tokens]) => miner.#meetTokens(source, tokens));
    for (const [id, at] of state.ids) {
      const line = lines[at] ?? -1;
      if (line >= 0) miner.#given.set(id, line);
    }
    Object.assign(miner.#grouping.met, { patterns: state.met.patterns, skeletons: state.met.skeletons });
    miner.#sourcesMet = state.met.sources;
    return miner;
  }

  bounds(): MinerBounds {
    const { met, patterns, forgotten } = this.#grouping;
    return {
      patterns: met.patterns,
      skeletons: met.skeletons,
      holes: patterns.refused,
      openHoles: forgotten,
      sources: this.#sourcesMet,
    };
  }

  #meetTokens(source: number, tokens: string): number {
    const seed = this.#sources[source]?.seed ?? 0;
    return this.#grouping.meetTokens(source, seed, tokens === "" ? [] : tokens.split(" "));
  }

  #sourceOfLine(line: number): LogSource {
    return this.#sources[this.#grouping.patterns.source(line)]?.source ?? plainSource;
  }

  /** The pattern of what found no place, one for each source and severity. */
  #other(source: number, severity: string): number {
    const key = `${source} ${severity}`;
    const known = this.#others.get(key);
    if (known !== undefined) return known;
    const line = this.#grouping.patterns.add(
      source,
      severity === "" ? [otherTemplate] : [otherTemplate, severity],
    );
    this.#others.set(key, line);
    return line;
  }
}
