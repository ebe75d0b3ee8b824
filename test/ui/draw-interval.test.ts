import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { IntervalPoint } from "#model/analysis.ts";
import { drawInterval } from "#ui/draw-interval.ts";
import { richNow, richReport } from "#test/support/rich-report.ts";

const report = richReport();
const finding = report.analysis.findings.find(({ signal }) => signal === "latency p50")!;
const points = report.intervals.filter(({ signal }) => signal === "latency p50");
const draw = (drawn: readonly IntervalPoint[], change: Partial<typeof finding> = {}) =>
  drawInterval({ ...finding, ...change }, drawn, richNow, "s-1")?.text ?? null;

function numbers(text: string, attribute: string): number[] {
  const found = [...text.matchAll(new RegExp(` ${attribute}="([^"]*)"`, "g"))];
  return found.flatMap(([, value = ""]) => value.trim().split(/[ ,]+/).map(Number));
}

function labelHeights(text: string): number[] {
  const labels = [...text.matchAll(/<text\s+class="limit"[^>]*y="([\d.]+)"/g)];
  return labels.map(([, y]) => Number(y));
}

/** Vertical extents of the band at its first and last look. */
function bandHeights(text: string): readonly [number, number] {
  const corners = (/class="band"\s+points="([^"]*)"/.exec(text)?.[1] ?? "")
    .split(" ")
    .map((pair) => Number(pair.split(",")[1]));
  const half = corners.length / 2;
  return [corners.at(-1)! - corners[0]!, corners[half]! - corners[half - 1]!];
}

describe("the drawing of an interval", () => {
  it("narrows as the intervals do", () => {
    const [first, last] = bandHeights(draw(points)!);
    expect(last).toBeGreaterThan(0);
    expect(last).toBeLessThan(first / 3);
  });

  it("says in words what it shows: first and last interval, best guess and limits", () => {
    const text = draw(points)!;
    expect(text).toContain('role="img"');
    expect(text).toMatch(
      /<desc[^>]*>.*03:05:00 UTC it is 0\.\d+x to 1\.\d+x, best guess.*margin 1\.2x, tolerance 1\.05x/s,
    );
  });

  it("needs two looks that can be drawn", () => {
    expect(draw(points.slice(0, 1))).toBeNull();
    expect(draw(points.map((point) => ({ ...point, effect: Number.NaN })))).toBeNull();
    expect(draw([])).toBeNull();
  });

  it("keeps the names of two limits apart", () => {
    for (const [tolerance, margin] of [
      [1.1, 1.11],
      [1.1, 1.1],
      [1.05, 1.2],
    ]) {
      const heights = labelHeights(draw(points, { tolerance: tolerance!, margin: margin! })!);
      expect(heights).toHaveLength(2);
      expect(Math.abs(heights[0]! - heights[1]!)).toBeGreaterThanOrEqual(11.9);
    }
  });

  it("never leaves its frame and writes finite numbers only, whatever the intervals", () => {
    const ratio = fc.double({ min: 0, max: 1e9 });
    const look = fc.record({ effect: ratio, low: ratio, high: fc.double() });
    fc.assert(
      fc.property(fc.array(look, { maxLength: 20 }), (looks) => {
        const text = draw(looks.map((one, index) => ({ ...one, signal: "s", at: index * 5000 })));
        if (text === null) return;
        for (const value of ["points", "y1", "y2", "cy"].flatMap((name) => numbers(text, name))) {
          expect(value).toBeGreaterThanOrEqual(0);
          expect(value).toBeLessThanOrEqual(360);
        }
      }),
    );
  });
});
