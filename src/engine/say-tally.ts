/** What each counted fact means and what to do about it. A name that is not listed is shown as it is. */
const sentences: Readonly<Record<string, string>> = {
  "unattributed.noServiceName": "records without service.name: set OTEL_SERVICE_NAME at the sender",
  "unattributed.noRevision":
    "records that name no version: set service.version, deployment.id or a pod-template hash",
  ambiguous:
    "records that fit several revisions and were left out: send a stronger name, such as deployment.id",
  late: "records that came after their window was sealed; kept apart and judged as one bucket",
  probes: "health checks and probes, left out of shares and durations",
  resets: "counters that started again",
  gaps: "gaps between delta points: data lost before it came here",
  overlaps: "delta points that overlap: two senders write one series; set service.instance.id",
  "overflow.patterns": "log lines past the limit on patterns, taken together by logger and level",
  "overflow.patternJoins": "log patterns that may be one, kept apart since the limits left no room to tell",
  "overflow.patternSeries":
    "log lines of patterns past the limit on series, counted among all logs of their instance only",
  "overflow.examples": "examples of log patterns that were not kept: the memory for them is used up",
  "cut.logBodies": "bodies of log records over 64 KiB or 1,024 values, of which the beginning was read",
  boundsChanged: "histograms whose bounds changed: a new series was started",
};

export function sayTally(name: string): string {
  const known = sentences[name];
  if (known !== undefined) return known;
  if (name.startsWith("rejected.")) return `records rejected: ${name.slice("rejected.".length)}`;
  if (name.startsWith("overflow."))
    return `more ${name.slice("overflow.".length)} than the limit allows; the rest is counted together`;
  return name;
}
