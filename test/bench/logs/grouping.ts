import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Miner, plainSource } from "#analyzers/logs/miner.ts";
import { readBody } from "#analyzers/logs/read-body.ts";
import type { Random } from "#test/support/random.ts";
import { defaultDrain, Drain, tunedDrain } from "./drain.ts";

/** One system of LogHub: its messages and the statement of each. */
export interface System {
  readonly name: string;
  readonly lines: readonly string[];
  readonly truth: readonly string[];
}

/** Groups of lines, as a key for each line. */
export type Grouper = (system: string, lines: readonly string[]) => readonly string[];

export const groupers: Readonly<Record<string, Grouper>> = {
  Haldane: (_, lines) => {
    const miner = new Miner();
    const numbers = lines.map((line) => {
      const { text, logger, event, template } = readBody(line);
      return miner.add(miner.source({ ...plainSource, logger, event, template }), text);
    });
    return numbers.map((line) => miner.id(line));
  },
  "Drain, one setting": (_, lines) => {
    const drain = new Drain(defaultDrain);
    return lines.map((line) => String(drain.add(line)));
  },
  "Drain, tuned for each system": (system, lines) => {
    const drain = new Drain(tunedDrain[system] ?? defaultDrain);
    return lines.map((line) => String(drain.add(line)));
  },
};

/** The systems in a folder of LogHub-2k with corrected truth, one `NAME.truth.jsonl` each. */
export function readSystems(folder: string): readonly System[] {
  const files = readdirSync(folder).filter((name) => name.endsWith(".truth.jsonl"));
  return files.map((file) => {
    const rows = readFileSync(join(folder, file), "utf8")
      .trim()
      .split("\n")
      .map((row) => JSON.parse(row) as { content: string; cid: string });
    return {
      name: file.replace(".truth.jsonl", ""),
      lines: rows.map((row) => row.content),
      truth: rows.map((row) => row.cid),
    };
  });
}

function membersOf(keys: readonly string[]): readonly string[] {
  const members = new Map<string, number[]>();
  for (const [at, key] of keys.entries()) {
    const group = members.get(key);
    if (group === undefined) members.set(key, [at]);
    else group.push(at);
  }
  const names = new Map([...members].map(([key, group]) => [key, group.join()]));
  return keys.map((key) => names.get(key)!);
}

/** Grouping accuracy by lines, and the F1 of groups (Jiang et al. 2024). */
export function accuracy(
  found: readonly string[],
  truth: readonly string[],
): { readonly ga: number; readonly fga: number } {
  const groups = membersOf(found);
  const wanted = membersOf(truth);
  const right = groups.filter((group, at) => group === wanted[at]);
  const distinct = new Set(right).size;
  return {
    ga: right.length / found.length,
    fga: (2 * distinct) / (new Set(groups).size + new Set(wanted).size),
  };
}

export function shuffled(count: number, random: Random): readonly number[] {
  const order = Array.from({ length: count }, (_, at) => at);
  for (let at = count - 1; at > 0; at -= 1) {
    const other = random.integer(at + 1);
    [order[at], order[other]] = [order[other]!, order[at]!];
  }
  return order;
}

/** Share of lines whose group holds other lines after shuffling. */
export function movedShare(grouper: Grouper, system: System, order: readonly number[]): number {
  const straight = membersOf(grouper(system.name, system.lines));
  const moved = grouper(
    system.name,
    order.map((at) => system.lines[at]!),
  );
  const back: string[] = [];
  for (const [place, at] of order.entries()) back[at] = moved[place]!;
  const again = membersOf(back);
  return straight.filter((group, at) => group !== again[at]).length / straight.length;
}

/**
 * New patterns: a random half without three of its statements is the baseline, the rest the canary. A group seen in the
 * canary alone is called new; the truth is a statement that the baseline half lacks. Counts of groups and of statements.
 */
export function newPatterns(
  grouper: Grouper,
  system: System,
  random: Random,
): readonly [called: number, rightlyCalled: number, wanted: number, found: number] {
  const order = shuffled(system.lines.length, random);
  const half = order.slice(0, order.length / 2);
  const counts = new Map<string, number>();
  for (const id of system.truth) counts.set(id, (counts.get(id) ?? 0) + 1);
  const usual = [...counts].filter(([, count]) => count >= 2 && count <= 200).map(([id]) => id);
  const hidden = new Set(
    shuffled(usual.length, random)
      .slice(0, 3)
      .map((at) => usual[at]!),
  );
  const baseline = half.filter((at) => !hidden.has(system.truth[at]!));
  const canary = order.slice(order.length / 2);
  const groups = grouper(
    system.name,
    [...baseline, ...canary].map((at) => system.lines[at]!),
  );
  const seen = new Set(groups.slice(0, baseline.length));
  const known = new Set(baseline.map((at) => system.truth[at]!));
  const called = new Map<string, Set<string>>();
  for (const [place, at] of canary.entries()) {
    const group = groups[baseline.length + place]!;
    if (seen.has(group)) continue;
    const statements = called.get(group) ?? new Set();
    called.set(group, statements.add(system.truth[at]!));
  }
  const wanted = new Set(canary.map((at) => system.truth[at]!).filter((id) => !known.has(id)));
  const trueGroups = [...called.values()].filter((statements) =>
    [...statements].every((id) => wanted.has(id)),
  );
  const found = new Set(trueGroups.flatMap((statements) => [...statements]));
  return [called.size, trueGroups.length, wanted.size, found.size];
}
