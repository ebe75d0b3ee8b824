import type { HygieneCounts, HygienePart } from "./hygiene.ts";
import { fieldsOf, readLine } from "./read-body.ts";
import { isFields, readFields, valueOf } from "./read-fields.ts";
import { readLogfmt } from "./read-logfmt.ts";

/** Where a record in JSON keeps its trace id and names its service. */
const traceKeys = ["trace_id", "traceId", "traceID", "TraceId", "trace.id", "dd.trace_id", "otel.trace_id"];
const serviceKeys = ["service.name", "service_name", "serviceName", "service", "app", "application"];

/** UTF-16 code units of a line of text that are looked at. */
const textChars = 4096;
const levelWord =
  /\b(?:TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|SEVERE|CRITICAL|FATAL)\b|\[(?:trace|debug|info|notice|warn|warning|error|crit|alert|emerg|fatal)\]|\b(?:level|lvl|severity)=/;
const traceText = /\btrace[_.-]?id["']?\s{0,2}[=:]\s{0,2}["']?[0-9a-f]{16,32}\b/i;
const serviceText = /\b(?:service(?:[._]?name)?|app(?:lication)?)=["']?\w/i;

function says(value: unknown): boolean {
  return (typeof value === "string" && value.trim() !== "") || typeof value === "number" || isFields(value);
}

/** Which parts of a structured record a line of a file carries: by its keys in JSON, else by what stands in the text. */
export function hygieneOf(body: string): Readonly<Record<HygienePart, boolean>> {
  const fields = fieldsOf(body);
  if (fields !== null)
    return {
      severity: readFields(fields).level !== "",
      trace: traceKeys.some((key) => says(valueOf(fields, key))),
      serviceIdentity: serviceKeys.some((key) => says(valueOf(fields, key))),
      parseableBody: true,
    };
  const text = body.slice(0, textChars);
  return {
    severity: readLine(body).level !== "" || levelWord.test(text),
    trace: traceText.test(text),
    serviceIdentity: serviceText.test(text),
    parseableBody: readLogfmt(text) !== null,
  };
}

/** Counts with one more record. */
export function addHygiene(counts: HygieneCounts, record: ReturnType<typeof hygieneOf>): HygieneCounts {
  return {
    records: counts.records + 1,
    withSeverity: counts.withSeverity + Number(record.severity),
    withTrace: counts.withTrace + Number(record.trace),
    withServiceIdentity: counts.withServiceIdentity + Number(record.serviceIdentity),
    parseableBody: counts.parseableBody + Number(record.parseableBody),
  };
}
