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
  /** Connections open at once; one more is closed at once. */
  readonly connections: number;
  /** Size of the request line and headers; beyond it 431. */
  readonly headerBytes: number;
  /** From the first byte (or the connection) to the end of the headers; beyond it 408 and the connection is closed. */
  readonly headersTimeoutMs: number;
  /** From the end of the headers to the end of the body; beyond it 408 and the connection is closed. */
  readonly bodyTimeoutMs: number;
  /** How long, and how many bytes of, a body that was refused unread are waited for before its connection is closed. */
  readonly lingerMs: number;
  readonly lingerBytes: number;
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
  connections: 2000,
  headerBytes: 16_384,
  headersTimeoutMs: 10_000,
  bodyTimeoutMs: 10_000,
  lingerMs: 2000,
  lingerBytes: 4 * 1024 * 1024,
};
