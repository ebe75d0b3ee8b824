import { readFileSync } from "node:fs";
import { deflateSync, gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Pool } from "undici";
import { problemSchema } from "#http/problem.ts";
import { exactBatch, storedRecords, type ExactBatch } from "#test/support/exact-batches.ts";
import { until } from "#test/support/listening.ts";
import { mutatedBodies } from "#test/support/mutated-bodies.ts";
import { oracleDecode } from "#test/support/otlp-oracle.ts";
import { seededRandom } from "#test/support/random.ts";
import { answerIn, openRaw } from "#test/support/raw-http.ts";
import { endServed, serveFiles, startServed, type Served, type ServeFiles } from "#test/support/served.ts";

/** HALDANE_HOSTILE asks for another number of bodies of each signal and form; HALDANE_SEED for others. */
const bodies = Number(process.env["HALDANE_HOSTILE"] ?? 10_000);
const seed = Number(process.env["HALDANE_SEED"] ?? 1);
const connections = 96;

let files: ServeFiles;
let served: Served;
beforeEach(async () => {
  files = await serveFiles("apiVersion: haldane/v1\nkind: Configuration\n", {});
  served = await startServed(files);
});
afterEach(async () => {
  await endServed(served, "SIGKILL");
});

/** Megabytes of the process: now, and the most it ever had. */
function memory(field: "VmRSS" | "VmHWM"): number {
  const status = readFileSync(`/proc/${served.process.pid ?? 0}/status`, "utf8");
  return Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(status)?.[1] ?? Infinity) / 1024;
}

async function sendExact({ path, headers, body }: ExactBatch): Promise<number> {
  const response = await fetch(`${served.otlpUrl}${path}`, { method: "POST", headers: { ...headers }, body });
  await response.arrayBuffer();
  return response.status;
}

/** Good bodies of every signal are taken and counted exactly, and the process ends as it should. */
async function countsExactly(from: number): Promise<void> {
  const good = Array.from({ length: 12 }, (_, at) => exactBatch(from + at, Date.now()));
  for (const batch of good) expect(await sendExact(batch)).toBe(200);
  expect((await fetch(`${served.url}/readyz`)).status).toBe(200);
  expect(await endServed(served, "SIGTERM")).toBe(0);
  expect(served.errors()).not.toContain('"level":50');
  const stored = storedRecords(files.data);
  expect(good.map(({ instance }) => stored.get(instance))).toEqual(good.map(({ records }) => records));
}

function saysWhy(contentType: string, body: Buffer): boolean {
  const said =
    contentType === "application/json"
      ? (JSON.parse(body.toString()) as { message?: unknown }).message
      : oracleDecode("Status_", body)["message"];
  return typeof said === "string" && said.length > 0;
}

describe("malformed bodies", () => {
  test(
    `${bodies} of each signal and form: each is taken or refused with a reason, memory stays, a good body counts exactly`,
    { timeout: 120_000 + bodies * 60 },
    async ({ annotate }) => {
      const pool = new Pool(served.otlpUrl, { connections });
      const random = seededRandom(seed);
      const answers = new Map<number, number>();
      const unclear: string[] = [];
      const kinds = (["traces", "metrics", "logs"] as const).flatMap((signal) =>
        (["protobuf", "json"] as const).map((form) => ({
          signal,
          source: mutatedBodies(signal, form, random),
        })),
      );
      const sendAll = async (count: number): Promise<void> => {
        let left = count * kinds.length;
        const sender = async (): Promise<void> => {
          while (left > 0) {
            left -= 1;
            const kind = kinds[left % kinds.length];
            const next = kind?.source.next();
            if (kind === undefined || next?.done !== false) throw new Error("the bodies have an end");
            const { headers, body } = next.value;
            const path = `/v1/${kind.signal}`;
            const answer = await pool.request({ path, method: "POST", headers, body });
            const said = Buffer.from(await answer.body.arrayBuffer());
            answers.set(answer.statusCode, (answers.get(answer.statusCode) ?? 0) + 1);
            const clear = answer.statusCode === 200 || saysWhy(String(answer.headers["content-type"]), said);
            if (!clear) unclear.push(`${path} ${answer.statusCode} ${body.toString("base64")}`);
          }
        };
        await Promise.all(Array.from({ length: connections }, sender));
      };
      await sendAll(Math.ceil(bodies / 10));
      const warm = memory("VmRSS");
      await sendAll(bodies - Math.ceil(bodies / 10));
      await pool.close();
      expect(unclear).toEqual([]);
      expect([...answers.keys()].filter((status) => ![200, 400].includes(status))).toEqual([]);
      expect(answers.get(400)).toBeGreaterThan(bodies);
      await annotate(`${Math.round(warm)} MB after a tenth, ${Math.round(memory("VmHWM"))} MB at most`);
      expect(memory("VmHWM")).toBeLessThan(warm + 200);
      await countsExactly(0);
    },
  );
});

const megabyte = 1024 * 1024;
const bombs: readonly (readonly [
  name: string,
  encoding: string,
  type: string,
  body: () => Buffer,
  status: number,
])[] = [
  ["gzip", "gzip", "application/x-protobuf", () => gzipSync(Buffer.alloc(100 * megabyte)), 413],
  ["deflate", "deflate", "application/json", () => deflateSync(Buffer.alloc(100 * megabyte)), 413],
  ["gzip in gzip", "gzip", "application/json", () => gzipSync(gzipSync(Buffer.alloc(100 * megabyte))), 400],
  ["two encodings", "gzip, gzip", "application/json", () => gzipSync(gzipSync("{}")), 415],
  ["a gzip cut off", "gzip", "application/json", () => gzipSync("{}").subarray(0, 15), 400],
  [
    "many objects",
    "gzip",
    "application/json",
    () => gzipSync(`{"x":[${"{},".repeat(20 * megabyte)}{}]}`),
    413,
  ],
  ["deep arrays", "gzip", "application/json", () => gzipSync("[".repeat(60 * megabyte)), 400],
];

describe("bombs", () => {
  test(
    "each is refused for what it is, in bounded memory, and a good body counts exactly",
    { timeout: 120_000 },
    async ({ annotate }) => {
      const base = memory("VmHWM");
      for (const [name, encoding, type, body, status] of bombs) {
        const packed = body();
        expect(packed.length, name).toBeLessThan(megabyte);
        const all = Array.from({ length: 4 }, async () => {
          const headers = { "content-type": type, "content-encoding": encoding };
          const response = await fetch(`${served.otlpUrl}/v1/traces`, {
            method: "POST",
            headers,
            body: packed,
          });
          await response.arrayBuffer();
          return response.status;
        });
        expect(await Promise.all(all), name).toEqual([status, status, status, status]);
      }
      await annotate(`${Math.round(base)} MB before, ${Math.round(memory("VmHWM"))} MB at most`);
      expect(memory("VmHWM")).toBeLessThan(base + 400);
      await countsExactly(0);
    },
  );
});

describe("slow senders and many connections", () => {
  test(
    "1,500 connections that say nothing, or half of something, take nothing from others",
    { timeout: 60_000 },
    async ({ annotate }) => {
      const base = memory("VmRSS");
      const host = "Host: 127.0.0.1\r\n";
      const halves = [
        "",
        `POST /v1/traces HTTP/1.1\r\n${host}`,
        `POST /v1/traces HTTP/1.1\r\n${host}Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{`,
        `POST /v1/traces HTTP/1.1\r\n${host}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n`,
      ];
      const ports = [served.otlpUrl, served.url].map((url) => Number(new URL(url).port));
      const held = Array.from({ length: 1500 }, (_, at) =>
        openRaw(ports[at % 2] ?? 0, halves[(at >> 1) % halves.length]),
      );
      try {
        await until(() => held.every(({ socket }) => !socket.connecting));
        const good = Array.from({ length: 40 }, (_, at) => exactBatch(at, Date.now()));
        for (const batch of good) expect(await sendExact(batch)).toBe(200);
        for (let asked = 0; asked < 40; asked += 1) {
          expect((await fetch(`${served.url}/v1/verdict?service=service-1`)).status).toBe(200);
        }
        await annotate(`${Math.round(base)} MB before, ${Math.round(memory("VmRSS"))} MB with them`);
        expect(memory("VmRSS")).toBeLessThan(base + 200);
        await countsExactly(100);
      } finally {
        for (const { socket } of held) socket.destroy();
      }
    },
  );
});

const json = "Host: 127.0.0.1\r\nContent-Type: application/json\r\n";
function post(path: string, body: string, headers = ""): string {
  return `POST ${path} HTTP/1.1\r\n${json}${headers}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}
function get(target: string, host = "Host: 127.0.0.1\r\n"): string {
  return `GET ${target} HTTP/1.1\r\n${host}\r\n`;
}

/** Status, and the field that the answer names; null where there is no field at fault. */
const hostileRequests: readonly (readonly [
  name: string,
  request: string,
  status: number,
  field: string | null,
])[] = [
  ["half of a JSON object", post("/v1/analyses", "{"), 400, "body"],
  ["no body at all", post("/v1/analyses", ""), 400, "body"],
  ["an array", post("/v1/analyses", "[]"), 400, "body"],
  ["null", post("/v1/analyses", "null"), 400, "body"],
  ["30,000 open brackets", post("/v1/analyses", "[".repeat(30_000)), 400, "body"],
  ["a body over the limit", post("/v1/analyses", "x".repeat(70_000)), 413, "body"],
  [
    "__proto__ as a field",
    post("/v1/analyses", '{"__proto__":{"a":1},"service":"a","canary":"b"}'),
    400,
    "__proto__",
  ],
  ["a number for a name", post("/v1/analyses", '{"service":1,"canary":"b"}'), 400, "service"],
  [
    "a name of 300 characters",
    post("/v1/analyses", `{"service":"${"s".repeat(300)}","canary":"b"}`),
    400,
    "service",
  ],
  [
    "an Idempotency-Key of 5,000",
    post("/v1/analyses", "{}", `Idempotency-Key: ${"k".repeat(5000)}\r\n`),
    400,
    "idempotency-key",
  ],
  [
    "an Idempotency-Key of 50,000",
    post("/v1/analyses", "{}", `Idempotency-Key: ${"k".repeat(50_000)}\r\n`),
    431,
    "headers",
  ],
  [
    "an Idempotency-Key that is not ASCII",
    post("/v1/analyses", "{}", "Idempotency-Key: é\r\n"),
    400,
    "idempotency-key",
  ],
  ["a query twice", get("/v1/verdict?service=a&service=b"), 400, "service"],
  ["a query as an array", get("/v1/verdict?service[]=a"), 400, "service"],
  ["an unknown query", get("/v1/verdict?service=a&__proto__=1"), 400, "__proto__"],
  ["a wait without an end", get("/v1/verdict?service=a&wait=1e99s"), 400, "wait"],
  ["a negative limit", get("/v1/analyses?limit=-1"), 400, "limit"],
  ["a query of 10,000", get(`/v1/verdict?service=${"a".repeat(10_000)}`), 400, "service"],
  ["an id that is no UTF-8", get("/v1/analyses/%E0%A4%A"), 404, null],
  ["an id of a zero byte", get("/v1/analyses/%00"), 404, null],
  ["an id of every object", get("/v1/analyses/constructor"), 404, null],
  ["a path out of the root", get("/v1/../../etc/passwd"), 404, null],
  ["the same, encoded", get("/%2e%2e%2f%2e%2e%2fetc/passwd"), 404, null],
  ["a path that looks like a host", get("//example.com/v1/analyses"), 404, null],
  ["a backslash", get("/..\\..\\etc\\passwd"), 400, "request"],
  ["PUT where POST is served", `PUT /v1/analyses HTTP/1.1\r\n${json}Content-Length: 2\r\n\r\n{}`, 405, null],
  ["DELETE of a verdict", "DELETE /v1/verdict HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 405, null],
  ["a deed that there is not", post("/v1/analyses/x/destroy", "{}"), 404, null],
  [
    "a form",
    post("/v1/analyses", "service=a").replace("application/json", "application/x-www-form-urlencoded"),
    415,
    null,
  ],
  [
    "a change under a foreign name",
    post("/v1/analyses", "{}").replace("127.0.0.1", "evil.example"),
    403,
    null,
  ],
  ["a Host that is none", get("/v1/analyses", "Host: a b\r\n"), 400, "request"],
  ["no Host", get("/v1/analyses", ""), 400, "request"],
  [
    "a request in a request",
    `POST / HTTP/1.1\r\n${json}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    400,
    "request",
  ],
  ["no HTTP", "\u0016\u0003\u0001\u0002\r\n\r\n", 400, "request"],
];

test(
  "hostile API requests are answered as problems that name the field and the fix",
  { timeout: 60_000 },
  async () => {
    const port = Number(new URL(served.url).port);
    for (const [name, request, status, field] of hostileRequests) {
      const connection = openRaw(port, request);
      await until(() => answerIn(connection.received()).body.endsWith("}"));
      connection.socket.destroy();
      const answer = answerIn(connection.received());
      expect(answer.head, name).toContain("content-type: application/problem+json");
      const problem = problemSchema.parse(JSON.parse(answer.body));
      expect([name, answer.status, problem.status]).toEqual([name, status, status]);
      expect(problem.detail, name).not.toMatch(/^$|\n/);
      expect(
        field === null || problem.errors?.some((one) => one.field === field && one.fix !== ""),
        name,
      ).toBe(true);
    }
    await countsExactly(0);
  },
);
