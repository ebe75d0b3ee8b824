import { describe, expect, test } from "vitest";
import {
  compareHygiene,
  hygieneParts,
  hygieneRules,
  hygieneShares,
  noHygieneCounts,
  type HygieneCounts,
} from "#analyzers/logs/hygiene.ts";
import { seededRandom } from "#test/support/random.ts";

const all = (records: number): HygieneCounts => ({
  records,
  withSeverity: records,
  withTrace: records,
  withServiceIdentity: records,
  parseableBody: records,
});
const conclusions = (baseline: HygieneCounts, canary: HygieneCounts) =>
  Object.fromEntries(compareHygiene(baseline, canary).map(({ part, conclusion }) => [part, conclusion]));
const fine = { severity: "open", trace: "open", serviceIdentity: "open", parseableBody: "open" };

describe("the hygiene of logs", () => {
  test("shares are of all records of the arm, and of no records there is none", () => {
    expect(hygieneShares({ ...all(200), withTrace: 50, parseableBody: 0 })).toEqual({
      severity: 1,
      trace: 0.25,
      serviceIdentity: 1,
      parseableBody: 0,
    });
    expect(hygieneShares(noHygieneCounts).severity).toBeNull();
  });

  test("a part that the canary lost is worse, and the others are not", () => {
    expect(conclusions(all(1000), { ...all(300), withTrace: 0 })).toEqual({ ...fine, trace: "worse" });
    expect(conclusions(all(5000), { ...all(5000), withSeverity: 4400 })).toEqual({
      ...fine,
      severity: "worse",
    });
    const rare = { ...all(5000), withTrace: 500 };
    expect(conclusions(rare, { ...rare, withTrace: 0 })).toEqual({ ...fine, trace: "worse" });
  });

  test("a gain, the same shares and a drop within the tolerance are no finding", () => {
    expect(conclusions({ ...all(5000), parseableBody: 100 }, all(5000))).toEqual(fine);
    expect(conclusions({ ...all(900), withTrace: 450 }, { ...all(9000), withTrace: 4500 })).toEqual(fine);
    const within = 1 - 0.9 * hygieneRules.tolerance;
    const slight = { ...all(1_000_000), withTrace: within * 1_000_000 };
    expect(conclusions(all(1_000_000), slight)).toEqual(fine);
  });

  test("too few records of an arm leave every part unknown, with the arm and the number", () => {
    const findings = compareHygiene(all(5000), { ...all(99), withTrace: 0 });
    expect(findings.map(({ conclusion }) => conclusion)).toEqual(hygieneParts.map(() => "unknown"));
    expect(findings[0]).toMatchObject({
      logEvidence: null,
      why: "the canary has 99 log records; 100 are needed",
    });
    expect(compareHygiene(noHygieneCounts, all(500))[0]!.why).toContain("the baseline has 0 log records");
  });

  test("random halves of one stream rarely show a drop, also where each statement writes three records", () => {
    const random = seededRandom(17);
    let wrong = 0;
    for (let run = 0; run < 1000; run += 1) {
      const arms = [0, 0].map(() => {
        let withTrace = 0;
        for (let burst = 0; burst < 300; burst += 1) if (random.next() < 0.6) withTrace += 3;
        return { ...all(900), withTrace };
      });
      if (compareHygiene(arms[0]!, arms[1]!).some(({ conclusion }) => conclusion === "worse")) wrong += 1;
    }
    expect(wrong).toBeLessThanOrEqual(10);
  });

  test("a drop that is there is found: the rule against false alarms does not hide it", () => {
    const findings = compareHygiene({ ...all(900), withTrace: 540 }, { ...all(900), withTrace: 270 });
    expect(findings.find(({ part }) => part === "trace")).toMatchObject({ conclusion: "worse" });
  });
});
