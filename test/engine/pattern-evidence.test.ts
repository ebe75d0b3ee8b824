import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { binomialAtLeast } from "#analyzers/stats/incomplete-beta.ts";
import type { Concluded } from "#engine/findings.ts";
import type { FoldContext } from "#engine/fold.ts";
import { foldPatternTiles, patternsBefore } from "#engine/pattern-evidence.ts";
import {
  concludePatterns,
  patternsShown,
  shownFindings,
  suspectedPattern,
} from "#engine/pattern-findings.ts";
import { emptyPatterns, type PatternsState } from "#engine/pattern-state.ts";
import { patternsPerClass, patternWeight } from "#engine/pattern-weights.ts";
import { defaultPolicy } from "#engine/policy.ts";
import type { ArmRow } from "#engine/tiles.ts";
import type { LogPattern } from "#model/log-pattern.ts";
import { windowLengthMs } from "#model/time.ts";
import { hitRow, logPattern, requestRow, traffic } from "#test/support/pattern-rows.ts";
import { seededRandom } from "#test/support/random.ts";

const counts = { source: "spans", tileMs: windowLengthMs, why: "" } as const;

function contextOf(windows: number, isWarm: FoldContext["isWarm"] = () => true): FoldContext {
  return {
    ...{ policy: defaultPolicy, counts, evidenceFrom: 0, sealedTo: windows * windowLengthMs, attempt: 1 },
    ...{ isWarm, deadline: false, before: [], minutesBefore: [] },
  };
}

function folded(
  rows: readonly ArmRow[],
  patterns: readonly LogPattern[],
  fold: FoldContext,
  from: PatternsState = emptyPatterns,
): PatternsState {
  return foldPatternTiles(from, rows, { ...fold, patterns });
}

function concluded(
  state: PatternsState,
  patterns: readonly LogPattern[],
  fold: FoldContext,
): readonly Concluded[] {
  return concludePatterns(state, {
    ...{ fold, patterns: { ...fold, patterns }, instances: [], lateRows: [] },
  });
}

const at = (window: number): number => window * windowLengthMs;
const harmOf = ([first]: readonly Concluded[]): number => first?.logHarm ?? Number.NaN;

describe("evidence on log patterns", () => {
  const patterns = [logPattern("a"), logPattern("b"), logPattern("c")];

  test("is the same however late one looks, in any order of rows, on any number of shards", () => {
    const hits = fc.record({
      arm: fc.constantFrom("canary" as const, "baseline" as const),
      window: fc.integer({ min: 0, max: 11 }),
      id: fc.constantFrom("a", "b", "c"),
      instance: fc.integer({ min: 0, max: 2 }),
    });
    fc.assert(
      fc.property(
        fc.uniqueArray(hits, { selector: (hit) => JSON.stringify(hit), maxLength: 30 }),
        fc.integer({ min: 1, max: 1e6 }),
        fc.integer({ min: 1, max: 11 }),
        (all, order, firstLook) => {
          const rows = [
            ...traffic(12, 50, 150),
            ...all.map(({ arm, window, id, instance }) => hitRow(arm, at(window), id, 1, instance)),
          ];
          const once = folded(rows, patterns, contextOf(12));
          const random = seededRandom(order);
          const shuffled = rows
            .map((row) => ({ row, key: random.next() }))
            .sort((a, b) => a.key - b.key)
            .map(({ row }) => row);
          const early = folded(shuffled, patterns, contextOf(firstLook));
          const twice = folded(shuffled, patterns, contextOf(12), early);
          expect(twice.forms.map(({ id, weight }) => [id, weight])).toEqual(
            once.forms.map(({ id, weight }) => [id, weight]),
          );
          const [one, other] = [once, twice].map((state) =>
            concluded(state, patterns, contextOf(12)).map(({ logHarm }) => logHarm ?? 0),
          );
          one?.forEach((logHarm, i) => {
            expect(Math.abs(logHarm - (other?.[i] ?? Number.NaN))).toBeLessThan(1e-9);
          });
        },
      ),
      { numRuns: 60 },
    );
  });

  test("of two forms that turn out to be one pattern is that of their sum", () => {
    const rows = [...traffic(6, 50, 150), hitRow("canary", at(1), "a"), hitRow("canary", at(2), "b")];
    const asOne = [...traffic(6, 50, 150), hitRow("canary", at(1), "a"), hitRow("canary", at(2), "a")];
    const joined = [logPattern("a", { ids: ["a", "b"] })];
    const fold = contextOf(6);
    const together = concluded(folded(rows, joined, fold), joined, fold);
    expect(together).toHaveLength(1);
    expect(harmOf(together)).toBeCloseTo(harmOf(concluded(folded(asOne, patterns, fold), patterns, fold)), 9);
  });

  test("counts what one instance logs in one window as one burst", () => {
    const fold = contextOf(6);
    const harm = (hits: number): number => {
      const rows = [...traffic(6, 50, 150), hitRow("canary", at(1), "a", hits)];
      return harmOf(concluded(folded(rows, patterns, fold), patterns, fold));
    };
    expect(harm(1)).toBeGreaterThan(0);
    expect(harm(40)).toBeCloseTo(harm(1), 9);
  });

  test("counts what one of several canary instances alone shows as one burst, unless it is fatal", () => {
    const fold = contextOf(8);
    const harm = (instances: readonly number[], change: Partial<LogPattern> = {}): number => {
      const both = Array.from({ length: 8 }, (_, window) => requestRow("canary", at(window), 50, 1));
      const hits = instances.map((instance, window) => hitRow("canary", at(window), "a", 1, instance));
      const one = [logPattern("a", change)];
      return harmOf(concluded(folded([...traffic(8, 50, 300), ...both, ...hits], one, fold), one, fold));
    };
    expect(harm([0, 0, 0, 0, 0, 0])).toBeCloseTo(harm([0]), 9);
    expect(harm([0, 1, 0, 1, 0, 1])).toBeGreaterThan(harm([0]) + 3);
    expect(harm([0, 0, 0, 0, 0, 0], { severity: 21 })).toBeGreaterThan(harm([0]) + 3);
  });

  test("leaves out what an instance logs while it warms up, unless no healthy start shows it", () => {
    const fold = contextOf(6, (row) => row.window >= at(3));
    const rows = [...traffic(6, 50, 150), hitRow("canary", at(1), "a"), hitRow("canary", at(2), "b")];
    expect(folded(rows, patterns, fold).forms).toEqual([]);
    const fatal = [logPattern("a", { severity: 21 }), logPattern("b", { signatures: ["no-such-rule"] })];
    expect(folded(rows, fatal, fold).forms.map(({ id }) => id)).toEqual(["a"]);
    expect(folded(rows, fatal, fold).canary).toEqual([{ instanceId: 200, n: 150 }]);
  });

  test("has no atom where the baseline showed the pattern before the canary came", () => {
    const rows = [...traffic(6, 50, 150), ...[1, 2, 3, 4].map((window) => hitRow("canary", at(window), "a"))];
    const fold = contextOf(6);
    const before = patternsBefore([hitRow("baseline", at(-3), "a", 2)]);
    const known = folded(rows, patterns, fold, { ...emptyPatterns, before });
    expect(harmOf(concluded(known, patterns, fold))).toBeLessThan(
      harmOf(concluded(folded(rows, patterns, fold), patterns, fold)),
    );
    expect(known.forms[0]?.weight).toBe(patternWeight("error", true, 1));
  });

  test("is held against log records where a version serves no requests", () => {
    const records = (arm: "canary" | "baseline", n: number): ArmRow => {
      const { row } = requestRow(arm, at(1), 0);
      return {
        arm,
        row: {
          ...row,
          measure: { kind: "logs" },
          sample: { kind: "logs", traces: [], untracedLines: 0, records: n },
        },
      };
    };
    const rows = [records("canary", 30), records("baseline", 90), hitRow("canary", at(1), "a")];
    const state = folded(rows, patterns, contextOf(6));
    expect(state.canary).toEqual([{ instanceId: 200, n: 30 }]);
    expect(state.forms[0]?.evidence.canaryX).toBe(1);
  });

  test("of forms that are not told apart is not gathered, and that there are such is kept", () => {
    const rows = [...traffic(6, 50, 150), hitRow("canary", at(1), "a", 9)];
    const state = folded(rows, [logPattern("a", { template: "<other> ERROR" })], contextOf(6));
    expect(state).toMatchObject({ forms: [], overflowed: true });
  });

  test("of lines below WARN that hit no known failure is not gathered", () => {
    const rows = [...traffic(6, 50, 150), hitRow("canary", at(1), "a"), hitRow("canary", at(1), "b")];
    const quiet = [
      logPattern("a", { severity: 9 }),
      logPattern("b", { severity: 9, signatures: ["conn-refused"] }),
    ];
    expect(folded(rows, quiet, contextOf(6)).forms.map(({ id }) => id)).toEqual(["b"]);
  });
});

describe("more patterns than are judged", () => {
  const many = Array.from({ length: 40 }, (_, i) => logPattern(String(1000 + i)));
  const rows = [
    ...traffic(6, 50, 150),
    ...many.flatMap(({ id }) => [1, 2, 3].map((window) => hitRow("canary", at(window), id))),
  ];
  const state = folded(rows, many, contextOf(6));

  test("are counted, and those of another kind still find their place", () => {
    expect(state.forms).toHaveLength(patternsPerClass);
    expect(state.unjudged).toBe(many.length - patternsPerClass);
    const later = [...traffic(7, 50, 150), hitRow("canary", at(6), "fatal")];
    const fatal = [...many, logPattern("fatal", { severity: 21 })];
    const next = folded(later, fatal, contextOf(7), state);
    expect(next.forms.at(-1)).toMatchObject({ id: "fatal", rank: 1 });
  });

  test("that differ are shown up to a limit, the rest is counted", () => {
    const all = concluded(state, many, contextOf(6));
    const { findings, hidden } = shownFindings(all);
    expect(findings).toHaveLength(patternsShown);
    expect(hidden).toBe(patternsPerClass - patternsShown);
  });

  test("never spend more than the patterns' weight", () => {
    const ranks = Array.from({ length: 10_000 }, (_, i) => i + 1);
    const spent = (["failure", "error", "other"] as const).flatMap((kind) =>
      [true, false].flatMap((seen) => ranks.map((k) => patternWeight(kind, seen, k))),
    );
    expect(spent.reduce((sum, weight) => sum + weight, 0)).toBeLessThanOrEqual(0.1);
  });
});

describe("a canary that is like its baseline", () => {
  const windows = 24;
  const many = Array.from({ length: 60 }, (_, i) => logPattern(String(1000 + i), { exception: "E" }));

  /** Rare patterns that hit either arm by its share of the traffic. */
  function run(seed: number, canary: number, baseline: number) {
    const random = seededRandom(seed);
    const share = canary / (canary + baseline);
    const hits = many.flatMap(({ id }) =>
      Array.from({ length: random.poisson(1.5) }, () =>
        hitRow(random.next() < share ? "canary" : "baseline", at(random.integer(windows)), id),
      ),
    );
    return [...traffic(windows, canary, baseline), ...hits];
  }

  const mean = (weighted: readonly { readonly weight: number; readonly logE: number }[]): number => {
    const spent = weighted.reduce((sum, { weight }) => sum + weight, 0);
    return weighted.reduce((sum, { weight, logE }) => sum + weight * Math.exp(logE), 1 - spent);
  };

  const weightedOf = (all: readonly Concluded[]) =>
    all.map(({ signal, logHarm }) => ({ weight: signal.weight, logE: logHarm ?? 0 }));

  test.each([
    [5, 95],
    [25, 75],
    [50, 50],
  ])("and writes rare errors is not rolled back more often than alpha allows (%i against %i)", (c, b) => {
    const runs = 700;
    let rolledBack = 0;
    let suspected = 0;
    let sum = 0;
    for (let seed = 1; seed <= runs; seed += 1) {
      const rows = run(seed, c, b);
      let state = emptyPatterns;
      let value = 1;
      let waits = false;
      for (let to = 4; to <= windows; to += 4) {
        const since = state.foldedTo ?? 0;
        state = folded(
          rows.filter(({ row }) => row.window >= since),
          many,
          contextOf(to),
          state,
        );
        const all = concluded(state, many, contextOf(to));
        waits ||= suspectedPattern(all) !== null;
        value = mean(weightedOf(all));
        if (value >= 1 / (0.65 * 0.01)) {
          rolledBack += 1;
          break;
        }
      }
      sum += value;
      if (waits) suspected += 1;
    }
    expect(binomialAtLeast(suspected, runs, 0.1)).toBeGreaterThan(1e-3);
    expect(binomialAtLeast(rolledBack, runs, 0.65 * 0.01)).toBeGreaterThan(1e-3);
    expect(sum / runs).toBeLessThan(1.02);
  });

  test("would be, were patterns weighed in the order in which the canary shows them", () => {
    const runs = 300;
    let sum = 0;
    for (let seed = 1; seed <= runs; seed += 1) {
      const rows = run(seed, 5, 95);
      const state = folded(rows, many, contextOf(windows));
      const harm = new Map(
        concluded(state, many, contextOf(windows)).map(({ signal, logHarm }) => [signal.id, logHarm ?? 0]),
      );
      const shown = state.forms.filter(({ evidence }) => evidence.canaryX > 0);
      sum += mean(
        shown.map(({ id }, k) => ({
          weight: patternWeight("failure", false, k + 1),
          logE: harm.get(`log pattern ${id}`) ?? 0,
        })),
      );
    }
    expect(sum / runs).toBeGreaterThan(1.05);
  });
});
