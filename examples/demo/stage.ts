import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { setTimeout as timeout } from "node:timers/promises";
import { z } from "zod";
import { listen } from "#examples/listen.ts";
import type { LoadCounts } from "#examples/load/load.ts";
import type { Release } from "#examples/shop/release.ts";
import type { Child, Children } from "./children.ts";
import { createHaldaneClient, type HaldaneClient } from "./haldane-client.ts";

/** Where the files are, and how big the demo is. */
export interface Setting {
  /** Folder of the built entry files (`shop-main.js` and its like). */
  readonly entries: string;
  /** The built Haldane, `main.js`. */
  readonly haldane: string;
  /** Folder of demo-haldane.yaml and demo-policy.yaml. */
  readonly files: string;
  /** An empty folder for the generated configuration and Haldane's data; the caller removes it. */
  readonly scratch: string;
  readonly ratePerSecond: number;
  readonly instancesPerVersion: number;
}

/** What the router says of itself: weights in force and requests sent to each version so far. */
export interface RouterState {
  readonly weights: {
    readonly canary: string | null;
    readonly baseline: string;
    readonly canaryWeight: number;
    readonly baselineWeight: number;
    readonly generation: number;
  };
  readonly counts: Readonly<Record<string, number>>;
  /** The counts at the moment at which these weights came into force. */
  readonly atChange: Readonly<Record<string, number>>;
}

/** Everything that runs during the demo. */
export interface Stage {
  readonly haldane: HaldaneClient;
  router(): RouterState;
  load(): LoadCounts | null;
  /** Starts the instances of a release and makes them known to the router; without a weight they get no traffic yet. */
  enter(release: Release): Promise<void>;
  /** Stops the exporters of a version's instances; they serve on. */
  silence(version: string): void;
  /** Takes a version from the router and stops its instances. */
  leave(version: string): Promise<void>;
}

export const service = "shop/storefront";
export const environment = "demo";
const readyMs = 30_000;
/** Requests already on their way to an instance may take this long. */
const underWayMs = 500;
const secretName = "HALDANE_ROUTER_SECRET";

const routerMessage = z.object({
  router: z.object({
    weights: z.object({
      canary: z.string().nullable(),
      baseline: z.string(),
      canaryWeight: z.number(),
      baselineWeight: z.number(),
      generation: z.number(),
    }),
    counts: z.record(z.string(), z.number()),
    atChange: z.record(z.string(), z.number()),
  }),
});
const count = z.number();
const loadMessage = z.object({
  load: z.object({
    due: count,
    sent: count,
    shed: count,
    answered: count,
    failed: count,
    byRoute: z.record(z.string(), count),
  }),
});

/** Starts router, Haldane, the stable version and the load, in this order, each ready before the next. */
export async function setStage(children: Children, setting: Setting, stable: Release): Promise<Stage> {
  const secret = `whsec_${randomBytes(32).toString("base64")}`;
  const router = await startRouterProcess(children, setting, { stable: stable.version, secret });
  const haldane = await startHaldane(children, setting, { secret, weightsUrl: router.weightsUrl });
  const cast = new Map<string, readonly Child[]>();
  const enter = async (release: Release): Promise<void> => {
    const file = join(setting.entries, "shop-main.js");
    const started = await Promise.all(
      Array.from({ length: setting.instancesPerVersion }, (_, at) => {
        const instance = `storefront-${release.version}-${at}`;
        const args = [JSON.stringify(release), instance, haldane.otlpUrl];
        return startReady(children, { name: instance, file, args }, { ready: z.object({ url: z.string() }) });
      }),
    );
    cast.set(
      release.version,
      started.map(({ child }) => child),
    );
    router.setPool(
      release.version,
      started.map(({ said }) => said.url),
    );
  };
  await enter(stable);
  const load = await startLoadProcess(children, setting, router.trafficUrl);
  return {
    haldane: haldane.client,
    router: router.state,
    load,
    enter,
    silence(version) {
      for (const child of cast.get(version) ?? []) child.send({ telemetry: "stop" });
    },
    async leave(version) {
      router.setPool(version, []);
      await new Promise((resolve) => setTimeout(resolve, underWayMs));
      await Promise.all((cast.get(version) ?? []).map((child) => child.stop()));
      cast.delete(version);
    },
  };
}

interface RouterProcess {
  readonly trafficUrl: string;
  readonly weightsUrl: string;
  readonly state: () => RouterState;
  setPool(version: string, urls: readonly string[]): void;
}

async function startRouterProcess(
  children: Children,
  setting: Setting,
  given: { readonly stable: string; readonly secret: string },
): Promise<RouterProcess> {
  let state: RouterState = {
    weights: { canary: null, baseline: given.stable, canaryWeight: 0, baselineWeight: 100, generation: 0 },
    counts: {},
    atChange: {},
  };
  const { child, said } = await startReady(
    children,
    {
      name: "router",
      file: join(setting.entries, "router-main.js"),
      args: [given.stable],
      env: { [secretName]: given.secret },
    },
    {
      ready: z.object({ trafficUrl: z.string(), weightsUrl: z.string() }),
      message(message) {
        const parsed = routerMessage.safeParse(message);
        if (parsed.success) state = parsed.data.router;
      },
    },
  );
  return {
    ...said,
    state: () => state,
    setPool(version, urls) {
      child.send({ pool: { version, urls } });
    },
  };
}

async function startLoadProcess(
  children: Children,
  setting: Setting,
  trafficUrl: string,
): Promise<() => LoadCounts | null> {
  let counts: LoadCounts | null = null;
  const args = [trafficUrl, String(setting.ratePerSecond)];
  await startReady(
    children,
    { name: "load", file: join(setting.entries, "load-main.js"), args },
    {
      ready: z.object({}),
      message(message) {
        const parsed = loadMessage.safeParse(message);
        if (parsed.success) counts = parsed.data.load;
      },
    },
  );
  return () => counts;
}

async function startHaldane(
  children: Children,
  setting: Setting,
  own: { readonly secret: string; readonly weightsUrl: string },
): Promise<{ readonly client: HaldaneClient; readonly otlpUrl: string }> {
  const config = join(setting.scratch, "haldane.yaml");
  await writeFile(config, await configuration(setting.files, own.weightsUrl));
  const [port, otlpPort] = await freePorts();
  const args = ["serve", "--config", config, "--data", join(setting.scratch, "data")];
  const child = children.start({
    name: "haldane",
    file: setting.haldane,
    args: [...args, "--port", String(port), "--otlp-port", String(otlpPort)],
    env: { [secretName]: own.secret },
  });
  const client = createHaldaneClient(`http://127.0.0.1:${port}`);
  const until = Date.now() + readyMs;
  while (!(await client.ready())) {
    if (!child.running()) throw new Error("haldane ended before it was ready");
    if (Date.now() > until) throw new Error(`haldane was not ready after ${readyMs / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return { client, otlpUrl: `http://127.0.0.1:${otlpPort}` };
}

const placeholder = "http://127.0.0.1:9400/weights";

/** The two files of the demo as one, with the router's true address. */
export async function configuration(files: string, weightsUrl: string): Promise<string> {
  const [haldane, policy] = await Promise.all(
    ["demo-haldane.yaml", "demo-policy.yaml"].map((name) => readFile(join(files, name), "utf8")),
  );
  if (haldane?.includes(placeholder) !== true) {
    throw new Error(
      `demo-haldane.yaml must name the router as ${placeholder}: the demo puts the true address there`,
    );
  }
  return `${haldane.replace(placeholder, weightsUrl)}---\n${policy ?? ""}`;
}

/** Two free loopback ports: both are held until both are known, so that they differ. */
async function freePorts(): Promise<readonly [number, number]> {
  const servers = [createServer(), createServer()] as const;
  const ports = await Promise.all(servers.map(async (server) => Number(new URL(await listen(server)).port)));
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return [ports[0] ?? 0, ports[1] ?? 0];
}

/** Starts a child of our own and waits for its `ready` message. */
async function startReady<T>(
  children: Children,
  options: Parameters<Children["start"]>[0],
  hears: { readonly ready: z.ZodType<T>; readonly message?: (message: unknown) => void },
): Promise<{ readonly child: Child; readonly said: T }> {
  const envelope = z.object({ ready: hears.ready });
  let resolve: (said: T) => void = () => undefined;
  const readiness = new Promise<T>((settle) => {
    resolve = settle;
  });
  const child = children.start({
    ...options,
    onMessage(message) {
      const ready = envelope.safeParse(message);
      if (ready.success) resolve(ready.data.ready);
      hears.message?.(message);
    },
  });
  const late = new AbortController();
  const tooLate = timeout(readyMs, null, { signal: late.signal, ref: false }).then(() => {
    throw new Error(`${options.name} was not ready after ${readyMs / 1000} s`);
  });
  tooLate.catch(() => undefined);
  const said = await Promise.race([readiness, tooLate]);
  late.abort();
  return { child, said };
}
