import { z } from "zod";
import { exitWithParent } from "#examples/child.ts";
import { releaseSchema } from "#examples/shop/release.ts";
import { startStorefront } from "#examples/shop/storefront.ts";
import { startTelemetry } from "#examples/shop/telemetry.ts";

const orders = z.strictObject({ telemetry: z.literal("stop") });

/** One instance of the shop: `shop-main.js RELEASE-JSON INSTANCE OTLP-ENDPOINT`. The parent may order its telemetry to stop. */
async function main(release: unknown, instance: string, endpoint: string): Promise<void> {
  const parsed = releaseSchema.parse(release);
  const sender = {
    namespace: "shop",
    name: "storefront",
    version: parsed.version,
    instance,
    environment: "demo",
  };
  const telemetry = startTelemetry(sender, endpoint, 1000);
  const storefront = await startStorefront(parsed, telemetry, Math.random);
  exitWithParent(async () => {
    await storefront.close();
    await telemetry.stop();
  });
  process.on("message", (message) => {
    if (orders.safeParse(message).success) void telemetry.stop();
  });
  process.send?.({ ready: { url: storefront.url } });
}

const [release = "{}", instance = "storefront-0", endpoint = "http://127.0.0.1:4318"] = process.argv.slice(2);
await main(JSON.parse(release), instance, endpoint);
