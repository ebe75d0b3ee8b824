/** Every limit of the OTLP road, by name. Each is on by default; crossing one is answered or counted under that name. */
export interface OtlpLimits {
  /** Size of one body, both on the wire and decompressed: over it 413. */
  readonly bodyBytes: number;
  /** Nesting of AnyValue inside AnyValue: over it 400. */
  readonly anyValueDepth: number;
  /** Nesting of objects and arrays in a JSON body of over 64 KiB, unknown fields included: over it 400. */
  readonly jsonDepth: number;
  /** Values, objects and arrays in a JSON body of over 64 KiB: over it 413. Bounds the memory that its tree takes. */
  readonly jsonValues: number;
  /** Buckets, or bounds, of one histogram point: over it the point is rejected as `shape`. */
  readonly pointBuckets: number;
  /** Of the body of a log record, and of each other text of it, so much is read: beyond it `cut.logBodies`. */
  readonly logBodyBytes: number;
  /** Values in the body of a log record that are read: beyond it `cut.logBodies`. */
  readonly logBodyValues: number;
  /** Distinct resources whose handles are remembered; beyond it a resource is told again each time. */
  readonly cachedResources: number;
  /** Bytes of resources remembered for the comparison. */
  readonly cachedResourceBytes: number;
  /** Distinct attribute sets of metric points remembered by their bytes, and their bytes together; beyond them a set is read again. */
  readonly cachedAttributeSets: number;
  readonly cachedAttributeSetBytes: number;
  /** Bodies being read or waiting for their answer, together: over it 503 with Retry-After. */
  readonly bytesInFlight: number;
  /** From the end of the headers to the end of the body: over it 408 and the connection is closed. */
  readonly bodyTimeoutMs: number;
  /** How much of a body that was refused unread is dropped, within `bodyTimeoutMs`, before its connection is closed. */
  readonly lingerBytes: number;
  /** From the first byte to the end of the headers: over it 408 and the connection is closed. */
  readonly headersTimeoutMs: number;
  /** Size of the request line and headers: over it 431 and the connection is closed. */
  readonly headerBytes: number;
  /** Connections open at once: one more is closed at once. */
  readonly connections: number;
  /** What a refused sender is asked to wait. */
  readonly retryAfterSeconds: number;
}

export const defaultOtlpLimits: OtlpLimits = {
  bodyBytes: 64 * 1024 * 1024,
  anyValueDepth: 32,
  jsonDepth: 256,
  jsonValues: 2_000_000,
  pointBuckets: 4096,
  logBodyBytes: 65_536,
  logBodyValues: 1024,
  cachedResources: 10_000,
  cachedResourceBytes: 16 * 1024 * 1024,
  cachedAttributeSets: 50_000,
  cachedAttributeSetBytes: 16 * 1024 * 1024,
  bytesInFlight: 64 * 1024 * 1024,
  bodyTimeoutMs: 30_000,
  lingerBytes: 64 * 1024 * 1024,
  headersTimeoutMs: 10_000,
  headerBytes: 16_384,
  connections: 5000,
  retryAfterSeconds: 2,
};
