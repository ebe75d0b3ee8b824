import type { ChildProcess } from "node:child_process";
import { writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { cpus, loadavg } from "node:os";
import { dirname, resolve } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { endServed, serveFiles, startServed, type Served } from "#test/support/served.ts";
import { costOf, whyNoCosts } from "../process-cost.ts";
import { askAsFastAsItGoes, askSteadily, type Asked } from "./asked.ts";
import { beginSending, obeyParent, serveBare, startChild } from "./children.ts";
import type { Sent } from "./telemetry-sender.ts";
import { threadTime, type ThreadTime } from "./thread-time.ts";
import { verdictsPage, type LaneCost, type LaneFigures, type Load } from "./verdicts-page.ts";

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

/** What is asked, under its name for the page, and the process that answers. */
interface Lane extends Asked {
  readonly name: string;
  readonly pid: number;
}

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
    for (const service of services) await open(served, service, "1.5.0");
    const lanes = await lanesOf(served, bare);
    const costs = await costsOf(lanes);
    const limit = await fill(served, sender);
    const quiet = await measure(lanes, rounds);
    const bodiesEachSecond = limit.spans / limit.seconds / spansEachBody / 2;
    const sending = await beginSending(sender, served.otlpUrl, bodiesEachSecond);
    await wait(5000);
    const loaded = await measure(lanes, rounds);
    const load: Load = { limit, sent: await sending.stop(), asked: bodiesEachSecond * spansEachBody };
    const machine = `${cpus().length} virtual cores, shared with other work (load average ${loadBefore} before it began); Node ${process.versions.node}`;
    const date = new Date().toISOString().slice(0, 10);
    const setting = { analyses: services.length, rate, connections, machine, date, rounds };
    const page = verdictsPage({ costs, quiet, loaded, load, ...setting });
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
async function fill(served: Served, sender: ChildProcess): Promise<Sent> {
  const warmUp = await beginSending(sender, served.otlpUrl, 10);
  await wait(6000);
  await warmUp.stop();
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
async function lanesOf(served: Served, bare: ChildProcess): Promise<readonly Lane[]> {
  const pid = served.process.pid ?? 0;
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
    { name: "Haldane, `/v1/verdict`, open", url: verdict, pid },
    {
      name: "Haldane, `/v1/verdict`, ended",
      url: `${served.url}/v1/verdict?service=shop/cart&environment=production&canary=0.9.0`,
      pid,
    },
    { name: "Haldane, `/livez`", url: `${served.url}/livez`, pid },
    { name: "bare Hono route", url: await serveBare(bare, answer), pid: bare.pid ?? 0 },
  ];
}

/** CPU time of one answer, before there is any telemetry to judge: what the process does beside it is next to nothing. */
async function costsOf(lanes: readonly Lane[]): Promise<readonly LaneCost[]> {
  const costs: LaneCost[] = [];
  for (const { name, url, pid } of whyNoCosts === null ? lanes : []) {
    await askAsFastAsItGoes({ url }, connections, burstSeconds);
    const before = costOf(pid).cpuSeconds;
    const { latenciesMs } = await askAsFastAsItGoes({ url }, connections, 2 * burstSeconds);
    costs.push({ name, cpuMs: ((costOf(pid).cpuSeconds - before) * 1000) / latenciesMs.length });
  }
  return costs;
}

async function measure(lanes: readonly Lane[], rounds: number): Promise<readonly LaneFigures[]> {
  const figures = lanes.map(({ name }) => ({
    name,
    steady: [] as number[][],
    bursts: [] as number[],
    threads: [] as { readonly before: ThreadTime; readonly after: ThreadTime; readonly seconds: number }[],
  }));
  for (let round = -1; round < rounds; round += 1) {
    for (const [place, lane] of lanes.entries()) {
      const before = threadTime(lane.pid);
      const steady = await askSteadily(lane, rate, round < 0 ? 2 : roundSeconds);
      const after = threadTime(lane.pid);
      const burst = await askAsFastAsItGoes(lane, connections, round < 0 ? 1 : burstSeconds);
      // The first round warms up.
      if (round < 0) continue;
      figures[place]?.steady.push([...steady.latenciesMs]);
      figures[place]?.bursts.push(burst.latenciesMs.length / burst.seconds);
      if (before !== null && after !== null)
        figures[place]?.threads.push({ before, after, seconds: steady.seconds });
    }
  }
  return figures;
}
