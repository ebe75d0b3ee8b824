import { studentUpperQuantile } from "#analyzers/stats/student-t.ts";
import { table } from "./wording.ts";

const pairs = [
  [1, 1],
  [1, 19],
  [2, 3],
  [3, 6],
  [3, 20],
  [10, 10],
] as const;
const weights = [
  ["the service, weight 0.25", 0.25],
  ["a weight of 0.5", 0.5],
  ["one of 40 operations, weight 0.003", 0.003],
] as const;
const spreads = [
  ["t, 10 degrees (the prior alone)", 10],
  ["t, 28 degrees", 28],
  ["known (normal)", 1e6],
] as const;
const kinds = [
  ["errors", 0.25, 1.1],
  ["latency", 0.06, 1.03],
] as const;
const alpha = 0.01;

/**
 * The ratio from which endless traffic would show harm: the tolerance times what instances explain but for a quarter of the
 * signal's alpha. Below it evidence grows for the part without instances only, as far as instances let it.
 */
export function floorTable(): string {
  return table(
    ["signal", "weight", "spread", ...pairs.map(([canary, baseline]) => `${canary} v ${baseline}`)],
    kinds.flatMap(([kind, tau, tolerance]) =>
      weights.flatMap(([weight, part]) =>
        spreads.map(([spread, degrees]) => {
          const reach = studentUpperQuantile((0.65 * alpha * part) / 4, degrees);
          return [
            kind,
            weight,
            spread,
            ...pairs.map(
              ([c, b]) => `${(tolerance * Math.exp(tau * Math.sqrt(1 / c + 1 / b) * reach)).toFixed(2)}x`,
            ),
          ];
        }),
      ),
    ),
  );
}
