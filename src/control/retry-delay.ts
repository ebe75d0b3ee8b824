/** First wait after a failed attempt. */
export const firstRetryMs = 250;
/** Waits double up to this. */
export const longestRetryMs = 10_000;

/**
 * Wait before the next attempt: doubling from 250 ms to 10 s with full jitter (Brooker, "Exponential backoff and jitter"), and no
 * sooner than the controller asked, but never later than 10 s: a rollback does not wait for politeness.
 * `attempts` made so far, at least 1; `random` in [0, 1).
 */
export function retryDelayMs(attempts: number, random: number, askedMs: number | null): number {
  const ceiling = Math.min(longestRetryMs, firstRetryMs * 2 ** Math.min(attempts - 1, 30));
  return Math.min(longestRetryMs, Math.max(Math.round(ceiling * random), askedMs ?? 0));
}
