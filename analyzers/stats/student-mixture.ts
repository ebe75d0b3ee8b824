import { studentSf } from "./student-t.ts";

/** A t statistic of n independent units with its degrees of freedom, and the prior's size in units. */
export interface StudentQuestion {
  readonly t: number;
  readonly degrees: number;
  readonly n: number;
  /** Prior of the effect over the unknown spread: N(0, 1 / prior). 1 = unit information. */
  readonly prior: number;
}

/**
 * ln of the scale-invariant t mixture against "no effect", two-sided, for a spread that is unknown:
 * ln(r)/2 + (nu + 1)/2 [ln(1 + t^2/nu) - ln(1 + r t^2/nu)], r = prior / (prior + n). A martingale in n under normal units.
 * Source: Lai 1976; Lindon, Ham, Tingley, Bojinov 2022 (anytime-valid linear models).
 */
export function studentMixtureLogE({ t, degrees, n, prior }: StudentQuestion): number {
  const r = prior / (prior + n);
  const square = (t * t) / degrees;
  return 0.5 * Math.log(r) + 0.5 * (degrees + 1) * (Math.log1p(square) - Math.log1p(r * square));
}

/**
 * The same against "no effect or a smaller one": the prior kept to positive effects, which multiplies by twice the
 * posterior chance of a positive one, P(T_(nu+1) <= t sqrt((1 - r)(nu + 1) / (nu + r t^2))). Valid for
 * every effect <= 0, because the ratio of noncentral t densities rises with t.
 */
export function positiveStudentMixtureLogE(question: StudentQuestion): number {
  const { t, degrees, n, prior } = question;
  const r = prior / (prior + n);
  const z = t * Math.sqrt(((1 - r) * (degrees + 1)) / (degrees + r * t * t));
  return studentMixtureLogE(question) + Math.LN2 + Math.log(studentSf(-z, degrees + 1));
}
