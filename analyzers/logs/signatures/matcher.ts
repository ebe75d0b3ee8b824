import { Automaton } from "./automaton.ts";
import { isStatement } from "./statement.ts";
import type { Clause, Signature } from "./signature.ts";

/** What of a record is looked at. */
export const matchLimits = {
  /** UTF-16 code units of a record that are searched for literals. */
  recordChars: 16_384,
  /** UTF-16 code units around a literal in which the other literals of a rule are looked for. */
  windowChars: 4096,
  /** UTF-16 code units around a literal that an expression sees. */
  regexChars: 2048,
  /** The same for expressions of users, which cost more for each unit. */
  ownRegexChars: 1024,
} as const;

/** Compiles an expression to a test; it must hold no look-around and no back-reference. */
export type CompileRegex = (source: string, anyCase: boolean) => (text: string) => boolean;

interface Confirm {
  readonly rule: number;
  readonly windowChars: number;
  readonly holds: (text: string) => boolean;
}

interface Candidate {
  readonly clause: number;
  /** Place in the record where a literal of it ends. */
  readonly at: number;
}

function holdsText(text: string, literal: string, anyCase: boolean): boolean {
  return anyCase ? text.toLowerCase().includes(literal.toLowerCase()) : text.includes(literal);
}

/** The literals that send a clause to be confirmed: one of them is in every text that it holds for. */
function gateOf(clause: Clause): readonly string[] {
  if ("text" in clause) return [clause.text];
  if ("regex" in clause) return clause.literals;
  return [clause.all.reduce((longest, text) => (text.length > longest.length ? text : longest))];
}

function confirmOf(clause: Clause, compile: CompileRegex): (text: string) => boolean {
  if ("text" in clause) return (text) => holdsText(text, clause.text, clause.anyCase);
  if ("regex" in clause) return compile(clause.regex, clause.anyCase);
  return (text) => clause.all.every((part) => holdsText(text, part, clause.anyCase));
}

/** Rules with what compiles their expressions. */
export interface RuleSet {
  readonly rules: readonly Signature[];
  readonly compile: CompileRegex;
  /** UTF-16 code units around a literal that an expression sees; `matchLimits.regexChars` by default. */
  readonly regexChars?: number;
}

const none: readonly number[] = [];

/** Stands where a record was cut, so that no expression takes the cut for the beginning or end of the record. */
const cutMark = "\u0000";

/** The part of a record around a place, `windowChars` with its marks: from the beginning of a line near before it. */
function windowAt(record: string, at: number, windowChars: number): string {
  if (record.length <= windowChars) return record;
  const near = Math.max(0, at - windowChars / 2);
  const line = record.indexOf("\n", near);
  const isLine = near > 0 && line >= 0 && line < at;
  const from = isLine ? line + 1 : near;
  const end = from + windowChars - 2 * cutMark.length;
  const before = from > 0 && !isLine ? cutMark : "";
  return `${before}${record.slice(from, end)}${end < record.length ? cutMark : ""}`;
}

/**
 * Finds known failures in records: one pass for the literals of all rules, and the whole rule only where one of its literals
 * stands. A sentence about a failure that tells of none (`isStatement`) is no hit.
 */
export class Matcher {
  readonly rules: readonly Signature[];
  readonly #automaton: Automaton;
  readonly #clauses: readonly Confirm[];
  /** Clauses that a literal sends to be confirmed. */
  readonly #clausesOf: readonly (readonly number[])[];
  readonly #candidates: Candidate[] = [];
  readonly #seen: Uint32Array;
  #turn = 0;

  constructor(sets: readonly RuleSet[]) {
    this.rules = sets.flatMap(({ rules }) => rules);
    const places = new Map<string, number[]>();
    const clauses: Confirm[] = [];
    let rule = 0;
    for (const { rules, compile, regexChars = matchLimits.regexChars } of sets)
      for (const { match } of rules) {
        for (const clause of match) {
          for (const literal of new Set(gateOf(clause).map((text) => text.toLowerCase()))) {
            const sent = places.get(literal);
            if (sent === undefined) places.set(literal, [clauses.length]);
            else sent.push(clauses.length);
          }
          const windowChars = "regex" in clause ? regexChars : matchLimits.windowChars;
          clauses.push({ rule, windowChars, holds: confirmOf(clause, compile) });
        }
        rule += 1;
      }
    this.#automaton = new Automaton([...places.keys()]);
    this.#clausesOf = [...places.values()];
    this.#clauses = clauses;
    this.#seen = new Uint32Array(clauses.length);
  }

  /** Places of the rules that a record hits, in the order of the rules. */
  find(record: string): readonly number[] {
    this.#candidates.length = 0;
    this.#turn = this.#turn === 0xffffffff ? 1 : this.#turn + 1;
    this.#automaton.find(record, matchLimits.recordChars, this.#note);
    return this.#candidates.length === 0 ? none : this.#confirm(record);
  }

  readonly #note = (literal: number, at: number): void => {
    for (const clause of this.#clausesOf[literal] ?? none) {
      if (this.#seen[clause] === this.#turn) continue;
      this.#seen[clause] = this.#turn;
      this.#candidates.push({ clause, at });
    }
  };

  #confirm(record: string): readonly number[] {
    const hits = new Set<number>();
    for (const { clause: place, at } of this.#candidates) {
      const clause = this.#clauses[place];
      if (clause === undefined || hits.has(clause.rule)) continue;
      const text = windowAt(record, at, clause.windowChars);
      if (!clause.holds(text)) continue;
      const unless = this.rules[clause.rule]?.unless ?? [];
      if (!unless.some((literal) => text.includes(literal))) hits.add(clause.rule);
    }
    if (hits.size === 0 || isStatement(windowAt(record, 0, matchLimits.windowChars))) return none;
    return [...hits].sort((a, b) => a - b);
  }
}
