import { defaultMinerLimits, type MinerBounds } from "#analyzers/logs/miner-limits.ts";

/** What standard error says of limits that were met; empty where none was, and groups then do not depend on the order of records. */
export function sayBounds(bounds: MinerBounds): readonly string[] {
  const limits = defaultMinerLimits;
  const said: readonly (readonly [count: number, text: string])[] = [
    [bounds.patterns, `records came past the limit of ${limits.patterns} patterns and are under <other>`],
    [
      bounds.skeletons,
      `new forms of known patterns came past the limit of ${limits.skeletons} and were not learnt from`,
    ],
    [
      bounds.holes,
      `patterns were not joined, because a pattern holds at most ${limits.holes} words that vary`,
    ],
    [bounds.openHoles, `places where words may vary were forgotten past the limit of ${limits.openHoles}`],
    [bounds.sources, `records came past the limit of ${limits.sources} loggers and events and are under one`],
  ];
  const lines = said.flatMap(([count, text]) =>
    count === 0 ? [] : [`haldane: limit met: ${count} ${text}`],
  );
  return lines.length === 0
    ? []
    : [...lines, "haldane: with another order of records some of them may be grouped otherwise"];
}
