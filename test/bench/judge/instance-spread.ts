import type { SampleRow } from "#model/sample.ts";
import { binWidth } from "./duration-shape.ts";

/** Spread between healthy instances as a prior shrunk by those of the baseline, and the degrees of freedom behind it. */
export interface KnownSpread {
  readonly tau: number;
  readonly degrees: number;
}

const priorDegrees = 10;
/** Errors of each instance on average from which they say something. */
const errorsNeeded = 4;

interface Sums {
  n: number;
  x: number;
  logs: number;
  squares: number;
}

function byInstance(rows: readonly (readonly SampleRow[])[]): readonly Sums[] {
  const known = new Map<number, Sums>();
  for (const { instanceId, sample } of rows.flat()) {
    if (sample.kind !== "requests") continue;
    const sums = known.get(instanceId) ?? { n: 0, x: 0, logs: 0, squares: 0 };
    known.set(instanceId, sums);
    sums.n += sample.count;
    sums.x += sample.errors;
    if (sample.duration?.layout !== "exponential") continue;
    const { offset, counts } = sample.duration;
    counts.forEach((count, i) => {
      const log = (offset + i + 0.5) * binWidth;
      sums.logs += count * log;
      sums.squares += count * log * log;
    });
  }
  return [...known.values()];
}

function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function shrunk(tau0: number, own: number, instances: number): KnownSpread {
  const degrees = priorDegrees + instances - 1;
  return {
    tau: Math.sqrt((priorDegrees * tau0 * tau0 + (instances - 1) * Math.max(0, own)) / degrees),
    degrees,
  };
}

/** Relative spread of error shares between instances: what is beyond Poisson chance (method of moments). */
export function errorSpread(rows: readonly (readonly SampleRow[])[], tau0: number): KnownSpread {
  const instances = byInstance(rows);
  const errors = instances.map(({ x }) => x);
  const mean = average(errors);
  if (instances.length < 2 || mean < errorsNeeded) return { tau: tau0, degrees: priorDegrees };
  const squares = errors.reduce((sum, x) => sum + (x - mean) ** 2, 0);
  const own = (squares - mean * (errors.length - 1)) / ((errors.length - 1) * mean * mean);
  return shrunk(tau0, own, instances.length);
}

/** Spread of ln speed between instances: of their mean logarithms, less what chance adds. */
export function speedSpread(rows: readonly (readonly SampleRow[])[], tau0: number): KnownSpread {
  const instances = byInstance(rows).filter(({ n }) => n >= 30);
  if (instances.length < 2) return { tau: tau0, degrees: priorDegrees };
  const means = instances.map(({ logs, n }) => logs / n);
  const mean = average(means);
  const between = means.reduce((sum, one) => sum + (one - mean) ** 2, 0) / (means.length - 1);
  const chance = average(instances.map(({ squares, logs, n }) => (squares / n - (logs / n) ** 2) / n));
  return shrunk(tau0, between - chance, instances.length);
}
