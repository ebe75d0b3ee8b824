import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Webhook } from "standardwebhooks";
import type { WeightReading } from "#engine/ports.ts";

/** How the router misbehaves at the moment; all off at first. */
export interface RouterFaults {
  /** Answer every POST with this status and headers, and do nothing. */
  refuse: {
    readonly status: number;
    readonly headers?: Record<string, string>;
    readonly body?: unknown;
  } | null;
  /** Take POSTs for these services, apply them and never answer. */
  hangFor: Set<string>;
  /** Take rollbacks of these services, and neither apply nor answer them. */
  swallowFor: Set<string>;
  /** Read-backs say this instead of the truth. */
  lie: WeightReading | null;
  /** Read-backs answer 404. */
  unreadable: boolean;
}

export interface ReceivedCommand {
  readonly id: string;
  readonly idempotencyKey: string | undefined;
  readonly service: string;
  readonly generation: number;
  readonly kind: string;
  readonly body: string;
}

export interface FakeRouter {
  readonly url: string;
  readonly faults: RouterFaults;
  /** Every POST with a good signature, in the order of arrival, obeyed or not. */
  readonly received: readonly ReceivedCommand[];
  readonly badSignatures: () => number;
  weights(service: string): WeightReading | undefined;
  /** Somebody else moves the traffic. */
  tamper(service: string, weights: WeightReading): void;
  /** Drops every connection and listens again on the same port; weights are kept. */
  stop(): Promise<void>;
  restart(): Promise<void>;
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of request) text += String(chunk);
  return text;
}

function answer(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(body));
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve) => {
    server.listen(port, "127.0.0.1", () => {
      resolve((server.address() as AddressInfo).port);
    });
  });
}

/**
 * A small router that obeys Haldane's signed weights on loopback: verifies with the public Standard Webhooks package,
 * keeps absolute weights for each service, and refuses generations lower than the one in force.
 */
export async function startFakeRouter(secret: string): Promise<FakeRouter> {
  const webhook = new Webhook(secret);
  const inForce = new Map<string, WeightReading>();
  const received: ReceivedCommand[] = [];
  const faults: RouterFaults = {
    refuse: null,
    hangFor: new Set(),
    swallowFor: new Set(),
    lie: null,
    unreadable: false,
  };
  let badSignatures = 0;

  const set = (request: IncomingMessage, response: ServerResponse, body: string): void => {
    const { data } = JSON.parse(body) as { data: WeightReading & { service: string; kind: string } };
    const { service, kind, canaryWeight, baselineWeight, generation } = data;
    const id = String(request.headers["webhook-id"]);
    const idempotencyKey = request.headers["idempotency-key"] as string | undefined;
    received.push({ id, idempotencyKey, service, generation, kind, body });
    if (kind === "rollback" && faults.swallowFor.has(service)) return;
    if (faults.refuse !== null) {
      answer(response, faults.refuse.status, faults.refuse.body ?? {}, faults.refuse.headers);
      return;
    }
    const standing = inForce.get(service);
    if (standing !== undefined && standing.generation > generation) {
      answer(response, 409, { generation: standing.generation });
      return;
    }
    const weights = { canaryWeight, baselineWeight, generation };
    inForce.set(service, weights);
    if (!faults.hangFor.has(service)) answer(response, 200, weights);
  };

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await bodyOf(request);
    try {
      webhook.verify(body, request.headers as Record<string, string>, { jsonParse: false });
    } catch {
      badSignatures += 1;
      answer(response, 401, { error: "bad signature" });
      return;
    }
    if (request.method === "POST") {
      set(request, response, body);
      return;
    }
    const service = new URL(request.url ?? "/", "http://router").searchParams.get("service") ?? "";
    const reading = faults.lie ??
      inForce.get(service) ?? { canaryWeight: 0, baselineWeight: 100, generation: 0 };
    if (faults.unreadable) answer(response, 404, {});
    else answer(response, 200, reading);
  };

  const create = (): Server =>
    createServer((request, response) => {
      void serve(request, response);
    });
  let server = create();
  const port = await listen(server, 0);
  return {
    url: `http://127.0.0.1:${port}/weights`,
    faults,
    received,
    badSignatures: () => badSignatures,
    weights: (service) => inForce.get(service),
    tamper: (service, weights) => {
      inForce.set(service, weights);
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
    restart: async () => {
      server = create();
      await listen(server, port);
    },
  };
}
