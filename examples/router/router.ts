import { Agent, createServer, type IncomingMessage, request as send, type ServerResponse } from "node:http";
import { listen } from "#examples/listen.ts";
import { receiveWeights } from "./receive-weights.ts";
import { allTo, chooseVersion, type Weights } from "./weights.ts";

/** A weighted reverse proxy: one address for the load, one for those who set and read the weights. */
export interface Router {
  readonly trafficUrl: string;
  /** POST takes Haldane's signed weights, GET reads back what is in force. */
  readonly weightsUrl: string;
  /** Says which instances serve a version; no instance takes the version away. */
  setPool(version: string, urls: readonly string[]): void;
  weights(): Weights;
  /** Requests sent to each version since the start. */
  counts(): Readonly<Record<string, number>>;
  close(): Promise<void>;
}

export interface RouterOptions {
  /** The version that has all traffic until the first command. */
  readonly stable: string;
  /** `whsec_...`, shared with Haldane. */
  readonly secret: string;
  /** Numbers in [0, 1). */
  readonly random: () => number;
  readonly weightsPort?: number;
  /** Called right after other weights came into force, before any request is sent by them. */
  readonly onWeights?: () => void;
}

interface Pool {
  readonly urls: readonly string[];
  next: number;
}

/** Idle connections are closed from this side, before the shop (60 s) does: a request must not meet a closing one. */
const idleMs = 30_000;

/** Starts the router on loopback. Within a version it goes round the instances. */
export async function startRouter(options: RouterOptions): Promise<Router> {
  const pools = new Map<string, Pool>();
  const counts = new Map<string, number>();
  const agent = new Agent({ keepAlive: true, maxSockets: 128, timeout: idleMs });
  let weights = allTo(options.stable);

  const traffic = createServer((request, response) => {
    const version = chooseVersion(weights, options.random());
    const target = nextInstance(pools.get(version));
    counts.set(version, (counts.get(version) ?? 0) + 1);
    if (target === null) refuse(response, 503, `no instance of ${version}`);
    else forward(request, response, { target, agent });
  });
  traffic.keepAliveTimeout = 60_000;
  const control = createServer((request, response) => {
    void receiveWeights(request, response, {
      secret: options.secret,
      inForce: () => weights,
      serving: () => new Set(pools.keys()),
      set: (next) => {
        const changed = next.generation !== weights.generation;
        weights = next;
        if (changed) options.onWeights?.();
      },
    });
  });
  const trafficUrl = await listen(traffic);
  const weightsUrl = `${await listen(control, options.weightsPort)}/weights`;

  return {
    trafficUrl,
    weightsUrl,
    setPool(version, urls) {
      if (urls.length === 0) pools.delete(version);
      else pools.set(version, { urls, next: 0 });
    },
    weights: () => weights,
    counts: () => Object.fromEntries(counts),
    close: async () => {
      agent.destroy();
      await Promise.all(
        [traffic, control].map((server) => {
          server.closeAllConnections();
          return new Promise((resolve) => server.close(resolve));
        }),
      );
    },
  };
}

function nextInstance(pool: Pool | undefined): string | null {
  if (pool === undefined) return null;
  const url = pool.urls[pool.next % pool.urls.length];
  pool.next = (pool.next + 1) % pool.urls.length;
  return url ?? null;
}

function forward(
  request: IncomingMessage,
  response: ServerResponse,
  to: { readonly target: string; readonly agent: Agent },
): void {
  const headers = { ...request.headers };
  delete headers.connection;
  const onward = send(
    `${to.target}${request.url ?? "/"}`,
    { method: request.method, agent: to.agent, headers },
    (reply) => {
      response.writeHead(reply.statusCode ?? 502, reply.headers);
      reply.pipe(response);
    },
  );
  onward.on("error", (failure) => {
    refuse(response, 502, failure.message);
  });
  request.pipe(onward);
}

function refuse(response: ServerResponse, status: number, why: string): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const text = JSON.stringify({ error: why });
  response.writeHead(status, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(text),
  });
  response.end(text);
}
