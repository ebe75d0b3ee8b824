import { evenGrid, logSpaced } from "#analyzers/stats/ratio-grid.ts";
import { sixty } from "./sixty.ts";

/** Input of a reference vector: values by name. */
export type VectorInput = Readonly<Record<string, unknown>>;

/** A number, also written as text: JSON has no infinities. */
export function numberOf(value: unknown, key: string): number {
  if (typeof value === "number") return value;
  if (typeof value === "string") {
    const text = value.trim().toLowerCase();
    if (/^\+?inf(inity)?$/.test(text)) return Infinity;
    if (/^-inf(inity)?$/.test(text)) return -Infinity;
    if (text === "nan") return NaN;
    if (text !== "" && Number.isFinite(Number(text))) return Number(text);
  }
  throw new Error(`vector input ${key}: ${JSON.stringify(value)} is not a number`);
}

export function num(input: VectorInput, key: string, absent?: number): number {
  const value = input[key];
  if ((value === undefined || value === null) && absent !== undefined) return absent;
  return numberOf(value, key);
}

const number = String.raw`(-?\d*\.?\d+(?:e[-+]?\d+)?)`;
const range = new RegExp(`^${number}\\.\\.${number}$`);
const squares = new RegExp(
  String.raw`v_i = ${number} \+ \(\(i\*(\d+)\) mod (\d+)\)\^2/${number}, i = (\d+)\.\.(\d+)`,
);

/** Lists that vectors write as text: "1..1000", "same as mwu-asym-60", and one formula. */
function spelledList(text: string, key: string): number[] | null {
  if (text === "same as mwu-asym-60") return [...(key === "y" ? sixty.y : sixty.x)];
  const ends = range.exec(text);
  if (ends !== null) {
    const from = Number(ends[1]);
    return Array.from({ length: Number(ends[2]) - from + 1 }, (_, i) => from + i);
  }
  const formula = squares.exec(text);
  if (formula === null) return null;
  const [plus, times, modulus, divisor, from, to] = formula.slice(1).map(Number);
  return Array.from({ length: to! - from! + 1 }, (_, at) => {
    const i = from! + at;
    return plus! + ((i * times!) % modulus!) ** 2 / divisor!;
  });
}

export function list(input: VectorInput, key: string): number[] {
  const value = input[key];
  if (Array.isArray(value)) return value.map((each) => numberOf(each, key));
  const spelled = typeof value === "string" ? spelledList(value, key) : null;
  if (spelled === null) throw new Error(`vector input ${key}: ${JSON.stringify(value)} is not a list`);
  return spelled;
}

const logSpacing = new RegExp(
  String.raw`^(\d+) log-spaced(?: points from)? (ln )?${number}(?: to |\.\.)(ln )?${number}$`,
);

/** "24 log-spaced points from ln 1.15 to ln 100" or "24 log-spaced .02..2", or the values themselves. */
export function spacedList(input: VectorInput, key: string, absent: readonly number[]): readonly number[] {
  const value = input[key];
  if (value === undefined) return absent;
  const spelled = typeof value === "string" ? logSpacing.exec(value) : null;
  if (spelled === null) return list(input, key);
  const end = (ln: string | undefined, text: string | undefined): number =>
    ln === undefined ? Number(text) : Math.log(Number(text));
  return logSpaced(end(spelled[2], spelled[3]), end(spelled[4], spelled[5]), Number(spelled[1]));
}

const stepping = new RegExp(`^${number}\\.\\.${number} step ${number}$`);

/** "-2..4 step 0.1", or the values themselves. */
export function gridList(input: VectorInput, key: string, absent: readonly number[]): readonly number[] {
  const value = input[key];
  if (value === undefined) return absent;
  const spelled = typeof value === "string" ? stepping.exec(value) : null;
  if (spelled === null) return list(input, key);
  const [low, high, step] = spelled.slice(1).map(Number);
  return evenGrid(low!, step!, Math.round((high! - low!) / step!) + 1);
}
