/**
 * A distribution of durations or sizes, mergeable without loss inside one layout.
 *
 * `exponential`: OpenTelemetry's base-2 buckets, base = 2^(2^-scale); `counts[i]` holds values in
 * (base^(offset+i), base^(offset+i+1)]; `zeroCount` holds zeros. `counts` is empty or begins and ends with a non-zero count.
 * `explicit`: the sender's own upper bounds; `counts.length === bounds.length + 1`, the last up to +infinity.
 */
export type Histogram =
  | {
      readonly layout: "exponential";
      readonly unit: string;
      readonly scale: number;
      readonly zeroCount: number;
      readonly offset: number;
      readonly counts: readonly number[];
      readonly sum: number;
    }
  | {
      readonly layout: "explicit";
      readonly unit: string;
      readonly bounds: readonly number[];
      readonly counts: readonly number[];
      readonly sum: number;
    };

/** The finest resolution kept (decision 12): buckets 4.4 % wide. */
export const keptScale = 4;
