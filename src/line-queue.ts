import type { OtlpLine } from "#cli/read-otlp-lines.ts";
import type { Instant } from "#model/time.ts";

/** A line with the oldest and newest record time in it, in milliseconds; null where it has none. */
export interface TimedLine {
  readonly line: OtlpLine;
  readonly oldest: Instant | null;
  readonly newest: Instant | null;
}

const recordTimes = /"(?:time|endTime|observedTime)UnixNano"\s*:\s*"?(\d{1,20})/g;

/**
 * Sorts lines by (oldest record time, content) inside an allowance of event time, so that lines written in any order
 * within it are taken in one order (decision 27).
 */
export class LineQueue {
  readonly #allowanceMs: number;
  #held: TimedLine[] = [];
  #newest: Instant = -Infinity;
  #sortedTo: Instant = -Infinity;

  constructor(allowanceMs: number) {
    this.#allowanceMs = allowanceMs;
  }

  /** Takes one line; hands out, in order, those that no later line may still precede. */
  push(line: OtlpLine): readonly TimedLine[] {
    const timed = withTimes(line);
    this.#held.push(timed);
    this.#newest = Math.max(this.#newest, timed.oldest ?? -Infinity);
    const upTo = this.#newest - this.#allowanceMs;
    // Sorting again for every line would be wasteful: once for each second of event time is enough.
    if (upTo < this.#sortedTo + 1000) return [];
    this.#sortedTo = upTo;
    this.#held.sort(inOrder);
    const cut = this.#held.findIndex(({ oldest }) => (oldest ?? -Infinity) > upTo);
    return this.#held.splice(0, cut === -1 ? this.#held.length : cut);
  }

  /** What is left, in order. */
  drain(): readonly TimedLine[] {
    const rest = this.#held.sort(inOrder);
    this.#held = [];
    return rest;
  }
}

function withTimes(line: OtlpLine): TimedLine {
  let oldest = Infinity;
  let newest = -Infinity;
  for (const match of line.text.matchAll(recordTimes)) {
    const at = Number(match[1]) / 1e6;
    if (at === 0) continue;
    oldest = Math.min(oldest, at);
    newest = Math.max(newest, at);
  }
  return newest === -Infinity ? { line, oldest: null, newest: null } : { line, oldest, newest };
}

function inOrder(a: TimedLine, b: TimedLine): number {
  const byTime = (a.oldest ?? -Infinity) - (b.oldest ?? -Infinity);
  if (byTime !== 0 && !Number.isNaN(byTime)) return byTime;
  return a.line.text < b.line.text ? -1 : a.line.text > b.line.text ? 1 : 0;
}
