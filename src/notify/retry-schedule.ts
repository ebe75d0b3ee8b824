/**
 * Waits after each failed attempt: the schedule that Standard Webhooks proposes (5 s to 24 h over three days), shortened to one
 * working day, since a verdict that is older is no news.
 */
const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
export const retryWaitsMs: readonly number[] = [
  5 * second,
  30 * second,
  2 * minute,
  10 * minute,
  30 * minute,
  hour,
  2 * hour,
  4 * hour,
  8 * hour,
];

/** After so many attempts in a row a notification is given up; it stays in the log and can be replayed. */
export const attemptsMost = retryWaitsMs.length + 1;

/** A receiver may ask for a longer wait, up to this. */
export const askedWaitMostMs = 24 * hour;

/**
 * Wait after `attempts` failed ones (at least 1), up to a tenth longer by `random` in [0, 1) so that receivers that come back are not met
 * by all at once, and no shorter than the receiver asked. Null: give up.
 */
export function nextWaitMs(attempts: number, random: number, askedMs: number | null): number | null {
  const wait = retryWaitsMs[attempts - 1];
  if (wait === undefined) return null;
  return Math.max(Math.round(wait * (1 + random / 10)), Math.min(askedMs ?? 0, askedWaitMostMs));
}
