import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { readFileSync } from "node:fs";
import { Webhook } from "standardwebhooks";

/**
 * A small working Haldane for tests of its callers: it takes telemetry unread, opens one analysis, moves the router by
 * signed commands along 25, 50, 100 and ends as STAND_IN_ENDS says, with the reason code of STAND_IN_REASON.
 */
const argument = (name: string): string => process.argv[process.argv.indexOf(name) + 1] ?? "";
const configured = /url: (\S+)/.exec(readFileSync(argument("--config"), "utf8"))?.[1] ?? "";
const webhook = new Webhook(process.env["HALDANE_ROUTER_SECRET"] ?? "");
const ends = process.env["STAND_IN_ENDS"] === "promoted" ? "promoted" : "rolledBack";
const code = process.env["STAND_IN_REASON"] ?? "safe";
const stepMs = 400;

interface Arms {
  readonly canary: string;
  readonly baseline: string;
}

let generation = 0;
let state: "open" | "ended" = "open";
let word: "continue" | "promote" | "rollback" = "continue";

async function command(arms: Arms, canaryWeight: number, kind: string): Promise<void> {
  generation += 1;
  const id = `command-${generation}`;
  const now = new Date();
  const body = JSON.stringify({
    type: "haldane.weights",
    timestamp: now.toISOString(),
    data: {
      service: "shop/storefront",
      environment: "demo",
      ...arms,
      canaryWeight,
      baselineWeight: 100 - canaryWeight,
      generation,
      kind,
      reason: "the stand-in says so",
      analysisId: "a1",
      idempotencyKey: id,
    },
  });
  const headers = {
    "content-type": "application/json",
    "webhook-id": id,
    "webhook-timestamp": String(Math.floor(now.getTime() / 1000)),
    "webhook-signature": webhook.sign(id, now, body),
  };
  const reply = await fetch(configured, { method: "POST", headers, body });
  if (!reply.ok) throw new Error(`the router answered ${reply.status}: ${await reply.text()}`);
}

async function climb(arms: Arms): Promise<void> {
  const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, stepMs));
  const plan = ends === "promoted" ? [25, 50, 100] : [25];
  for (const weight of plan) {
    await command(arms, weight, "step");
    await pause();
    await pause();
  }
  word = ends === "promoted" ? "promote" : "rollback";
  await command(arms, ends === "promoted" ? 100 : 0, word);
  await pause();
  state = "ended";
}

function report(): object {
  return {
    id: "a1",
    state,
    phase: {
      phase: state === "ended" ? "ended" : "watching",
      as: state === "ended" ? ends : null,
      why: null,
    },
    verdict: {
      word,
      terminal: word !== "continue",
      at: new Date().toISOString(),
      reasons: [
        { code: word === "continue" ? "collecting" : code, text: "errors POST /checkout, as was told" },
      ],
    },
    action: { kind: word === "continue" ? "climb" : word, text: "as the stand-in was told" },
    findings: [],
  };
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = (request.url ?? "").split("?", 1)[0];
  let body: unknown = {};
  if (request.method === "POST" && path === "/v1/analyses") {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(Buffer.from(chunk as Uint8Array));
    const asked = JSON.parse(Buffer.concat(chunks).toString()) as Arms;
    void climb({ canary: asked.canary, baseline: asked.baseline });
    body = { id: "a1" };
  } else if (path === "/v1/verdict") {
    body = { verdict: word, terminal: word !== "continue", fresh: true };
  } else if (path?.startsWith("/v1/analyses/") === true) {
    body = report();
  }
  response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
}

createServer((request, response) => {
  void answer(request, response);
}).listen(Number(argument("--port")), "127.0.0.1");
createServer((request, response) => {
  request.resume();
  request.on("end", () => response.writeHead(200, { "content-type": "application/x-protobuf" }).end());
}).listen(Number(argument("--otlp-port")), "127.0.0.1");
process.on("SIGTERM", () => process.exit(0));
process.on("SIGINT", () => undefined);
