/* eslint-disable @typescript-eslint/max-params -- a property over five numbers */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  carries,
  countServers,
  heaviest,
  orderMoves,
  planWeights,
  shareOf,
  type ArmServer,
  type Move,
  type PerArm,
} from "#control/haproxy-weights.ts";

const counts = fc.record({
  canary: fc.integer({ min: 1, max: 12 }),
  baseline: fc.integer({ min: 1, max: 12 }),
});
const share = fc.double({ min: 0.0001, max: 0.9999, noNaN: true });
const weight = fc.integer({ min: 0, max: heaviest });
const servers = fc
  .array(fc.record({ arm: fc.constantFrom("canary", "baseline"), weight, up: fc.boolean() }), {
    minLength: 2,
    maxLength: 8,
  })
  .map((each): readonly ArmServer[] =>
    each.map((server, at) => ({ ...server, name: `s${at}`, inService: true })),
  )
  .filter((each) => each.some(({ arm }) => arm === "canary") && each.some(({ arm }) => arm === "baseline"));

/** The servers before, and after each single move. */
function states(
  before: readonly ArmServer[],
  groups: readonly (readonly Move[])[],
): readonly (readonly ArmServer[])[] {
  const seen = [before];
  for (const move of groups.flat()) {
    const last = seen.at(-1) ?? before;
    seen.push(last.map((each) => (each.name === move.server ? { ...each, weight: move.weight } : each)));
  }
  return seen;
}

function shareIn(state: readonly ArmServer[]): number {
  const sum = (arm: string): number =>
    state.filter((each) => each.arm === arm).reduce((total, each) => total + each.weight, 0);
  return sum("canary") / (sum("canary") + sum("baseline"));
}

function takesRequests(state: readonly ArmServer[]): boolean {
  return state.some((each) => each.up && each.weight > 0);
}

/** The first property of an order: a server takes requests at every moment. Given as a function so that a bad order can be tried on it. */
function dropsNothing(
  before: readonly ArmServer[],
  wanted: PerArm,
  order: typeof orderMoves = orderMoves,
): boolean {
  return states(before, order(before, wanted)).every(takesRequests);
}

describe("weights for a share", () => {
  test("no pair of whole weights comes closer", () => {
    fc.assert(
      fc.property(share, counts, (wanted, each) => {
        const error = Math.abs(shareOf(planWeights(wanted, each), each) - wanted);
        for (let canary = 1; canary <= heaviest; canary += 5) {
          for (let baseline = 1; baseline <= heaviest; baseline += 1) {
            const other = Math.abs(shareOf({ canary, baseline }, each) - wanted);
            if (other < error - 1e-9) return false;
          }
        }
        return true;
      }),
      { numRuns: 60 },
    );
  });

  test("the error is at most that of rounding the lighter weight beside 256", () => {
    fc.assert(
      fc.property(share, counts, (wanted, each) => {
        const ratio = (wanted * each.baseline) / ((1 - wanted) * each.canary);
        const lighter = heaviest * Math.min(ratio, 1 / ratio);
        fc.pre(lighter >= 1);
        const part = 0.5 / lighter;
        const bound = (wanted * (1 - wanted) * part) / (1 - part);
        expect(Math.abs(shareOf(planWeights(wanted, each), each) - wanted)).toBeLessThanOrEqual(
          bound + 1e-12,
        );
      }),
    );
  });

  test("a share above 0 and below 1 gives both arms weight; 0 and 1 give one arm all", () => {
    fc.assert(
      fc.property(share, counts, (wanted, each) => {
        const plan = planWeights(wanted, each);
        return [plan.canary, plan.baseline].every(
          (one) => Number.isInteger(one) && one >= 1 && one <= heaviest,
        );
      }),
    );
    const each = { canary: 2, baseline: 3 };
    expect(planWeights(0, each)).toStrictEqual({ canary: 0, baseline: 256 });
    expect(planWeights(1, each)).toStrictEqual({ canary: 256, baseline: 0 });
  });

  test.each([
    [0.25, 1, 1, 85, 255],
    [0.5, 1, 1, 256, 256],
    [0.05, 2, 3, 18, 228],
    [0.01, 1, 1, 2, 198],
    [0.25, 2, 6, 256, 256],
  ])("a share of %d with %i and %i servers is %i and %i", (wanted, canary, baseline, one, other) => {
    const plan = planWeights(wanted, { canary, baseline });
    expect(plan).toStrictEqual({ canary: one, baseline: other });
    expect(shareOf(plan, { canary, baseline })).toBeCloseTo(wanted, 3);
  });

  test("a server in maintenance is not counted, unless all of its arm are", () => {
    const one = { arm: "canary", weight: 1, up: false } as const;
    const all: readonly ArmServer[] = [
      { ...one, name: "c1", inService: false },
      { ...one, name: "c2", inService: true },
      { ...one, arm: "baseline", name: "b1", inService: false },
    ];
    expect(countServers(all)).toStrictEqual({ canary: 1, baseline: 1 });
  });
});

describe("order of commands", () => {
  test("requests find a server at every moment when they do before and after", () => {
    fc.assert(
      fc.property(servers, fc.double({ min: 0, max: 1, noNaN: true }), (before, wanted) => {
        const plan = planWeights(wanted, countServers(before));
        fc.pre(takesRequests(before) && carries(before, plan));
        return dropsNothing(before, plan);
      }),
    );
  });

  test("never are both arms at weight 0, whatever is up", () => {
    fc.assert(
      fc.property(servers, fc.double({ min: 0, max: 1, noNaN: true }), (each, wanted) => {
        const before = each.map((server) => ({ ...server, up: true }));
        fc.pre(takesRequests(before));
        return dropsNothing(before, planWeights(wanted, countServers(before)));
      }),
    );
  });

  test("an order that lowers first is caught: the check can fail", () => {
    const before: readonly ArmServer[] = [
      { name: "c", arm: "canary", weight: 256, inService: true, up: true },
      { name: "b", arm: "baseline", weight: 0, inService: true, up: true },
    ];
    const canaryFirst: typeof orderMoves = () => [
      [{ server: "c", weight: 0 }],
      [{ server: "b", weight: 256 }],
    ];
    expect(dropsNothing(before, { canary: 0, baseline: 256 }, canaryFirst)).toBe(false);
    expect(dropsNothing(before, { canary: 0, baseline: 256 })).toBe(true);
  });

  test("on the way the canary never has more than before or after", () => {
    fc.assert(
      fc.property(servers, fc.double({ min: 0, max: 1, noNaN: true }), (before, wanted) => {
        fc.pre(before.some((server) => server.weight > 0));
        const plan = planWeights(wanted, countServers(before));
        const seen = states(before, orderMoves(before, plan)).map(shareIn);
        const most = Math.max(seen[0] ?? 0, seen.at(-1) ?? 0);
        return seen.every((one) => Number.isNaN(one) || one <= most + 1e-12);
      }),
    );
  });

  test("a rollback takes the canary to 0 before anything else where the baseline takes requests", () => {
    fc.assert(
      fc.property(servers, (before) => {
        fc.pre(before.some(({ arm, up, weight }) => arm === "baseline" && up && weight > 0));
        const moves = orderMoves(before, { canary: 0, baseline: heaviest }).flat();
        const lowered = before.filter((each) => each.arm === "canary" && each.weight > 0).length;
        return moves.slice(0, lowered).every((move) => move.weight === 0);
      }),
    );
  });

  test("every server ends at its weight, and nothing is sent where all is set", () => {
    fc.assert(
      fc.property(servers, fc.double({ min: 0, max: 1, noNaN: true }), (before, wanted) => {
        const plan = planWeights(wanted, countServers(before));
        const after = states(before, orderMoves(before, plan)).at(-1) ?? [];
        expect(after.every((each) => each.weight === plan[each.arm])).toBe(true);
        expect(orderMoves(after, plan)).toStrictEqual([]);
      }),
    );
  });
});
