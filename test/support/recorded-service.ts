import { normalSf } from "#analyzers/stats/normal.ts";
import { seededRandom, type Random } from "#test/support/random.ts";

/** One side of a recorded service. Times in seconds from the start of the recording. */
export interface RecordedArm {
  readonly version: string;
  readonly instances: number;
  readonly rps: number;
  /** Error share at a time. */
  readonly errors: (second: number) => number;
  /** Median in seconds at a time; lognormal with the sigma below. */
  readonly median: (second: number) => number;
  /** Spread of ln error share between instances. */
  readonly tau: number;
  /** Spread of ln speed between instances. */
  readonly speedTau: number;
  /** First second in which it exports. */
  readonly from: number;
}

export interface RecordedService {
  readonly name: string;
  readonly canary: RecordedArm;
  readonly baseline: RecordedArm;
  readonly seconds: number;
  readonly intervalSeconds: number;
  readonly seed: number;
  readonly bounds?: readonly number[];
  readonly temporality?: 1 | 2;
}

/** The boundaries that the semantic conventions advise for http.server.request.duration, in seconds. */
export const adviceBounds = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

export const recordingStart = 1_750_000_000;

/** Spread of the ln of durations. */
const sigma = 0.5;

interface TimedText {
  readonly at: number;
  readonly text: string;
}

/** Lines of OTLP JSON in order of time: each instance exports its http.server.request.duration at its own phase. */
export function recordedLines(services: readonly RecordedService[]): readonly string[] {
  const lines = services.flatMap((service) => {
    const random = seededRandom(service.seed);
    return [...armLines(service, service.baseline, random), ...armLines(service, service.canary, random)];
  });
  return lines.sort((a, b) => a.at - b.at || (a.text < b.text ? -1 : 1)).map(({ text }) => text);
}

function armLines(service: RecordedService, arm: RecordedArm, random: Random): readonly TimedText[] {
  const lines: TimedText[] = [];
  for (let instance = 0; instance < arm.instances; instance += 1) {
    const errorFactor = Math.exp(arm.tau * random.normal());
    const speedFactor = Math.exp(arm.speedTau * random.normal());
    const phase = random.next() * service.intervalSeconds;
    const state = new Map<string, { counts: number[]; sum: number }>();
    for (let end = arm.from + phase; end <= service.seconds; end += service.intervalSeconds) {
      const length = Math.min(service.intervalSeconds, end - arm.from);
      const n = random.poisson((arm.rps / arm.instances) * length);
      const p = Math.min(0.9, arm.errors(end - length / 2) * errorFactor);
      const bad = random.binomial(n, p);
      const median = arm.median(end - length / 2) * speedFactor;
      if (service.temporality === 1) state.clear();
      add(state, "200", n - bad, median, service, random);
      add(state, "500", bad, median, service, random);
      lines.push(
        line(service, arm, {
          instance,
          start: service.temporality === 1 ? end - length : arm.from,
          end,
          state,
        }),
      );
    }
  }
  return lines;
}

/** Adds n lognormal durations to a point: bucket by bucket, each a binomial of what the buckets below left over. */
// eslint-disable-next-line @typescript-eslint/max-params -- the six facts of one batch of durations
function add(
  state: Map<string, { counts: number[]; sum: number }>,
  status: string,
  n: number,
  median: number,
  service: RecordedService,
  random: Random,
): void {
  if (n === 0 && !state.has(status)) return;
  const bounds = service.bounds ?? adviceBounds;
  const point = state.get(status) ?? { counts: Array.from({ length: bounds.length + 1 }, () => 0), sum: 0 };
  let left = n;
  let above = 1;
  let below = 0;
  for (const [at, bound] of [...bounds, Infinity].entries()) {
    const over = normalSf(Math.log(bound / median) / sigma);
    const count =
      over >= above || left === 0 ? 0 : random.binomial(left, Math.min(1, (above - over) / above));
    point.counts[at]! += count;
    point.sum += (count * (below + Math.min(bound, 2 * below))) / 2;
    left -= count;
    above = over;
    below = bound;
  }
  state.set(status, point);
}

function nanos(second: number): string {
  return `${BigInt(Math.round((recordingStart + second) * 1000)) * 1_000_000n}`;
}

function line(
  service: RecordedService,
  arm: RecordedArm,
  given: {
    instance: number;
    start: number;
    end: number;
    state: Map<string, { counts: number[]; sum: number }>;
  },
): TimedText {
  const attribute = (key: string, value: string) => ({ key, value: { stringValue: value } });
  const [namespace, name] = service.name.split("/");
  const dataPoints = [...given.state.entries()].map(([status, { counts, sum }]) => ({
    attributes: [
      attribute("http.request.method", "GET"),
      attribute("http.route", "/items"),
      { key: "http.response.status_code", value: { intValue: status } },
    ],
    startTimeUnixNano: nanos(given.start),
    timeUnixNano: nanos(given.end),
    count: String(counts.reduce((total, count) => total + count, 0)),
    sum,
    bucketCounts: counts.map(String),
    explicitBounds: service.bounds ?? adviceBounds,
  }));
  const text = JSON.stringify({
    resourceMetrics: [
      {
        resource: {
          attributes: [
            attribute("service.namespace", namespace ?? ""),
            attribute("service.name", name ?? ""),
            attribute("service.version", arm.version),
            attribute("service.instance.id", `${arm.version}-${given.instance}`),
            attribute("deployment.environment.name", "prod"),
          ],
        },
        scopeMetrics: [
          {
            scope: { name: "recorder" },
            metrics: [
              {
                name: "http.server.request.duration",
                unit: "s",
                histogram: { aggregationTemporality: service.temporality ?? 2, dataPoints },
              },
            ],
          },
        ],
      },
    ],
  });
  return { at: given.end, text };
}
