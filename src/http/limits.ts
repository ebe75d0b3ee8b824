/** What the API takes before it says no. Every one can be set when the API is created, and every refusal is counted under its name. */
export interface HttpLimits {
  /** Largest request body; beyond it 413. */
  readonly bodyBytes: number;
  /** Longest `wait=`; a longer one is cut to this. */
  readonly waitMs: number;
  /** Long polls held open at once; one more is answered without waiting. */
  readonly waiting: number;
  /** Event streams open at once; one more is answered 503. */
  readonly listeners: number;
  /** Events kept for a slow reader, the newest of each analysis; the oldest goes first. */
  readonly pendingEvents: number;
  /** Most analyses in one list. */
  readonly listed: number;
  /** Size of a verdict answer: callers keep the last ten of them in their own records. */
  readonly verdictBytes: number;
  /** Pause between two signs of life on an event stream. */
  readonly heartbeatMs: number;
}

export const defaultHttpLimits: HttpLimits = {
  bodyBytes: 65_536,
  waitMs: 60_000,
  waiting: 500,
  listeners: 100,
  pendingEvents: 1000,
  listed: 500,
  verdictBytes: 1023,
  heartbeatMs: 15_000,
};
