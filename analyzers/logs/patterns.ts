import type { MinerLimits } from "./miner-limits.ts";
import { isSign, variableText } from "./token-stack.ts";

/** What the lines of one pattern have in common. */
export interface Pattern {
  /** Tokens; a variable where the lines differ. */
  readonly template: readonly string[];
  /** Places where lines differ in a word, ascending. A variable that every line has is no hole. */
  readonly holes: readonly number[];
}

function mergedPattern(a: Pattern, b: Pattern): Pattern {
  const holes = new Set([...a.holes, ...b.holes]);
  const template = a.template.map((token, at) => {
    if (token === b.template[at] && !holes.has(at)) return token;
    holes.add(at);
    return variableText;
  });
  return { template, holes: [...holes].sort((x, y) => x - y) };
}

/** True when a sequence has the constants of a pattern, and a word or variable in each hole. */
function fits(pattern: Pattern, tokens: readonly string[]): boolean {
  let hole = 0;
  for (let at = 0; at < tokens.length; at += 1) {
    const token = tokens[at] ?? "";
    if (pattern.holes[hole] === at) {
      hole += 1;
      if (isSign(token)) return false;
    } else if (token !== pattern.template[at]) return false;
  }
  return true;
}

interface Bucket {
  readonly members: number[];
  /** Roots with two holes or more: they may hold sequences that are nobody's sibling. */
  readonly wide: Set<number>;
}

/**
 * Token sequences and the patterns that they make up: a union-find whose sets only grow. Sets join when they are told to,
 * and when a pattern with several holes fits a sequence. Both rules stay true as more sequences come, so the sets do not
 * depend on the order in which they came.
 */
export class Patterns {
  readonly #limits: MinerLimits;
  readonly #tokens: (readonly string[])[] = [];
  readonly #parents: number[] = [];
  readonly #patterns: Pattern[] = [];
  readonly #buckets = new Map<string, Bucket>();
  readonly #bucketOf: Bucket[] = [];
  readonly #sources: number[] = [];
  /** Patterns at this time. */
  size = 0;
  /** Joins that were refused because a pattern would have had too many holes. */
  refused = 0;
  /** Sequences that were held against a pattern that had become wider: the work of joins. */
  compared = 0;

  constructor(limits: MinerLimits) {
    this.#limits = limits;
  }

  /** Number of sequences. */
  get sequences(): number {
    return this.#tokens.length;
  }

  tokens(sequence: number): readonly string[] {
    return this.#tokens[sequence] ?? [];
  }

  source(sequence: number): number {
    return this.#sources[sequence] ?? 0;
  }

  /** The sequence that stands for the set. */
  find(sequence: number): number {
    let at = sequence;
    for (;;) {
      const parent = this.#parents[at] ?? at;
      if (parent === at) return at;
      const above = this.#parents[parent] ?? parent;
      this.#parents[at] = above;
      at = above;
    }
  }

  pattern(sequence: number): Pattern {
    return this.#patterns[this.find(sequence)] ?? { template: [], holes: [] };
  }

  add(source: number, tokens: readonly string[]): number {
    const bucket = this.#bucket(source, tokens);
    const sequence = this.#tokens.length;
    this.#tokens.push(tokens);
    this.#sources.push(source);
    this.#parents.push(sequence);
    this.#patterns.push({ template: tokens, holes: [] });
    this.#bucketOf.push(bucket);
    bucket.members.push(sequence);
    this.size += 1;
    for (const root of [...bucket.wide]) if (fits(this.pattern(root), tokens)) this.join(root, sequence);
    return sequence;
  }

  /** A pattern with several holes that fits, or -1. */
  wideFit(source: number, tokens: readonly string[]): number {
    const bucket = this.#buckets.get(`${source} ${tokens.length}`);
    if (bucket === undefined) return -1;
    for (const root of bucket.wide) if (fits(this.pattern(root), tokens)) return root;
    return -1;
  }

  /** Makes one set of two, and of every sequence that the common pattern fits. */
  join(a: number, b: number): void {
    const first = this.find(a);
    const second = this.find(b);
    if (first === second) return;
    const merged = mergedPattern(this.pattern(first), this.pattern(second));
    if (merged.holes.length > this.#limits.holes) {
      this.refused += 1;
      return;
    }
    const root = Math.min(first, second);
    const other = Math.max(first, second);
    const isWider = [first, second].every((set) => this.pattern(set).holes.length < merged.holes.length);
    const bucket = this.#unite(root, other, merged);
    // A pattern that was as wide before has taken in all that it fits.
    if (isWider && merged.holes.length >= 2) this.#takeIn(root, bucket);
  }

  #unite(root: number, other: number, pattern: Pattern): Bucket | undefined {
    this.#parents[other] = root;
    this.#patterns[root] = pattern;
    this.size -= 1;
    const bucket = this.#bucketOf[root];
    bucket?.wide.delete(other);
    if (pattern.holes.length >= 2) bucket?.wide.add(root);
    return bucket;
  }

  /** Joins every sequence that a pattern fits. One that stands alone brings no hole and needs no look at the others. */
  #takeIn(root: number, bucket: Bucket | undefined): void {
    for (const member of bucket?.members ?? []) {
      this.compared += 1;
      const set = this.find(member);
      const here = this.find(root);
      const pattern = this.pattern(here);
      if (set === here || !fits(pattern, this.tokens(member))) continue;
      if (this.pattern(set).holes.length > 0) this.join(here, member);
      else this.#unite(Math.min(here, set), Math.max(here, set), pattern);
    }
  }

  #bucket(source: number, tokens: readonly string[]): Bucket {
    const key = `${source} ${tokens.length}`;
    let bucket = this.#buckets.get(key);
    if (bucket === undefined) {
      bucket = { members: [], wide: new Set() };
      this.#buckets.set(key, bucket);
    }
    return bucket;
  }
}
