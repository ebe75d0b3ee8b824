import { createServer, type Server } from "node:http";
import fc from "fast-check";
import { Webhook } from "standardwebhooks";
import { afterEach, describe, expect, it } from "vitest";
import { listen } from "#examples/listen.ts";
import { type Router, startRouter } from "#examples/router/router.ts";
import { allTo, applyWeights, chooseVersion, type Wanted } from "#examples/router/weights.ts";
import { seededRandom } from "#test/support/random.ts";

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const serving = new Set(["v1", "v2"]);

function wanted(overrides: Partial<Wanted> = {}): Wanted {
  const canaryWeight = overrides.canaryWeight ?? 25;
  return {
    service: "shop/storefront",
    environment: "demo",
    canary: "v2",
    baseline: "v1",
    baselineWeight: 100 - canaryWeight,
    generation: 1,
    kind: "step",
    reason: "the next step",
    analysisId: "a1",
    idempotencyKey: "c1",
    ...overrides,
    canaryWeight,
  };
}

describe("weights", () => {
  it("a lower generation never changes what is in force", () => {
    const generations = fc.array(fc.record({ generation: fc.nat(20), canaryWeight: fc.nat(100) }), {
      maxLength: 20,
    });
    fc.assert(
      fc.property(generations, (commands) => {
        let weights = allTo("v1");
        for (const command of commands) {
          const outcome = applyWeights(weights, wanted(command), serving);
          if (command.generation < weights.generation) {
            expect(outcome).toEqual({ tag: "stale", generation: weights.generation });
          }
          if (outcome.tag === "applied") weights = outcome.weights;
        }
        expect(weights.generation).toBe(Math.max(0, ...commands.map(({ generation }) => generation)));
      }),
    );
  });

  it("the same command twice changes nothing", () => {
    const once = applyWeights(allTo("v1"), wanted(), serving);
    if (once.tag !== "applied") throw new Error(once.tag);
    expect(applyWeights(once.weights, wanted(), serving)).toEqual(once);
  });

  it("traffic is never sent to a version without instances, and a rollback from one always works", () => {
    expect(applyWeights(allTo("v1"), wanted({ canary: "v9" }), serving)).toMatchObject({ tag: "absurd" });
    expect(applyWeights(allTo("v1"), wanted({ canary: "v9", canaryWeight: 0 }), serving)).toMatchObject({
      tag: "applied",
    });
    expect(applyWeights(allTo("v1"), wanted({ canaryWeight: 0, baselineWeight: 0 }), serving)).toMatchObject({
      tag: "absurd",
    });
  });

  it("weight 0 gives no request and weight 100 every request, whatever the dice say", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (random) => {
        const at = (canaryWeight: number): string =>
          chooseVersion({ ...wanted({ canaryWeight }), canary: "v2", baseline: "v1" }, random);
        expect(at(0)).toBe("v1");
        expect(at(100)).toBe("v2");
      }),
    );
  });
});

describe("the router", () => {
  const closing: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    await Promise.all(closing.splice(0).map((close) => close()));
  });

  async function upstream(version: string): Promise<string> {
    const server: Server = createServer((_request, response) => response.end(version));
    server.keepAliveTimeout = 60_000;
    closing.push(() => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    });
    return listen(server);
  }

  async function router(): Promise<Router> {
    const started = await startRouter({ stable: "v1", secret, random: seededRandom(7).next });
    closing.push(() => started.close());
    started.setPool("v1", [await upstream("v1"), await upstream("v1")]);
    started.setPool("v2", [await upstream("v2")]);
    return started;
  }

  async function command(
    to: Router,
    data: Wanted,
    sign: (id: string, at: Date, body: string) => string = (id, at, body) =>
      new Webhook(secret).sign(id, at, body),
  ): Promise<Response> {
    const at = new Date();
    const body = JSON.stringify({ type: "haldane.weights", timestamp: at.toISOString(), data });
    return fetch(to.weightsUrl, {
      method: "POST",
      headers: {
        "webhook-id": data.idempotencyKey,
        "webhook-timestamp": String(Math.floor(at.getTime() / 1000)),
        "webhook-signature": sign(data.idempotencyKey, at, body),
      },
      body,
    });
  }

  async function split(through: Router, requests: number): Promise<Record<string, number>> {
    const answers: Record<string, number> = {};
    for (let sent = 0; sent < requests; sent += 50) {
      const served = await Promise.all(
        Array.from({ length: 50 }, async () => (await fetch(`${through.trafficUrl}/products`)).text()),
      );
      for (const version of served) answers[version] = (answers[version] ?? 0) + 1;
    }
    return answers;
  }

  it("sends each version its share within four standard deviations, and counts what it sent", async () => {
    const started = await router();
    expect(await split(started, 200)).toEqual({ v1: 200 });
    expect((await command(started, wanted())).status).toBe(200);
    const requests = 1000;
    const answers = await split(started, requests);
    expect(Object.keys(answers).sort()).toEqual(["v1", "v2"]);
    const deviation = Math.sqrt(requests * 0.25 * 0.75);
    expect(Math.abs((answers["v2"] ?? 0) - requests * 0.25)).toBeLessThan(4 * deviation);
    expect(started.counts()).toEqual({ v1: 200 + (answers["v1"] ?? 0), v2: answers["v2"] });
  });

  it("reads back what is in force", async () => {
    const started = await router();
    await command(started, wanted({ generation: 4, canaryWeight: 50 }));
    const reply: unknown = await (await fetch(started.weightsUrl)).json();
    expect(reply).toMatchObject({ canaryWeight: 50, baselineWeight: 50, generation: 4 });
  });

  it("answers a stale command with 409 and the generation in force", async () => {
    const started = await router();
    await command(started, wanted({ generation: 4, canaryWeight: 0 }));
    const stale = await command(started, wanted({ generation: 3, canaryWeight: 100 }));
    expect(stale.status).toBe(409);
    expect(await stale.json()).toEqual({ generation: 4 });
    expect(started.weights().canaryWeight).toBe(0);
  });

  it("refuses what was signed by another secret, signed over another body, or not signed", async () => {
    const started = await router();
    const other = new Webhook("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD");
    const forged = await command(started, wanted(), (id, at, body) => other.sign(id, at, body));
    const altered = await command(started, wanted(), (id, at, body) =>
      new Webhook(secret).sign(id, at, body.replace("25", "99")),
    );
    const unsigned = await command(started, wanted(), () => "");
    expect([forged.status, altered.status, unsigned.status]).toEqual([401, 401, 401]);
    expect(started.weights()).toEqual(allTo("v1"));
  });

  it("refuses a signed body of another shape with 400, and a version without instances with 422", async () => {
    const started = await router();
    const shape = await command(started, { ...wanted(), canaryWeight: 140, baselineWeight: 0 });
    const nobody = await command(started, wanted({ canary: "v9" }));
    expect([shape.status, nobody.status]).toEqual([400, 422]);
  });

  it("answers 502 where an instance is gone and goes on serving", async () => {
    const started = await router();
    started.setPool("v1", ["http://127.0.0.1:9", await upstream("v1")]);
    const statuses = [];
    for (let at = 0; at < 4; at += 1) statuses.push((await fetch(`${started.trafficUrl}/`)).status);
    expect(statuses.sort()).toEqual([200, 200, 502, 502]);
  });
});
