/** Texts of a log record that only some need: decoded when asked for, each time, and only during the call that tells of the record. */
export interface LogContent {
  /** The body: a text, number or truth value, or items and fields of these. Cut at the decoder's limits (`isCut`); null where it is empty. */
  body(): unknown;
  /** True where a text of this record was cut when it was asked for. */
  readonly isCut: boolean;
  /** `severity_text`; "" where the record has none, as for the others. */
  level(): string;
  /** Name of the scope: the logger. */
  scope(): string;
  event(): string;
  /** A string attribute; "" where it is absent or no string. */
  attribute(name: LogAttribute): string;
  /** The trace id in hexadecimal; null where there is no valid one. */
  traceId(): string | null;
}

/** Log attributes that Haldane reads. */
export const logAttributes = [
  "event.name",
  "log.record.template",
  "code.function.name",
  "code.function",
  "exception.type",
  "exception.message",
  "exception.stacktrace",
] as const;
export type LogAttribute = (typeof logAttributes)[number];
