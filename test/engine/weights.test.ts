import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { defaultPolicy } from "#engine/policy.ts";
import { groupWeight, lateOperationSignals, planSignals } from "#engine/weights.ts";

const traffic = fc.array(fc.record({ operation: fc.string(), requests: fc.integer({ min: 1, max: 1e9 }) }), {
  maxLength: 80,
});

describe("the tree of weights", () => {
  test("never spends more than the whole, late operations included", () => {
    fc.assert(
      fc.property(traffic, fc.integer({ min: 0, max: 500 }), (operations, late) => {
        const planned = planSignals(defaultPolicy, operations, 200);
        const coming = Array.from({ length: late }, (_, at) =>
          lateOperationSignals(`late ${at}`, at + 1),
        ).flat();
        const spent = [...planned, ...coming].reduce((sum, { weight }) => sum + weight, 0);
        expect(spent).toBeLessThanOrEqual(1 - groupWeight.integrity + 1e-9);
      }),
    );
  });

  test("does not depend on the order in which operations were seen", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.record({ operation: fc.string(), requests: fc.integer({ min: 1, max: 1e6 }) }), {
          selector: ({ operation }) => operation,
          maxLength: 20,
        }),
        (operations) => {
          expect(planSignals(defaultPolicy, [...operations].reverse(), 200)).toEqual(
            planSignals(defaultPolicy, operations, 200),
          );
        },
      ),
    );
  });

  test("keeps the cap on signals and drops the quietest operations", () => {
    const operations = Array.from({ length: 300 }, (_, at) => ({
      operation: `GET /${at}`,
      requests: at + 1,
    }));
    const planned = planSignals(defaultPolicy, operations, 53);
    expect(planned.length).toBeLessThanOrEqual(53);
    expect(planned.some(({ operation }) => operation === "GET /299")).toBe(true);
    expect(planned.some(({ operation }) => operation === "GET /0")).toBe(false);
  });

  test("gives errors and latency of the service the most, and guards them alone", () => {
    const planned = planSignals(defaultPolicy, [{ operation: "GET /", requests: 5 }], 200);
    expect(planned.filter(({ guarded }) => guarded).map(({ id }) => id)).toEqual(["errors", "latency"]);
    expect(planned.find(({ id }) => id === "errors")?.weight).toBe(0.25);
  });
});
