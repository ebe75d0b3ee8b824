import { logAddExp } from "./log-sum-exp.ts";

export interface WeightedLogE {
  /** Natural log of an e-value. */
  readonly logE: number;
  readonly weight: number;
}

/**
 * Closure of the weighted mean: for each i the least weighted mean over all subsets that hold i, as a log. Naming every i
 * whose value reaches ln(1/alpha) keeps the chance of any false name at alpha, whatever the dependence of the e-values, as long
 * as all are taken at one stopping time. The least mean is found greedily: adding an e-value lowers a mean exactly while it
 * is below it. Source: closed testing with the arithmetic mean (Vovk and Wang 2021), here with weights.
 */
export function closedWeightedMeans(values: readonly WeightedLogE[]): readonly number[] {
  const ascending = [...values.entries()].sort(([, a], [, b]) => a.logE - b.logE);
  return values.map((value, i) => {
    let logSum = value.logE + Math.log(value.weight);
    let weight = value.weight;
    for (const [at, other] of ascending) {
      if (at === i || other.weight === 0) continue;
      if (other.logE >= logSum - Math.log(weight)) break;
      logSum = logAddExp(logSum, other.logE + Math.log(other.weight));
      weight += other.weight;
    }
    return logSum - Math.log(weight);
  });
}
