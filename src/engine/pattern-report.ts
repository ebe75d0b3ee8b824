import type { PatternShown } from "#model/finding.ts";
import { formatInstant } from "#model/time.ts";

/** What a finding on a log pattern shows, as it is printed: times are RFC 3339. The same in the API and in a replay. */
export function patternReport(pattern: PatternShown) {
  return {
    ...pattern,
    failures: [...pattern.failures],
    firstSeen: formatInstant(pattern.firstSeen),
    lines: pattern.lines.map((line) => ({ ...line, at: formatInstant(line.at) })),
  };
}
