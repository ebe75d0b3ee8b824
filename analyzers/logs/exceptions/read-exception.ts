import { LineScanner } from "#analyzers/logs/scan-line.ts";
import { cleanLine } from "#analyzers/logs/clean-text.ts";
import { templateText } from "#analyzers/logs/template-text.ts";
import { hashId } from "#analyzers/logs/text-hash.ts";
import { frameKey, isInApp, isMachinery } from "./frame-key.ts";
import { parseFrames, stackLimits, type Frames } from "./parse-frames.ts";

/** A failure as a program printed it. */
export interface Exception {
  /** Types from the outermost to the root cause, with the code that tells kinds of one type apart. */
  readonly types: readonly string[];
  /** Keys of the frames that count, nearest the throw first. */
  readonly frames: readonly string[];
  /** The template of the message of the outermost type. */
  readonly message: string;
  /** The same for the same failure in every build and process. */
  readonly fingerprint: string;
}

const mostFrames = 8;
const mostTypes = 8;

const typed =
  /^(?:Caused by: |Exception in thread "[^"]{0,120}" |Unhandled exception\. |Uncaught |PHP Fatal error: {1,2}Uncaught |Suppressed: | ?---> )?((?:[A-Za-z_$][\w$]{0,80}[.\\:]{1,2}){0,12}(?:[A-Za-z_$][\w$]{0,80})?(?:Error|Exception|Fault|Failure|Panic|Interrupt|Exit|Warning|Throwable|Rejection))(?: \[(\w{1,60})\])?(?::|\s|$)(.{0,400})/;
const rubyType = /^[A-Z]\w{0,80}(?:::[A-Z]\w{0,80}){0,5}$/;
const goPanic = /^panic: (.{0,400})/;
const rustPanic = /^thread '[^']{1,128}'(?: \(\d{1,10}\))? panicked at (.{0,400})/;
const codes =
  /\b(E[A-Z]{4,20}|SQLSTATE\[?\w{5}|HTTP[ /]?[45]\d\d|status(?: code)?:? [45]\d\d|code = [A-Z]\w{2,30}|ORA-\d{5}|P\d{4})\b/;

/** A type and what it says. */
export interface Headline {
  readonly type: string;
  readonly message: string;
}

/** `place: message (Type)`, as Ruby writes it. By places, since an expression would try each colon with each bracket. */
function rubyHeadline(line: string): Headline | null {
  const open = line.endsWith(")") ? line.lastIndexOf(" (") : -1;
  const type = open < 0 ? "" : line.slice(open + 2, -1);
  const colon = line.indexOf(": ");
  if (colon < 0 || colon >= open || !rubyType.test(type)) return null;
  return { type, message: line.slice(colon + 2, open) };
}

function headlineOf(line: string): Headline | null {
  const plain = typed.exec(line);
  if (plain !== null) return { type: plain[1] ?? "", message: `${plain[2] ?? ""} ${plain[3] ?? ""}`.trim() };
  const ruby = rubyHeadline(line);
  if (ruby !== null) return ruby;
  const go = goPanic.exec(line);
  if (go !== null) return { type: "panic", message: go[1] ?? "" };
  const rust = rustPanic.exec(line);
  return rust === null ? null : { type: "panic", message: rust[1] ?? "" };
}

/** Headlines from the outermost; Python prints the root cause first. */
function headlinesOf(text: string, isPython: boolean): readonly Headline[] {
  const lines = text.slice(0, stackLimits.chars).split("\n", stackLimits.lines);
  const found = lines.flatMap((line) => {
    const headline = line.length > stackLimits.lineChars ? null : headlineOf(line.trimEnd());
    return headline === null ? [] : [headline];
  });
  return (isPython ? found.reverse() : found).slice(0, mostTypes);
}

function typeName({ type, message }: Headline): string {
  const code = codes.exec(message)?.[1];
  return code === undefined ? type : `${type}(${code})`;
}

/** Frames that count: those of the service nearest the throw, all where it has none; recursion once. */
function countingFrames({ runtime, frames }: Frames): readonly string[] {
  const told = frames.filter((frame) => !isMachinery(frame));
  const own = told.filter((frame) => isInApp(runtime, frame));
  const keys: string[] = [];
  for (const frame of own.length > 0 ? own : told) {
    const key = frameKey(frame);
    if (key !== keys.at(-1)) keys.push(key);
    if (keys.length === mostFrames) break;
  }
  return keys;
}

const scanner = new LineScanner();

function messageTemplate(message: string): string {
  const text = cleanLine(message, stackLimits.lineChars);
  return templateText(scanner.scan(text).texts(text));
}

function typesOf(headlines: readonly Headline[], said: Headline | null): readonly string[] {
  const chain =
    said === null || said.type === ""
      ? headlines
      : [said, ...headlines.filter(({ type }) => type !== said.type)];
  return chain.map(typeName);
}

const pythonTraceback = "Traceback (most recent call last):";

/** The types of `readException` without reading a frame, at a small part of its cost; none where nothing names one. */
export function readTypes(text: string, said: Headline | null): readonly string[] {
  return typesOf(headlinesOf(text, text.includes(pythonTraceback)), said);
}

/**
 * The exception that a text shows, or null. `type` and `message` are what its record says beside the stack
 * (`exception.type`). The message counts only where no frame does, lines and columns never.
 */
export function readException(text: string, said: Headline | null): Exception | null {
  const frames = parseFrames(text);
  const headlines = headlinesOf(text, frames?.runtime === "python");
  const first = said !== null && said.type !== "" ? said : headlines[0];
  if (first === undefined && frames === null) return null;
  const types = typesOf(headlines, said);
  const keys = frames === null ? [] : countingFrames(frames);
  const message = messageTemplate(first?.message ?? "");
  const rest = keys.length > 0 ? keys : [message];
  return { types, frames: keys, message, fingerprint: hashId([...types, "", ...rest]) };
}

/** True when two exceptions share their types and differ in the function of one frame alone, at least 80 % of frames alike: renamed code. */
export function isVariant(a: Exception, b: Exception): boolean {
  if (a.types.join("\n") !== b.types.join("\n") || a.frames.length !== b.frames.length) return false;
  const other = a.frames.filter((key, at) => key !== b.frames[at]).length;
  return other === 1 && a.frames.length >= 5;
}
