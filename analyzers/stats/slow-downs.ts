/** Share of requests in each fine bin, ascending in duration, adding up to 1. */
type Shares = readonly number[];

/** Every request `bins` bins slower; a fractional move is split linearly; the last bin keeps what would leave. */
export function slowedDown(shares: Shares, bins: number): number[] {
  const whole = Math.floor(bins);
  const part = bins - whole;
  const last = shares.length - 1;
  const slowed = shares.map(() => 0);
  shares.forEach((share, i) => {
    const near = Math.min(i + whole, last);
    const far = Math.min(i + whole + 1, last);
    slowed[near] = (slowed[near] ?? 0) + share * (1 - part);
    slowed[far] = (slowed[far] ?? 0) + share * part;
  });
  return slowed;
}

/** Index of the first bin at which the cumulated share reaches q. */
export function binAtQuantile(shares: Shares, q: number): number {
  let sum = 0;
  for (let i = 0; i < shares.length; i += 1) {
    sum += shares[i] ?? 0;
    if (sum >= q) return i;
  }
  return shares.length - 1;
}

/** The log-excess over the q-quantile multiplied by `factor`: a tail that grows while the middle stays. */
export function tailStretched(shares: Shares, factor: number, q: number): number[] {
  const from = binAtQuantile(shares, q);
  const last = shares.length - 1;
  const stretched = shares.map((share, i) => (i <= from ? share : 0));
  for (let i = from + 1; i <= last; i += 1) {
    const to = from + factor * (i - from);
    const near = Math.min(Math.floor(to), last);
    const part = to - Math.floor(to);
    const share = shares[i] ?? 0;
    stretched[near] = (stretched[near] ?? 0) + share * (1 - part);
    const far = Math.min(near + 1, last);
    stretched[far] = (stretched[far] ?? 0) + share * part;
  }
  return stretched;
}

/** A part of all requests becomes slower than the 99.9 % quantile: time-outs, retries. */
export function timedOut(shares: Shares, part: number): number[] {
  const from = Math.min(binAtQuantile(shares, 0.999) + 1, shares.length - 1);
  const each = part / (shares.length - from);
  return shares.map((share, i) => share * (1 - part) + (i >= from ? each : 0));
}

/** One way of being slower and its weight in the mixture. */
export interface SlowDown {
  readonly shares: readonly number[];
  readonly weight: number;
}

const wholeShifts = [0.7, 1.2, 2, 3.3, 5.5, 9, 16, 30];
const stretchFrom = [0.5, 0.9, 0.95, 0.99];
const stretchFactors = [1.08, 1.15, 1.25, 1.4, 1.7, 2.2, 3, 5];
const timeOutParts = [0.0005, 0.002, 0.008, 0.03, 0.1];

/**
 * The 45 slow-downs of a frozen distribution that the evidence looks for: everything 3 % to 3.7 times slower (weight 0.40),
 * tails stretched above four quantiles (0.45), time-outs (0.15). `binsPerStep` converts steps of 2^(1/16) to bins.
 */
export function slowDowns(shares: Shares, binsPerStep: number): readonly SlowDown[] {
  const whole = wholeShifts.map((shift) => ({
    shares: slowedDown(shares, shift * binsPerStep),
    weight: 0.4 / wholeShifts.length,
  }));
  const stretches = stretchFrom.flatMap((q) =>
    stretchFactors.map((factor) => ({
      shares: tailStretched(shares, factor, q),
      weight: 0.45 / (stretchFrom.length * stretchFactors.length),
    })),
  );
  const timeOuts = timeOutParts.map((part) => ({
    shares: timedOut(shares, part),
    weight: 0.15 / timeOutParts.length,
  }));
  return [...whole, ...stretches, ...timeOuts];
}
