import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { referenceFunctions, type VectorInput } from "./functions.ts";

interface Vector {
  readonly id: string;
  readonly fn: string;
  readonly in: VectorInput;
  readonly out: unknown;
  readonly tol: { readonly rel?: number; readonly abs?: number; readonly exact?: number };
  readonly src: string;
}

const vectors = JSON.parse(readFileSync(new URL("vectors.json", import.meta.url), "utf8")) as Vector[];

function differs(got: unknown, wanted: unknown, tol: Vector["tol"]): boolean {
  if (typeof wanted === "number") {
    const allowed = (tol.rel ?? 0) * Math.abs(wanted) + (tol.abs ?? 0);
    return !(typeof got === "number" && Math.abs(got - wanted) <= allowed);
  }
  if (Array.isArray(wanted))
    return (
      !Array.isArray(got) || got.length !== wanted.length || wanted.some((w, i) => differs(got[i], w, tol))
    );
  if (typeof wanted !== "object" || wanted === null) return got !== wanted;
  return Object.entries(wanted).some(([key, w]) => differs((got as Record<string, unknown>)[key], w, tol));
}

describe("the arithmetic agrees with independent reference values", () => {
  it.each(vectors)("$id ($src)", (vector) => {
    const got = referenceFunctions[vector.fn]?.(vector.in);
    expect(differs(got, vector.out, vector.tol), `got ${JSON.stringify(got)}`).toBe(false);
  });

  it("every function that a vector names is there", () => {
    expect([...new Set(vectors.map(({ fn }) => fn))].filter((fn) => !(fn in referenceFunctions))).toEqual([]);
  });

  it("another label is noticed", () => {
    expect(differs("Pass", "High", { exact: 0 })).toBe(true);
  });

  it("a value off by twice its tolerance is noticed", () => {
    expect(differs(1 + 2e-9, 1, { rel: 1e-9 })).toBe(true);
  });
});
