import { once } from "node:events";
import {
  request as httpRequest,
  Agent,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
} from "node:http";
import { connect, type AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, test } from "vitest";
import { decodeBody } from "#ingest/otlp/body.ts";
import { defaultOtlpLimits } from "#ingest/otlp/limits.ts";
import {
  createReceiver,
  type AcceptOutcome,
  type HandedBody,
  type Receiver,
  type ReceiverOptions,
} from "#ingest/otlp/receiver.ts";
import { createReceiverServer } from "#ingest/otlp/receiver-server.ts";
import { oracleDecode } from "#test/support/otlp-oracle.ts";
import { RecordingObserver } from "#test/support/recording-observer.ts";

const open: Server[] = [];
afterEach(async () => {
  for (const server of open.splice(0)) {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  }
});

interface Running {
  readonly receiver: Receiver;
  readonly port: number;
  readonly bodies: HandedBody[];
}

async function start(options: Partial<ReceiverOptions> = {}): Promise<Running> {
  const bodies: HandedBody[] = [];
  const accept = (body: HandedBody): Promise<AcceptOutcome> => {
    bodies.push(body);
    const decoded = decodeBody(body, new RecordingObserver());
    return Promise.resolve(
      decoded.status === 200 ? { status: 200, rejected: decoded.rejected, message: "" } : decoded,
    );
  };
  const receiver = createReceiver({ accept, token: null, ...options });
  const server = createReceiverServer(receiver, options.limits);
  open.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { receiver, port: (server.address() as AddressInfo).port, bodies };
}

interface Sent {
  readonly path?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
  readonly chunked?: boolean;
  readonly agent?: Agent;
}

interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

const protobuf = { "content-type": "application/x-protobuf" };
const json = { "content-type": "application/json" };

async function send(port: number, sent: Sent): Promise<Answered> {
  const {
    path = "/v1/traces",
    method = "POST",
    headers = protobuf,
    body = "",
    chunked = false,
    agent,
  } = sent;
  const length = chunked ? {} : { "content-length": String(Buffer.byteLength(body)) };
  const request = httpRequest({
    host: "127.0.0.1",
    port,
    path,
    method,
    headers: { ...headers, ...length },
    ...(agent === undefined ? {} : { agent }),
  });
  if (chunked) request.write(body);
  request.end(chunked ? undefined : body);
  const [response] = (await once(request, "response")) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return { status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) };
}

function jsonMessage(answer: Answered): string {
  return (JSON.parse(answer.body.toString()) as { readonly message: string }).message;
}

describe("the contract", () => {
  test("an empty request succeeds with an empty answer in its own form", async () => {
    const { port } = await start();
    for (const path of ["/v1/traces", "/v1/metrics", "/v1/logs"]) {
      const answer = await send(port, { path });
      expect([answer.status, answer.body.length, answer.headers["content-type"]]).toEqual([
        200,
        0,
        "application/x-protobuf",
      ]);
      const other = await send(port, { path, headers: json, body: "{}" });
      expect([other.status, other.body.toString(), other.headers["content-type"]]).toEqual([
        200,
        "{}",
        "application/json",
      ]);
    }
  });

  test("a damaged body is 400 with a Status in the form of the request", async () => {
    const { port } = await start();
    const answer = await send(port, { body: Uint8Array.of(1, 2, 3) });
    expect(answer.status).toBe(400);
    expect(oracleDecode("Status_", answer.body)).toMatchObject({ code: 3 });
    const other = await send(port, { headers: json, body: '{"resourceSpans":1}' });
    expect(other.status).toBe(400);
    expect(jsonMessage(other)).toContain("resourceSpans");
  });

  test.each([
    ["another method", { method: "GET" }, 405],
    ["another type", { headers: { "content-type": "text/plain" } }, 415],
    ["no type", { headers: {} }, 415],
    ["another encoding", { headers: { ...json, "content-encoding": "br" } }, 415],
    ["profiles", { path: "/v1development/profiles", headers: json }, 404],
    ["another path", { path: "/v1/other", headers: json }, 404],
  ])("%s is refused with a Status", async (_, sent, status) => {
    const { port, bodies } = await start();
    const answer = await send(port, sent);
    expect(answer.status).toBe(status);
    if (status === 405) expect(answer.headers.allow).toBe("POST");
    if (answer.headers["content-type"] === "application/json") expect(jsonMessage(answer)).not.toBe("");
    else expect(oracleDecode("Status_", answer.body)["message"]).not.toBe("");
    expect(bodies).toEqual([]);
  });

  test("a token is asked for where one is set", async () => {
    const { port, bodies, receiver } = await start({ token: "s3cret" });
    const bearing = (authorization: string): Sent => ({ headers: { ...protobuf, authorization } });
    expect((await send(port, {})).status).toBe(401);
    expect((await send(port, bearing("Bearer s3cre"))).status).toBe(401);
    expect((await send(port, bearing("Bearer "))).status).toBe(401);
    expect((await send(port, bearing("Basic s3cret"))).status).toBe(401);
    expect(bodies).toHaveLength(0);
    expect((await send(port, bearing("Bearer s3cret"))).status).toBe(200);
    expect(receiver.counters.requests.get("traces 401")).toBe(4);
    expect(receiver.counters.requests.get("traces 200")).toBe(1);
  });

  test("one connection serves many requests, also after a refusal before the body", async () => {
    const { port } = await start();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const statuses: number[] = [];
    for (const path of ["/v1/traces", "/v1/nothing", "/v1/logs"]) {
      statuses.push((await send(port, { path, agent, headers: json, body: "{}" })).status);
    }
    expect(statuses).toEqual([200, 404, 200]);
    expect(Object.values(agent.freeSockets).flat()).toHaveLength(1);
    agent.destroy();
  });

  test("the body is handed over as it came, in memory of its own", async () => {
    const { port, bodies } = await start();
    const body = gzipSync("{}");
    const headers = { ...json, "content-encoding": "gzip" };
    await send(port, { headers, body });
    await send(port, { headers, body, chunked: true });
    for (const handed of bodies) {
      expect(handed).toMatchObject({
        signal: "traces",
        contentType: "application/json",
        contentEncoding: "gzip",
      });
      expect(Buffer.from(handed.bytes).equals(body)).toBe(true);
      expect(handed.bytes.buffer.byteLength).toBe(body.length);
    }
    expect(bodies).toHaveLength(2);
  });

  test("outcomes are passed on: partial success, too busy with Retry-After", async () => {
    const outcomes: AcceptOutcome[] = [
      { status: 200, rejected: 2, message: "no time" },
      { status: 429, message: "slower", retryAfterSeconds: 7 },
      { status: 503, message: "full", retryAfterSeconds: null },
    ];
    const { port } = await start({ accept: () => Promise.resolve(outcomes.shift()!) });
    expect(JSON.parse((await send(port, { headers: json })).body.toString())).toEqual({
      partialSuccess: { rejectedSpans: "2", errorMessage: "no time" },
    });
    const busy = await send(port, { headers: json });
    expect([busy.status, busy.headers["retry-after"]]).toEqual([429, "7"]);
    const full = await send(port, { headers: json });
    expect([full.status, full.headers["retry-after"]]).toEqual([503, undefined]);
  });

  test("a fault inside asks the sender to try again", async () => {
    const { port, receiver } = await start({ accept: () => Promise.reject(new Error("a bug")) });
    const answer = await send(port, { headers: json });
    expect([answer.status, answer.headers["retry-after"]]).toEqual([503, "2"]);
    expect(receiver.counters.bytesInFlight).toBe(0);
  });
});

describe("limits", () => {
  test.each([false, true])(
    "a body over bodyBytes is 413, one at it is read (chunked: %s)",
    async (chunked) => {
      const { port, receiver } = await start({ limits: { ...defaultOtlpLimits, bodyBytes: 100 } });
      const body = (length: number): string => "{}".padEnd(length);
      expect((await send(port, { headers: json, body: body(100), chunked })).status).toBe(200);
      const over = await send(port, { headers: json, body: body(101), chunked });
      expect(over.status).toBe(413);
      expect(jsonMessage(over)).toContain("bodyBytes");
      expect(receiver.counters.refused.get("bodyBytes")).toBe(1);
      expect(receiver.counters.bytesInFlight).toBe(0);
    },
  );

  test.each([false, true])("bytes in flight are bounded and given back (chunked: %s)", async (chunked) => {
    const waiting: (() => void)[] = [];
    const accept = (): Promise<AcceptOutcome> =>
      new Promise((resolve) => {
        waiting.push(() => {
          resolve({ status: 200, rejected: 0, message: "" });
        });
      });
    const { port, receiver } = await start({ accept, limits: { ...defaultOtlpLimits, bytesInFlight: 100 } });
    const first = send(port, { headers: json, body: "x".repeat(60) });
    await expect.poll(() => waiting.length).toBe(1);
    expect(receiver.counters.bytesInFlight).toBe(60);
    const refused = await send(port, { headers: json, body: "x".repeat(41), chunked });
    expect([refused.status, refused.headers["retry-after"]]).toEqual([503, "2"]);
    expect(receiver.counters.refused.get("bytesInFlight")).toBe(1);
    const fits = send(port, { headers: json, body: "x".repeat(40), chunked });
    await expect.poll(() => waiting.length).toBe(2);
    for (const answer of waiting) answer();
    expect([(await first).status, (await fits).status]).toEqual([200, 200]);
    expect(receiver.counters.bytesInFlight).toBe(0);
  });

  test("a body that never ends is 408, its connection closed, its bytes given back", async () => {
    const { port, receiver, bodies } = await start({ limits: { ...defaultOtlpLimits, bodyTimeoutMs: 50 } });
    const socket = connect(port, "127.0.0.1");
    socket.write(
      "POST /v1/logs HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 50\r\n\r\n{",
    );
    const chunks: Buffer[] = [];
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    await once(socket, "close");
    expect(Buffer.concat(chunks).toString()).toMatch(/^HTTP\/1\.1 408 /);
    expect(bodies).toEqual([]);
    expect(receiver.counters.refused.get("bodyTimeoutMs")).toBe(1);
    expect(receiver.counters.bytesInFlight).toBe(0);
  });

  test("headers that never end close the connection", async () => {
    const { port } = await start({ limits: { ...defaultOtlpLimits, headersTimeoutMs: 50 } });
    const socket = connect(port, "127.0.0.1");
    socket.write("POST /v1/logs HTTP/1.1\r\nhost: a\r\n");
    const chunks: Buffer[] = [];
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    await once(socket, "close");
    expect(Buffer.concat(chunks).toString()).toMatch(/^HTTP\/1\.1 408 /);
  });

  test("a sender that goes away gives its bytes back", async () => {
    const { port, receiver, bodies } = await start();
    const socket = connect(port, "127.0.0.1");
    socket.write(
      "POST /v1/logs HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 50\r\n\r\n{",
    );
    await expect.poll(() => receiver.counters.bytesInFlight).toBe(50);
    socket.destroy();
    await expect.poll(() => receiver.counters.bytesInFlight).toBe(0);
    expect(receiver.counters.refused.get("aborted")).toBe(1);
    expect(bodies).toEqual([]);
  });
});
