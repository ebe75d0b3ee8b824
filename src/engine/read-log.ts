import { readTypes } from "#analyzers/logs/exceptions/read-exception.ts";
import { textsIn } from "#analyzers/logs/inner-texts.ts";
import { levelSeverity, severities } from "#analyzers/logs/level-severity.ts";
import { plainMessage, type Message } from "#analyzers/logs/message.ts";
import type { LogSource } from "#analyzers/logs/miner.ts";
import { fieldsOf, readLine } from "#analyzers/logs/read-body.ts";
import { isFields, readFields } from "#analyzers/logs/read-fields.ts";
import { findFailures } from "#analyzers/logs/signatures/find-failures.ts";
import type { Matcher } from "#analyzers/logs/signatures/matcher.ts";
import type { LogContent } from "./log-content.ts";
import type { LogView } from "./ports.ts";

/** What a record says that belongs to a pattern. */
export interface SaidInLog {
  readonly source: LogSource;
  readonly message: string;
  /** OTLP severity number, read from the level word where the sender gave none; 0 where it gave neither. */
  readonly severity: number;
  /** Places of the rules that it hits. */
  readonly failures: readonly number[];
  /** The whole record, not redacted. */
  readonly text: string;
}

interface ReadBody {
  readonly text: string;
  readonly message: Message;
  /** Texts that a structured body holds. */
  readonly inner: readonly string[];
}

const emptyBody: ReadBody = { text: "", message: plainMessage(""), inner: [] };

function bodyOf(value: unknown): ReadBody {
  if (value === null || value === undefined) return emptyBody;
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const fields = typeof value === "string" ? fieldsOf(value) : value;
  if (isFields(fields)) return { text, message: readFields(fields), inner: textsIn(fields) };
  return {
    text,
    message: typeof value === "string" ? readLine(value) : plainMessage(text),
    inner: textsIn(fields),
  };
}

interface Thrown {
  /** Types from the outermost to the root cause. */
  readonly types: string;
  /** What attributes say of it, "" where the body does. */
  readonly text: string;
}

/** The exception of a record: from its attributes, else from a body of several lines. */
function thrownIn(content: LogContent, body: ReadBody): Thrown | null {
  const type = content.attribute("exception.type");
  const message = content.attribute("exception.message");
  const stack = content.attribute("exception.stacktrace");
  if (type !== "" || stack !== "") {
    const types = readTypes(stack, { type, message }).join(" <- ");
    return { types, text: [type, message].filter((part) => part !== "").join(": ") };
  }
  const lines = body.text.includes("\n") ? body.text : body.inner.find((text) => text.includes("\n"));
  const types = lines === undefined ? [] : readTypes(lines, null);
  return types.length === 0 ? null : { types: types.join(" <- "), text: "" };
}

const first = (...texts: readonly string[]): string => texts.find((text) => text !== "") ?? "";

function sourceOf(content: LogContent, message: Message, exception: string): LogSource {
  return {
    logger: first(message.logger, content.scope()),
    event: first(content.event(), content.attribute("event.name"), message.event),
    template: first(content.attribute("log.record.template"), message.template),
    function: first(content.attribute("code.function.name"), content.attribute("code.function")),
    exception,
  };
}

/** The number that the sender gave, else what the level word stands for. */
function severityOf({ severity, content }: LogView, message: Message): number {
  return severity === 0 ? levelSeverity(first(content.level(), message.level)) : severity;
}

function saysNothing({ event, template, exception }: LogSource, text: string): boolean {
  return first(text, event, template, exception) === "";
}

/**
 * Reads a record as far as patterns need it; null for one that belongs to none: below WARN by its number, or without a
 * number and with no level word of WARN or above, no known failure and no exception, or that says nothing. A number below
 * WARN is believed and the body not read: most records are such, and to match them would cost many times what is done
 * with them else.
 */
export function readLog(log: LogView, matcher: Matcher): SaidInLog | null {
  if (log.severity !== 0 && log.severity < severities.warn) return null;
  const { content } = log;
  const body = bodyOf(content.body());
  const severity = severityOf(log, body.message);
  const inBody = findFailures(matcher, body.text, body.inner);
  const thrown = thrownIn(content, body);
  if (severity < severities.warn && inBody.length === 0 && thrown === null) return null;
  const told = thrown?.text ?? "";
  const message = first(body.message.text, told);
  const source = sourceOf(content, body.message, thrown?.types ?? "");
  if (saysNothing(source, body.text)) return null;
  return {
    source,
    message,
    severity,
    failures: told === "" ? inBody : inEither(inBody, matcher.find(told)),
    text: told === "" || body.text.includes(told) ? body.text : `${body.text} ${told}`,
  };
}

function inEither(a: readonly number[], b: readonly number[]): readonly number[] {
  return b.length === 0 ? a : [...new Set([...a, ...b])].sort((x, y) => x - y);
}
