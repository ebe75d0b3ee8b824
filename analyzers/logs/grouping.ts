import { cutLoose } from "./cut-loose.ts";
import type { MinerLimits } from "./miner-limits.ts";
import { NumberTable } from "./number-table.ts";
import { Patterns } from "./patterns.ts";
import { SequenceHash } from "./sequence-hash.ts";
import { Siblings } from "./siblings.ts";
import { hashToken, isSign, variableText } from "./token-stack.ts";

/** A token sequence that was not met before. */
export interface NewSequence {
  readonly source: number;
  /** Keeps the hashes of the sources apart. */
  readonly seed: number;
  /** Hash of seed and tokens. */
  readonly key: number;
  readonly tokens: readonly string[];
}

/** Answers for sequences that may not be remembered any more; forgotten together when full. */
const keptAnswers = 10_000;

const letter = /\p{L}/u;

/** Words that may turn out to be variables, or hold a template up: no sign, no variable, not a mere `-` or `/`. */
function isConstant(token: string): boolean {
  return token !== variableText && !isSign(token) && letter.test(token);
}

/** The sequences of one miner, their siblings and the patterns that follow, within the limits. */
export class Grouping {
  readonly patterns: Patterns;
  readonly #limits: MinerLimits;
  readonly #siblings: Siblings;
  readonly #hash = new SequenceHash();
  readonly #known = new NumberTable();
  readonly #kept = new Map<number, number>();
  readonly #words = new Map<string, string>();
  /** Sequences that lines had, as against those that followed from siblings. */
  readonly read: { readonly source: number; readonly sequence: number }[] = [];
  readonly met = { patterns: 0, skeletons: 0 };
  #chars = 0;

  constructor(limits: MinerLimits) {
    this.#limits = limits;
    this.patterns = new Patterns(limits);
    this.#siblings = new Siblings(limits.openHoles);
  }

  /** Places that were forgotten while siblings were still gathered. */
  get forgotten(): number {
    return this.#siblings.forgotten;
  }

  /** The number of a known sequence. */
  known(key: number): number | undefined {
    const known = this.#known.get(key);
    return known < 0 ? undefined : known;
  }

  /** Takes a sequence that is not known; -1 when it fits no pattern and may not begin one. */
  meet(line: NewSequence): number {
    const full =
      this.#limits.skeletons <= this.patterns.sequences || this.#chars >= this.#limits.skeletonChars;
    if (full || this.patterns.size >= this.#limits.patterns) {
      const kept = this.#kept.get(line.key);
      if (kept !== undefined) return kept;
      const fit = this.#fit(line);
      if (fit < 0) {
        this.met.patterns += 1;
        return -1;
      }
      if (full) {
        this.met.skeletons += 1;
        if (this.#kept.size >= keptAnswers) this.#kept.clear();
        this.#kept.set(line.key, fit);
        return fit;
      }
    }
    const sequence = this.#remember(line);
    this.read.push({ source: line.source, sequence });
    return sequence;
  }

  /** Takes a sequence as tokens, known or not. */
  meetTokens(source: number, seed: number, tokens: readonly string[]): number {
    const hashes = Int32Array.from(tokens, hashToken);
    this.#hash.read(hashes, hashes.length, seed);
    const key = this.#hash.whole;
    const known = this.#known.get(key);
    return known >= 0 ? known : this.meet({ source, seed, key, tokens });
  }

  /** A known variable that makes a sequence one of a pattern; -1 where there is none. */
  #fit({ source, seed, tokens }: NewSequence): number {
    const hashes = Int32Array.from(tokens, hashToken);
    this.#hash.read(hashes, hashes.length, seed);
    for (const [at, token] of tokens.entries()) {
      if (!isConstant(token)) continue;
      const pattern = this.#siblings.known(this.#hash.without(hashes[at] ?? 0, at));
      if (pattern >= 0) return pattern;
    }
    return this.patterns.wideFit(source, tokens);
  }

  #remember({ source, seed, key, tokens }: NewSequence): number {
    const kept = tokens.map((token) => this.#word(token));
    const sequence = this.patterns.add(source, kept);
    this.#known.set(key, sequence);
    const constants = kept.filter(isConstant).length;
    const { siblings, siblingsOfOneWord } = this.#limits;
    const needed = constants > 2 ? siblings : siblingsOfOneWord;
    if (constants < 2) return sequence;
    const hashes = Int32Array.from(kept, hashToken);
    let isRead = false;
    for (const [at, token] of kept.entries()) {
      if (!isConstant(token)) continue;
      if (!isRead) this.#hash.read(hashes, hashes.length, seed);
      isRead = true;
      const place = this.#hash.without(hashes[at] ?? 0, at);
      const shownKey = this.#hash.with(hashes[at] ?? 0, hashToken(variableText), at);
      const met = this.#siblings.add(place, sequence, needed);
      if (met.tag === "known") this.patterns.join(met.pattern, sequence);
      if (met.tag !== "shown") continue;
      // The shown variable may read its own sequence into the hash.
      isRead = false;
      const known = this.#known.get(shownKey);
      const shown =
        known >= 0
          ? known
          : this.#remember({ source, seed, key: shownKey, tokens: kept.with(at, variableText) });
      this.#siblings.settle(place, shown);
      for (const member of met.members) this.patterns.join(shown, member);
    }
    return sequence;
  }

  /** One copy of each word, cut loose from the line that it came from. */
  #word(word: string): string {
    const known = this.#words.get(word);
    if (known !== undefined) return known;
    const own = cutLoose(word);
    this.#words.set(own, own);
    this.#chars += own.length;
    return own;
  }
}
