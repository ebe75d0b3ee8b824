import { z } from "zod";

const byRoute = z.record(z.string(), z.number().min(0));

/** One version of the shop and what is wrong with it: shares of failing calls and slow-downs, by route name. */
export const releaseSchema = z.strictObject({
  version: z.string().min(1),
  /** Share of calls of a route that fail; a route not named here fails at `baseFailureShare`. */
  failing: byRoute.default({}),
  /** Factor on the time of a route's work; 1.4 is 40 % slower. */
  slower: byRoute.default({}),
  /** Share of calls of a route that are answered well and fast, and whose receipt is not sent: only the log tells. */
  unsent: byRoute.default({}),
});

export type Release = z.output<typeof releaseSchema>;

/** Every route of every version fails this often: payment providers and databases are never perfect. */
export const baseFailureShare = 0.001;

export function failureShare(release: Release, route: string): number {
  return release.failing[route] ?? baseFailureShare;
}

export function unsentShare(release: Release, route: string): number {
  return release.unsent[route] ?? 0;
}

export function slowdown(release: Release, route: string): number {
  return release.slower[route] ?? 1;
}
