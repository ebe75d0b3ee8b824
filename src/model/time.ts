/** Milliseconds since the Unix epoch. Fractions are kept where a sender gives nanoseconds. */
export type Instant = number;

/** The time bucket in which samples are kept, decision 6. */
export const windowLengthMs = 5000;

/** Start of the window that holds an instant. */
export function windowStart(at: Instant): Instant {
  return Math.floor(at / windowLengthMs) * windowLengthMs;
}

/** RFC 3339 in UTC with milliseconds. */
export function formatInstant(at: Instant): string {
  // eslint-disable-next-line no-restricted-globals -- formats a given instant; reads no clock
  return new Date(at).toISOString();
}

/** A duration for people: "45 s", "2 min", "1 h 5 min". */
export function formatDuration(durationMs: number): string {
  const seconds = Math.round(durationMs / 1000);
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const rest = minutes % 60;
  return rest === 0 ? `${Math.floor(minutes / 60)} h` : `${Math.floor(minutes / 60)} h ${rest} min`;
}
