import type { Operation } from "#engine/asking.ts";
import { seededRandom, type Random } from "#test/support/random.ts";
import { noFaults, type RouterFaults } from "./faulty-router.ts";
import type { Behaviour } from "./traffic.ts";

/** All that happens to one run, drawn from its seed. Times are milliseconds from the start. */
export interface Plan {
  readonly policy: Record<string, unknown>;
  readonly behaviours: Readonly<Record<string, { readonly v1: Behaviour; readonly v2: Behaviour }>>;
  readonly opens: readonly { readonly service: string; readonly atMs: number }[];
  readonly deeds: readonly {
    readonly service: string;
    readonly atMs: number;
    readonly deed: Operation["deed"];
  }[];
  /** Until then faults happen; after it everything works. */
  readonly chaosMs: number;
  readonly lookOffsetMs: number;
  readonly faults: RouterFaults;
  readonly outages: readonly { readonly fromMs: number; readonly toMs: number }[];
  readonly routerRestarts: readonly number[];
  readonly tampers: readonly { readonly service: string; readonly atMs: number; readonly weight: number }[];
  /** The process ends at any moment, saving or not. */
  readonly kills: readonly number[];
  /** Chance that the process ends at one save. */
  readonly crashShare: number;
  /** The process ends at exactly this save. */
  readonly crashAt: { readonly save: number; readonly side: "before" | "after" } | null;
  /** Longest time until an ended process is up again; 0: at once, and what was under way is tried again. */
  readonly restartMs: number;
  /** Shares of exports that come late or twice. */
  readonly late: number;
  readonly twice: number;
}

const basis = {
  name: "simulated",
  alpha: 0.02,
  beta: 0.2,
  warmUp: "0s",
  errors: { ceiling: 0.02, atMost: 10 },
  latency: { margin: 1.5, atMost: 3 },
  logs: { judged: false },
  operations: false,
  silence: { grace: "20s" },
  noData: { grace: "40s" },
};

const policies: readonly Record<string, unknown>[] = [
  {
    ...basis,
    settle: "5s",
    horizon: "150s",
    steps: [
      { weight: 10, dwell: "12s" },
      { weight: 30, dwell: "12s" },
      { weight: 60, dwell: "17s" },
    ],
  },
  {
    ...basis,
    settle: "10s",
    horizon: "120s",
    steps: [
      { weight: 20, dwell: "22s" },
      { weight: 50, dwell: "12s" },
    ],
    inconclusive: { then: "rollback" },
  },
  {
    ...basis,
    settle: "5s",
    horizon: "90s",
    steps: [{ weight: 25, dwell: "27s" }],
    promoteEarly: true,
    silence: { grace: "20s", then: "hold" },
  },
];

/** Nothing fails. */
export const quiet: Partial<Plan> = {
  faults: noFaults,
  outages: [],
  routerRestarts: [],
  tampers: [],
  kills: [],
  crashShare: 0,
  late: 0,
  twice: 0,
};

const chaosMs = 90_000;

export function planOf(seed: number): Plan {
  const random = seededRandom(seed + 1e9);
  const services = ["svc1", "svc2", "svc3"].slice(0, 1 + random.integer(3));
  const opens = services.map((service) => ({ service, atMs: 16_000 + random.integer(10_000) }));
  const again = some(random, 1, 0.3).map(() => ({
    service: pick(random, services),
    atMs: 60_000 + random.integer(30_000),
  }));
  const anyTime = (): number => 15_000 + random.integer(chaosMs - 15_000);
  return {
    policy: pick(random, policies),
    behaviours: Object.fromEntries(
      services.map((service) => [service, { v1: healthy(), v2: canary(random) }]),
    ),
    opens: [...opens, ...again],
    deeds: some(random, 3, 0.4).map(() => ({
      service: pick(random, services),
      atMs: anyTime(),
      deed: pick(random, ["hold", "hold", "resume", "resume", "resume", "abort", "promote"]),
    })),
    chaosMs,
    lookOffsetMs: 5000 + random.integer(5000),
    faults: faultsOf(random),
    outages: some(random, 2, 0.25).map(() => {
      const fromMs = anyTime();
      return { fromMs, toMs: fromMs + 5000 + random.integer(40_000) };
    }),
    routerRestarts: some(random, 2, 0.15).map(anyTime),
    tampers: some(random, 1, 0.08).map(() => ({
      service: pick(random, services),
      atMs: anyTime(),
      weight: random.integer(101),
    })),
    kills: some(random, 2, 0.2).map(anyTime),
    crashShare: pick(random, [0, 0, 0.005, 0.02]),
    crashAt: null,
    restartMs: pick(random, [1, 2000, 20_000]),
    late: pick(random, [0, 0.02, 0.1]),
    twice: pick(random, [0, 0.05, 0.3]),
  };
}

function faultsOf(random: Random): RouterFaults {
  const level = pick(random, [0, 0.05, 0.2]);
  if (level === 0) return noFaults;
  const lies = random.next() < 0.25 ? level : 0;
  return {
    unreachable: level * random.next(),
    refuse: (level * random.next()) / 4,
    hang: level * random.next(),
    loseAnswer: level * random.next() * 2,
    late: level * random.next(),
    staleRead: lies,
    echoRead: lies * random.next(),
    unreadable: random.next() < 0.2 ? level : 0,
  };
}

function healthy(): Behaviour {
  return { kind: "healthy", silentFrom: Infinity, errors: 0.002, slower: 0 };
}

function canary(random: Random): Behaviour {
  const like = healthy();
  switch (pick(random, ["healthy", "healthy", "healthy", "failing", "slow", "neverSeen", "dies"] as const)) {
    case "healthy":
      return like;
    case "failing":
      return { ...like, kind: "failing", errors: 0.08 };
    case "slow":
      return { ...like, kind: "slow", slower: 2 };
    case "neverSeen":
      return { ...like, kind: "neverSeen" };
    case "dies":
      return { ...like, kind: "dies", silentFrom: 1_700_000_000_000 + 35_000 + random.integer(60_000) };
  }
}

function pick<T>(random: Random, from: readonly T[]): T {
  return from[random.integer(from.length)]!;
}

/** Up to `most` of something, each with a chance. */
function some(random: Random, most: number, chance: number): readonly number[] {
  return Array.from({ length: most }, (_, at) => at).filter(() => random.next() < chance);
}
