import type { Accumulate } from "#engine/accumulate.ts";
import type { Interner } from "#engine/ports.ts";
import { windowLengthMs, type Instant } from "#model/time.ts";
import type { Random } from "#test/support/random.ts";
import { pointView } from "#test/support/views.ts";

/** How one version of one service behaves. */
export interface Behaviour {
  readonly kind: "healthy" | "failing" | "slow" | "neverSeen" | "dies";
  /** From this instant on it is silent. */
  readonly silentFrom: Instant;
  readonly errors: number;
  /** Shift of its durations by buckets of a factor of 2^(1/4). */
  readonly slower: number;
}

/** What one instance counted in one window, by answer. */
interface Count {
  readonly instance: string;
  readonly counts: readonly number[];
  readonly failed: readonly number[];
}

/** One export of one version: sent until it is acknowledged, perhaps late, perhaps twice. */
export interface Export {
  readonly key: string;
  readonly service: string;
  readonly version: string;
  readonly window: Instant;
  readonly counts: readonly Count[];
}

/** Shares of durations by bucket of scale 2, around 100 ms. */
const shape: readonly number[] = [0.04, 0.16, 0.32, 0.28, 0.14, 0.05, 0.01];
const firstBucket = -16;
const scale = 2;
export const instancesOf = 3;

/** Near enough to Poisson, and cheap for large means. */
function countOf(random: Random, mean: number): number {
  if (mean <= 0) return 0;
  return mean < 20 ? random.poisson(mean) : Math.max(0, Math.round(mean + Math.sqrt(mean) * random.normal()));
}

export function exportOf(
  random: Random,
  given: {
    readonly service: string;
    readonly version: string;
    readonly window: Instant;
    readonly requests: number;
    readonly behaviour: Behaviour;
  },
): Export | null {
  const { service, version, window, requests, behaviour } = given;
  if (behaviour.kind === "neverSeen" || window >= behaviour.silentFrom || requests === 0) return null;
  const counts = Array.from({ length: instancesOf }, (_, instance): Count => {
    const mean = requests / instancesOf;
    const ok = shape.map((share) => countOf(random, mean * share * (1 - behaviour.errors)));
    const failed = shape.map((share) => countOf(random, mean * share * behaviour.errors));
    const shift = Array.from({ length: behaviour.slower }, () => 0);
    return {
      instance: `${service}-${version}-${instance}`,
      counts: [...shift, ...ok],
      failed: [...shift, ...failed],
    };
  });
  return { key: `${service} ${version} ${window}`, service, version, window, counts };
}

/** Gives an export to the observer, as a decoder would. */
export function takeExport(sent: Export, accumulate: Accumulate, interner: Interner): void {
  for (const { instance, counts, failed } of sent.counts) {
    const resource = accumulate.resource(
      new Map([
        ["service.name", sent.service],
        ["service.version", sent.version],
        ["service.instance.id", instance],
        ["deployment.environment.name", "test"],
      ]),
    );
    takePoint({ counts, status: 200 });
    takePoint({ counts: failed, status: 500 });
    function takePoint(given: { readonly counts: readonly number[]; readonly status: number }): void {
      const sum = given.counts.reduce(
        (total, count, at) => total + count * 2 ** ((firstBucket + at + 0.5) / 4),
        0,
      );
      if (given.counts.every((count) => count === 0)) return;
      accumulate.point(
        pointView(interner, {
          resource,
          metric: "http.server.request.duration",
          unit: "s",
          type: "exponentialHistogram",
          temporality: 1,
          scale,
          start: sent.window,
          time: sent.window + windowLengthMs - 1,
          offset: firstBucket,
          counts: given.counts,
          sum,
          attributesHashLow: given.status,
          attributes: {
            "http.request.method": "GET",
            "http.route": "/products",
            "http.response.status_code": given.status,
          },
        }),
      );
    }
  }
}
