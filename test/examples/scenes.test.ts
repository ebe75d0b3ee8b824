import { describe, expect, it } from "vitest";
import { type Ending, otherwise, scenes } from "#examples/demo/scenes.ts";
import { matchRoute, routeName } from "#examples/shop/routes.ts";

const good = scenes.find(({ name }) => name === "good")?.announced;
const errors = scenes.find(({ name }) => name === "errors")?.announced;
const silent = scenes.find(({ name }) => name === "silent")?.announced;
if (good === undefined || errors === undefined || silent === undefined) throw new Error("a scene is missing");

const promoted: Ending = {
  as: "promoted",
  reasons: [{ code: "safe", text: "errors and latency are good enough" }],
  everPromote: true,
  canaryWeight: 100,
  climbed: [25, 50, 100],
};
const rolledBack: Ending = {
  as: "rolledBack",
  reasons: [{ code: "harm", text: "errors of POST /checkout: 2 % against 0.1 %" }],
  everPromote: false,
  canaryWeight: 0,
  climbed: [25, 0],
};

describe("a scene", () => {
  it("ended as announced only where end, weight, reason and name all fit", () => {
    expect(otherwise(good, promoted)).toBeNull();
    expect(otherwise(errors, rolledBack)).toBeNull();
    expect(otherwise(silent, { ...rolledBack, reasons: [{ code: "silence", text: "" }] })).toBeNull();
  });

  it.each<[string, Partial<Ending>]>([
    ["it did not end in time", { as: null }],
    ["it ended as promoted, not as rolledBack", { as: "promoted" }],
    ["a promote verdict was given on the way", { everPromote: true }],
    ["the router has the canary at 25 %, not at 0 %", { canaryWeight: 25 }],
    ['no reason is "harm"; there are: silence', { reasons: [{ code: "silence", text: "POST /checkout" }] }],
    ["no reason names POST /checkout", { reasons: [{ code: "harm", text: "errors of the service" }] }],
  ])("says what was otherwise: %s", (said, change) => {
    expect(otherwise(errors, { ...rolledBack, ...change })).toBe(said);
  });

  it("a promotion that left a step out is not as announced", () => {
    expect(otherwise(good, { ...promoted, climbed: [25, 100] })).toBe(
      "it climbed 25, 100 %, not 25, 50, 100 %",
    );
  });

  it("breaks only routes that the shop has", () => {
    const broken = scenes.flatMap(({ fault }) => [
      ...Object.keys(fault.failing),
      ...Object.keys(fault.slower),
      ...Object.keys(fault.unsent),
    ]);
    const known = broken.map((name) => {
      const [method = "", template = ""] = name.split(" ");
      const route = matchRoute(method, template);
      return route === null ? null : routeName(route);
    });
    expect(known).toEqual(broken);
    expect(broken.length).toBeGreaterThan(0);
  });
});
