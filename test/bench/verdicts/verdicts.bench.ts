import { writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { cpus, loadavg } from "node:os";
import { dirname, resolve } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { endServed, serveFiles, startServed, type Served } from "#test/support/served.ts";
import { askAsFastAsItGoes, askSteadily, type Lane } from "./asked.ts";
import { beginSending, obeyParent, serveBare, startChild } from "./children.ts";
import type { Sent } from "./telemetry-sender.ts";
import { verdictsPage, type LaneFigures, type Load } from "./verdicts-page.ts";

const docsPage = "docs/benchmarks/verdicts.md";
const services = ["cart", "checkout", "payment", "catalog", "shipping", "email", "search", "gateway"];
const allRounds = 5;
/** Questions a second: two thousand rollouts that each ask every ten seconds. */
const rate = 200;
const roundSeconds = 6;
const burstSeconds = 2;
const connections = 4;
const fillSeconds = 10;
/** A body holds 3,500 spans. */
const spansEachBody = 3500;

/** Nothing promotes for hours, so that the analyses stay open while they are asked for. */
const configuration = `apiVersion: haldane/v1
kind: Configuration
bindings: [{ service: "*", policy: long }]
---
apiVersion: haldane/v1
kind: Policy
name: long
minimum: 12h
horizon: 24h
`;

/** Verdict GETs beside ingest; writes the page of figures unless told `--dry`, or `--quick`, which is one round. */
export async function verdictsBench(parameters: readonly string[]): Promise<void> {
  if (process.send !== undefined) {
    obeyParent();
    return;
  }
  const loadBefore = (loadavg()[0] ?? NaN).toFixed(1);
  const quick = parameters.includes("--quick");
  const rounds = quick ? 1 : allRounds;
  const files = { ...(await serveFiles(configuration, {})), main: resolve("dist/main.js") };
  const served = await startServed(files);
  const bare = startChild();
  const sender = startChild();
  try {
    const limit = await fill(served, sender);
    const lanes = await lanesOf(served, bare);
    const quiet = await measure(lanes, rounds);
    const bodiesEachSecond = limit.spans / limit.seconds / spansEachBody / 2;
    const sending = await beginSending(sender, served.otlpUrl, bodiesEachSecond);
    await wait(5000);
    const loaded = await measure(lanes, rounds);
    const load: Load = { limit, sent: await sending.stop(), asked: bodiesEachSecond * spansEachBody };
    const machine = `${cpus().length} virtual cores, shared with other work (load average ${loadBefore} before it began); Node ${process.versions.node}`;
    const date = new Date().toISOString().slice(0, 10);
    const setting = { analyses: services.length, rate, connections, machine, date, rounds };
    const page = verdictsPage({ quiet, loaded, load, ...setting });
    console.log(page);
    if (!quick && !parameters.includes("--dry")) writeFileSync(docsPage, page);
  } finally {
    bare.kill();
    sender.kill();
    await endServed(served, "SIGTERM");
    await rm(dirname(files.config), { recursive: true });
  }
}

/** How much this machine takes with the sender beside it: as many spans as are acknowledged over eight connections. */
async function fill(served: Served, sender: ReturnType<typeof startChild>): Promise<Sent> {
  const warmUp = await beginSending(sender, served.otlpUrl, 10);
  await wait(6000);
  await warmUp.stop();
  for (const service of services) await open(served, service, "1.5.0");
  const sending = await beginSending(sender, served.otlpUrl, null);
  await wait(fillSeconds * 1000);
  return sending.stop();
}

async function open(served: Served, service: string, canary: string): Promise<string> {
  const analysis = { service: `shop/${service}`, environment: "production", canary, baseline: "1.4.2" };
  const response = await fetch(`${served.url}/v1/analyses`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(analysis),
  });
  if (!response.ok) throw new Error(await response.text());
  return ((await response.json()) as { id: string }).id;
}

/** What is asked in turn. The bare route answers the very text that the open verdict had. */
async function lanesOf(served: Served, bare: ReturnType<typeof startChild>): Promise<readonly Lane[]> {
  const ended = await open(served, "cart", "0.9.0");
  const aborted = await fetch(`${served.url}/v1/analyses/${ended}/abort`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ reason: "to be asked for once it has ended" }),
  });
  if (!aborted.ok) throw new Error(await aborted.text());
  const verdict = `${served.url}/v1/verdict?service=shop/checkout&environment=production&canary=1.5.0`;
  const answer = await (await fetch(verdict)).text();
  return [
    { name: "Haldane, `/v1/verdict`, open", url: verdict },
    {
      name: "Haldane, `/v1/verdict`, ended",
      url: `${served.url}/v1/verdict?service=shop/cart&environment=production&canary=0.9.0`,
    },
    { name: "Haldane, `/livez`", url: `${served.url}/livez` },
    { name: "bare Hono route", url: await serveBare(bare, answer) },
  ];
}

async function measure(lanes: readonly Lane[], rounds: number): Promise<readonly LaneFigures[]> {
  const figures = lanes.map(({ name }) => ({ name, steady: [] as number[][], bursts: [] as number[] }));
  for (let round = -1; round < rounds; round += 1) {
    for (const [place, lane] of lanes.entries()) {
      const seconds = round < 0 ? 2 : roundSeconds;
      const steady = await askSteadily(lane, rate, seconds);
      const burst = await askAsFastAsItGoes(lane, connections, round < 0 ? 1 : burstSeconds);
      // The first round warms up.
      if (round < 0) continue;
      figures[place]?.steady.push([...steady.latenciesMs]);
      figures[place]?.bursts.push(burst.latenciesMs.length / burst.seconds);
    }
  }
  return figures;
}
