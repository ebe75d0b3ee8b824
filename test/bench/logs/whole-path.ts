import { Accumulate } from "#engine/accumulate.ts";
import { visitProtobuf } from "#ingest/otlp/protobuf/visit.ts";
import { BoundedInterner } from "#model/interner.ts";
import { requestTypes, type PlainMessage } from "#test/support/otlp-oracle.ts";
import { BackWriter } from "../back-writer.ts";

/** What the records of a request are like. */
export interface RecordKind {
  readonly name: string;
  /** OTLP severity number of the record at a place. */
  readonly severity: (at: number) => number;
  readonly body: (line: string) => string;
}

const plain = (line: string): string => line;

export const recordKinds: readonly RecordKind[] = [
  { name: "all INFO", severity: () => 9, body: plain },
  { name: "one in twenty ERROR, else INFO", severity: (at) => (at % 20 === 0 ? 17 : 9), body: plain },
  { name: "all ERROR", severity: () => 17, body: plain },
  { name: "no severity number", severity: () => 0, body: plain },
  {
    name: "all ERROR, bodies in JSON",
    severity: () => 17,
    body: (line) => JSON.stringify({ level: "error", msg: line, thread: "main", caller: "pay.go:12" }),
  },
];

const recordsEach = 200;
const firstNanos = 1_700_000_000_000_000_000n;
const now = 1_700_000_100_000;

const text = (key: string, stringValue: string): PlainMessage => ({ key, value: { stringValue } });

function recordOf(kind: RecordKind, line: string, at: number): PlainMessage {
  return {
    timeUnixNano: firstNanos + BigInt(at % recordsEach) * 1_000_000n,
    severityNumber: kind.severity(at),
    body: { stringValue: kind.body(line) },
    attributes: [text("thread.name", "main-1"), text("code.function.name", "run")],
    traceId: Uint8Array.from({ length: 16 }, (_, place) => (at * 7 + place * 31) & 255),
    spanId: new Uint8Array(8).fill(3),
  };
}

/** Requests of 200 records each, with the lines as bodies. */
function bodiesOf(kind: RecordKind, lines: readonly string[]): readonly Uint8Array[] {
  const writer = new BackWriter("ascending");
  const names = { "service.name": "checkout", "service.version": "1.4.2", "service.instance.id": "pod-a" };
  const resource = { attributes: Object.entries(names).map(([key, value]) => text(key, value)) };
  return Array.from({ length: Math.ceil(lines.length / recordsEach) }, (_, group) => {
    const from = group * recordsEach;
    const logRecords = lines
      .slice(from, from + recordsEach)
      .map((line, at) => recordOf(kind, line, from + at));
    const scopeLogs = [{ scope: { name: "com.example.checkout" }, logRecords }];
    return writer.encode(requestTypes.logs, { resourceLogs: [{ resource, scopeLogs }] });
  });
}

/** Takes the lines from the bytes of OTLP requests to rows that are ready to be written, again at each call. */
export function wholePath(kind: RecordKind, lines: readonly string[]): () => void {
  const bodies = bodiesOf(kind, lines);
  const accumulate = new Accumulate({ interner: new BoundedInterner(), loadSample: () => null });
  return () => {
    for (const bytes of bodies) {
      accumulate.begin(now);
      if (!visitProtobuf("logs", bytes, accumulate).ok) throw new Error("a request was not read");
    }
    if (accumulate.drain().samples.length === 0) throw new Error("nothing was counted");
  };
}
