/** What stood before the message of a line. */
export interface Peeled {
  readonly text: string;
  readonly level: string;
  readonly logger: string;
}

const zone = String.raw`(?: ?(?:Z|UTC|GMT|[+-]\d\d:?\d\d))?`;
const clock = String.raw`\d\d:\d\d(?::\d\d(?:[.,:]\d{1,9})?)?`;
/** Each begins at the start of the line and has bounded repeats only, so that it costs the same on every text. */
const stamps: readonly RegExp[] = [
  new RegExp(String.raw`^\[?\d{4}[-/.]\d\d[-/.]\d\d(?:[T ,_-]| {2})${clock}${zone}\]?`),
  new RegExp(String.raw`^\[?\d\d[-/.]\d\d[-/.]\d{2,4}[T ,_-]${clock}${zone}\]?`),
  new RegExp(String.raw`^[A-Z][a-z]{2} [ \d]\d ${clock}`),
  new RegExp(String.raw`^\[[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d ${clock}(?: \d{4})?\]`),
  new RegExp(String.raw`^\[\d\d/[A-Z][a-z]{2}/\d{4}:${clock}${zone}\]`),
  /^\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?=[ |\]])/,
];
const klog = /^([IWEF])\d{4} \d\d:\d\d:\d\d\.\d{1,9} {1,16}\d{1,10} [\w./-]{1,128}:\d{1,7}\] /;
const stream = /^ (?:stdout|stderr) [FP] /;
const level =
  /^[\s[(<|]{0,8}(TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|SEVERE|CRITICAL|FATAL|trace|debug|info|notice|warn|warning|error|critical|fatal|emerg|alert|crit)\b[\])>|: ]{1,8}/;
const processId = /^[\s]{0,8}\d{1,10} (?:--- )?/;
const thread = /^\s{0,8}\[[^\]\n]{1,128}\]\s{0,8}/;
const logger = /^[\s]{0,8}([A-Za-z_$][\w$]{0,63}(?:[.$/][\w$]{1,64}){1,16})\s{0,40}(?:-|:|\|) /;
const klogLevels: Readonly<Record<string, string>> = { I: "INFO", W: "WARN", E: "ERROR", F: "FATAL" };

function peelStamp(line: string): string | null {
  for (const stamp of stamps) {
    const match = stamp.exec(line);
    if (match !== null) return line.slice(match[0].length);
  }
  return null;
}

/**
 * Takes off what frameworks and container runtimes write before a message: a time, and after a time only a level, a process id, a
 * `[thread]` and a logger. A line that does not begin with a time stays as it is.
 */
export function peelPrefix(line: string): Peeled {
  const untouched = { text: line, level: "", logger: "" };
  const first = line.charCodeAt(0);
  // Digits, "[" and capitals only: most messages are told apart by their first letter.
  if (!((first >= 48 && first <= 57) || first === 91 || (first >= 65 && first <= 90))) return untouched;
  const kubernetes = klog.exec(line);
  if (kubernetes !== null)
    return {
      text: line.slice(kubernetes[0].length),
      level: klogLevels[kubernetes[1] ?? ""] ?? "",
      logger: "",
    };
  const stamped = peelStamp(line);
  if (stamped === null) return untouched;
  const inner = stream.exec(stamped);
  if (inner !== null) return peelPrefix(stamped.slice(inner[0].length));
  return peelRest(stamped);
}

function peelRest(stamped: string): Peeled {
  let rest = stamped;
  let found = "";
  let named = "";
  for (let turn = 0; turn < 6; turn += 1) {
    const match = (found === "" ? level.exec(rest) : null) ?? processId.exec(rest) ?? thread.exec(rest);
    if (match !== null) {
      found = match[1] ?? found;
      rest = rest.slice(match[0].length);
      continue;
    }
    const name = named === "" ? logger.exec(rest) : null;
    if (name === null) break;
    named = name[1] ?? "";
    rest = rest.slice(name[0].length);
  }
  const text = rest.trimStart();
  return text === "" ? { text: stamped, level: found, logger: named } : { text, level: found, logger: named };
}
