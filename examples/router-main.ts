import { z } from "zod";
import { exitWithParent } from "#examples/child.ts";
import { type Router, startRouter } from "#examples/router/router.ts";

const orders = z.strictObject({ pool: z.object({ version: z.string(), urls: z.array(z.string()) }) });

/** The router as a process of its own: `router-main.js STABLE-VERSION`, secret in HALDANE_ROUTER_SECRET; pools by message. */
async function main(stable: string, secret: string): Promise<void> {
  let atChange: Readonly<Record<string, number>> = {};
  const tell = (): void => {
    process.send?.({ router: { weights: router.weights(), counts: router.counts(), atChange } });
  };
  const onWeights = (): void => {
    atChange = router.counts();
    tell();
  };
  const router: Router = await startRouter({ stable, secret, random: Math.random, onWeights });
  exitWithParent(() => router.close());
  process.on("message", (message) => {
    const order = orders.safeParse(message);
    if (!order.success) return;
    router.setPool(order.data.pool.version, order.data.pool.urls);
    tell();
  });
  setInterval(tell, 250);
  process.send?.({ ready: { trafficUrl: router.trafficUrl, weightsUrl: router.weightsUrl } });
}

await main(process.argv[2] ?? "v1", process.env["HALDANE_ROUTER_SECRET"] ?? "");
