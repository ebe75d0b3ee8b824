/** Stirling's series B_2k / (2k (2k-1)), exact to double precision from `stirlingSeriesFrom` on. */
const stirling = [
  1 / 12,
  -1 / 360,
  1 / 1260,
  -1 / 1680,
  1 / 1188,
  -691 / 360360,
  1 / 156,
  -3617 / 122400,
  43867 / 244188,
] as const;
/** From here on Stirling's series needs no more terms. */
export const stirlingSeriesFrom = 15;
const halfLogTwoPi = 0.918938533204672741780329736406;

/** Correction of Stirling's formula: ln Gamma(x) - [(x - 1/2) ln x - x + ln(2 pi)/2], for x >= 15. */
export function stirlingRest(x: number): number {
  const inverse = 1 / x;
  const square = inverse * inverse;
  let sum = 0;
  for (let i = stirling.length - 1; i >= 0; i -= 1) sum = sum * square + (stirling[i] ?? 0);
  return sum * inverse;
}

/** zeta(k) - 1 for k = 2, 3, ...: the Taylor series of ln Gamma around its zero at 2. */
function zetaLessOne(k: number): number {
  let sum = 0;
  for (let n = 2; n <= 12; n += 1) sum += n ** -k;
  const m = 13;
  return (
    sum +
    m ** (1 - k) / (k - 1) +
    m ** -k / 2 +
    (k * m ** (-k - 1)) / 12 -
    (k * (k + 1) * (k + 2) * m ** (-k - 3)) / 720 +
    (k * (k + 1) * (k + 2) * (k + 3) * (k + 4) * m ** (-k - 5)) / 30240 -
    (k * (k + 1) * (k + 2) * (k + 3) * (k + 4) * (k + 5) * (k + 6) * m ** (-k - 7)) / 1209600
  );
}
const taylor = Array.from({ length: 52 }, (_, i) => ((i % 2 === 0 ? 1 : -1) * zetaLessOne(i + 2)) / (i + 2));
const eulerGamma = 0.577215664901532860606512090082;

/** ln Gamma(2 + z) for |z| <= 1/2, without cancellation at the zeros 1 and 2. */
function aroundTwo(z: number): number {
  let sum = 0;
  for (let i = taylor.length - 1; i >= 0; i -= 1) sum = sum * z + (taylor[i] ?? 0);
  return z * (1 - eulerGamma) + z * z * sum;
}

/** ln Gamma(1 + a) for |a| <= 1/2, with all digits of a small a. */
export function logGammaOnePlus(a: number): number {
  return aroundTwo(a) - Math.log1p(a);
}

/** ln Gamma(x) for x > 0, relative error about 1e-15 (absolute at the zeros 1 and 2, where it is exact to rounding). */
export function logGamma(x: number): number {
  if (!(x > 0)) return x === 0 ? Infinity : NaN;
  if (x < 0.5) return logGamma(x + 1) - Math.log(x);
  if (x < 1.5) return logGammaOnePlus(x - 1);
  if (x <= 2.5) return aroundTwo(x - 2);
  if (x < stirlingSeriesFrom) {
    let product = 1;
    let y = x;
    while (y < stirlingSeriesFrom) {
      product *= y;
      y += 1;
    }
    return logGamma(y) - Math.log(product);
  }
  return (x - 0.5) * Math.log(x) - x + halfLogTwoPi + stirlingRest(x);
}

/** ln B(a, b), without cancellation where both are large. */
export function logBeta(a: number, b: number): number {
  const small = Math.min(a, b);
  const large = Math.max(a, b);
  if (large < stirlingSeriesFrom) return logGamma(small) + logGamma(large) - logGamma(small + large);
  const sum = small + large;
  if (small < stirlingSeriesFrom)
    return (
      logGamma(small) +
      (large - 0.5) * -Math.log1p(small / large) -
      small * Math.log(sum) +
      small +
      stirlingRest(large) -
      stirlingRest(sum)
    );
  return (
    (small - 0.5) * -Math.log1p(large / small) -
    large * Math.log1p(small / large) +
    halfLogTwoPi -
    0.5 * Math.log(large) +
    stirlingRest(small) +
    stirlingRest(large) -
    stirlingRest(sum)
  );
}
