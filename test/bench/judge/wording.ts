import { clopperPearson } from "./clopper-pearson.ts";
import type { Fired } from "./summary.ts";

/** "12 %", "0.4 %". */
export function sayPart(part: number): string {
  const percent = part * 100;
  return `${percent >= 10 || percent === 0 ? Math.round(percent) : Number(percent.toPrecision(2))} %`;
}

/** A count of replicates as a part with its exact 99 % interval. */
export function sayCount(k: number, n: number): string {
  if (n === 0) return "";
  const [low, high] = clopperPearson(k, n);
  return `${sayPart(k / n)} (${sayPart(low)} to ${sayPart(high)})`;
}

/** Found part, and the median where more than half is found: "100 % @ 40 s". */
export function sayFound({ count, median }: Fired, n: number): string {
  if (n === 0) return "";
  return median === null ? sayPart(count / n) : `${sayPart(count / n)} @ ${saySeconds(median)}`;
}

export function saySeconds(seconds: number): string {
  return seconds < 120 ? `${seconds} s` : `${Number((seconds / 60).toPrecision(3))} min`;
}

export function sayRatio(ratio: number | null): string {
  return ratio === null ? "" : `${ratio.toPrecision(3)}x`;
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

export function sayCost(amount: number, unit: string): string {
  return `${Number(amount.toPrecision(3)).toLocaleString("en-US")} ${unit}`;
}
