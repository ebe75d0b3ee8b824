import { createServer } from "node:http";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { listen } from "#examples/listen.ts";
import { chooseRoute, dueBy, startLoad } from "#examples/load/load.ts";
import { routeName, routes } from "#examples/shop/routes.ts";
import { until } from "#test/support/listening.ts";
import { seededRandom } from "#test/support/random.ts";

describe("the load", () => {
  it("what is due follows the clock alone", () => {
    fc.assert(
      fc.property(fc.nat(1_000_000), fc.nat(1000), (elapsedMs, rate) => {
        expect(dueBy(elapsedMs, rate)).toBe(Math.floor((elapsedMs * rate) / 1000));
      }),
    );
  });

  it("each route has its share of the requests", () => {
    const random = seededRandom(3).next;
    const counts = new Map<string, number>();
    const requests = 20_000;
    for (let at = 0; at < requests; at += 1) {
      const name = routeName(chooseRoute(random()));
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    for (const route of routes) {
      const deviation = Math.sqrt(requests * route.share * (1 - route.share));
      const seen = counts.get(routeName(route)) ?? 0;
      expect(Math.abs(seen - requests * route.share)).toBeLessThan(4 * deviation);
    }
  });

  it("stays open loop before a shop that never answers, and keeps no more than its bound under way", async () => {
    const held: (() => void)[] = [];
    const server = createServer((_request, response) => {
      held.push(() => response.end("{}"));
    });
    const url = await listen(server);
    const load = startLoad({ url, ratePerSecond: 500, maxInFlight: 20, random: seededRandom(1).next });
    await until(() => load.counts().shed >= 50);
    const { due, sent, shed, answered } = load.counts();
    expect({ sent, answered }).toEqual({ sent: 20, answered: 0 });
    expect(due).toBe(sent + shed);

    await until(() => held.length === 20);
    server.removeAllListeners("request");
    server.on("request", (_request, response) => response.end("{}"));
    for (const release of held) release();
    await until(() => load.counts().sent > 40);
    await load.stop();
    const last = load.counts();
    expect(last.answered).toBe(last.sent);
    expect(last.failed).toBe(0);
    server.close();
  });

  it("counts a refused connection as failed and goes on", async () => {
    const server = createServer();
    const url = await listen(server);
    await new Promise((resolve) => server.close(resolve));
    const load = startLoad({ url, ratePerSecond: 200, maxInFlight: 50, random: seededRandom(2).next });
    await until(() => load.counts().failed >= 20);
    await load.stop();
    const { sent, answered, failed } = load.counts();
    expect([answered, failed]).toEqual([sent, sent]);
  });
});
