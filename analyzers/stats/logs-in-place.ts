/** Stretches by octave, and the octaves of the table: 2^-8 to 2^8. */
const stretchBits = 6;
const octaves = 8;
/** The high word of a double, less its last 14 bits, counts stretches upwards; this is where the table begins. */
const tableFrom = (1023 - octaves) << stretchBits;
const tableSize = (2 * octaves) << stretchBits;
const dropped = 20 - stretchBits;
/** ln of a point in each stretch, and one over that point. */
const pointLog = new Float64Array(tableSize);
const pointInverse = new Float64Array(tableSize);
for (let i = 0; i < tableSize; i += 1) {
  const stretch = i & (2 ** stretchBits - 1);
  // In the first stretch of an octave the point is its start, so that ln 1 is exactly 0.
  const point =
    2 ** ((i >> stretchBits) - octaves) * (1 + (stretch === 0 ? 0 : stretch + 0.5) / 2 ** stretchBits);
  pointLog[i] = Math.log(point);
  pointInverse[i] = 1 / point;
}

/** Which half of a double holds its exponent, on this machine. */
const highHalf = new Uint32Array(new Float64Array([1]).buffer)[1] === 0 ? 0 : 1;

/** Numbers that are worked on together; `words` sees the same memory. */
export interface NumberBatch {
  readonly values: Float64Array;
  readonly words: Int32Array;
}

export function numberBatch(length: number): NumberBatch {
  const values = new Float64Array(length);
  return { values, words: new Int32Array(values.buffer) };
}

/**
 * ln of value i, which is positive, to within 4e-16 absolute or relative: a table and a short series, several times as fast as
 * Math.log. Beyond [2^-8, 2^8) it falls back on that.
 */
function logAt({ values, words }: NumberBatch, i: number): number {
  const at = ((words[2 * i + highHalf] ?? 0) >>> dropped) - tableFrom;
  const value = values[i] ?? 1;
  const log = pointLog[at];
  if (log === undefined) return Math.log(value);
  const z = value * (pointInverse[at] ?? 1) - 1;
  const square = z * z;
  const high = 0.25 - z * 0.2 + square * (1 / 6 - z * (1 / 7) + square * 0.125);
  return log + (z - square * (0.5 - z * (1 / 3) + square * high));
}

/** Replaces the first `length` values, all positive, by their natural logarithms. */
export function logsInPlace(batch: NumberBatch, length: number): void {
  for (let i = 0; i < length; i += 1) batch.values[i] = logAt(batch, i);
}

/** Adds `times` the natural logarithm of each value to `into`, one value a place. */
export function addLogs(into: number[], batch: NumberBatch, times: number): void {
  for (let i = 0; i < into.length; i += 1) into[i] = (into[i] ?? 0) + times * logAt(batch, i);
}
