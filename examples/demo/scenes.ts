import type { Release } from "#examples/shop/release.ts";

/** How a scene is announced to end, and what must be true of it for the announcement to have been kept. */
export interface Announcement {
  readonly as: "promoted" | "rolledBack";
  /** The code of the reason that must be among those of the verdict. */
  readonly reason: "safe" | "harm" | "silence";
  /** What the reasons must name, or null. */
  readonly names: string | null;
  readonly text: string;
}

/** One release to play. */
export interface Scene {
  readonly name: "good" | "errors" | "slow" | "logs" | "silent";
  readonly title: string;
  readonly fault: Omit<Release, "version">;
  /** Stop the canary's exporters this long after its first weight was confirmed; null: never. */
  readonly silentAfterMs: number | null;
  readonly announced: Announcement;
}

const sound = { failing: {}, slower: {}, unsent: {} };

export const scenes: readonly Scene[] = [
  {
    name: "good",
    title: "a sound release",
    fault: sound,
    silentAfterMs: null,
    announced: {
      as: "promoted",
      reason: "safe",
      names: null,
      text: "climbs 25, 50, 100 % and is promoted",
    },
  },
  {
    name: "errors",
    title: "2 % of POST /checkout fail, where 0.1 % did",
    fault: { ...sound, failing: { "POST /checkout": 0.02 } },
    silentAfterMs: null,
    announced: {
      as: "rolledBack",
      reason: "harm",
      names: "POST /checkout",
      text: "is rolled back for its errors",
    },
  },
  {
    name: "slow",
    title: "GET /products/:id is 40 % slower at the median",
    fault: { ...sound, slower: { "GET /products/:id": 1.4 } },
    silentAfterMs: null,
    announced: {
      as: "rolledBack",
      reason: "harm",
      names: "GET /products/:id",
      text: "is rolled back for its latency",
    },
  },
  {
    name: "logs",
    title: "its figures are fine; 3 % of POST /checkout log that no receipt could be sent",
    fault: { ...sound, unsent: { "POST /checkout": 0.03 } },
    silentAfterMs: null,
    announced: {
      as: "rolledBack",
      reason: "harm",
      names: "connect ECONNREFUSED",
      text: "is rolled back for a line in its logs that the stable version never wrote",
    },
  },
  {
    name: "silent",
    title: "it serves well, and its telemetry stops",
    fault: sound,
    silentAfterMs: 10_000,
    announced: {
      as: "rolledBack",
      reason: "silence",
      names: null,
      text: "is never promoted; held, then rolled back by the silence rule of the policy",
    },
  },
];

/** What a played scene came to. */
export interface Ending {
  readonly as: string | null;
  readonly reasons: readonly { readonly code: string; readonly text: string }[];
  /** True where a promote verdict was seen at any look. */
  readonly everPromote: boolean;
  /** Weight of the canary in the router at the end. */
  readonly canaryWeight: number;
  /** Weights of the canary that the router had in force, in order. */
  readonly climbed: readonly number[];
}

/** Null where the scene ended as announced, else what was otherwise. */
export function otherwise(announced: Announcement, ending: Ending): string | null {
  if (ending.as === null) return "it did not end in time";
  if (ending.as !== announced.as) return `it ended as ${ending.as}, not as ${announced.as}`;
  if (announced.as === "rolledBack" && ending.everPromote) return "a promote verdict was given on the way";
  const wantedWeight = announced.as === "promoted" ? 100 : 0;
  if (ending.canaryWeight !== wantedWeight) {
    return `the router has the canary at ${ending.canaryWeight} %, not at ${wantedWeight} %`;
  }
  if (announced.as === "promoted" && ![25, 50, 100].every((weight) => ending.climbed.includes(weight))) {
    return `it climbed ${ending.climbed.join(", ")} %, not 25, 50, 100 %`;
  }
  if (!ending.reasons.some((reason) => reason.code === announced.reason)) {
    return `no reason is "${announced.reason}"; there are: ${ending.reasons.map(({ code }) => code).join(", ")}`;
  }
  const { names } = announced;
  if (names !== null && !ending.reasons.some((reason) => reason.text.includes(names))) {
    return `no reason names ${names}`;
  }
  return null;
}
