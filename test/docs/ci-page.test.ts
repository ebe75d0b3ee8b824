import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { sendSecond, type LiveVersion } from "#test/support/live-traffic.ts";
import { quickConfiguration, quickToken } from "#test/support/quick-policy.ts";
import { endServed, serveFiles, startServed, type Served } from "#test/support/served.ts";

const page = readFileSync(new URL("../../docs/ci.md", import.meta.url), "utf8");
const [gateScript, byHand] = [...page.matchAll(/^```bash\n(.*?)^```/gms)].map((match) => match[1]!);
const [github, gitlab] = [...page.matchAll(/^```yaml\n(.*?)^```/gms)].map(
  (match) => parse(match[1]!) as unknown,
);

const inCi = process.env["CI"] !== undefined;
const missing = ["bash", "curl", "jq"].filter((tool) => spawnSync(tool, ["--version"]).status !== 0);
if (missing.length > 0 && !inCi)
  console.warn(
    `SKIPPED: no ${missing.join(", ")} on this machine, so the scripts of docs/ci.md were not run`,
  );

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly errors: string;
}

/** A checkout as a pipeline has it: the script of the page, and a deploy.sh that writes down what it is told. */
interface Checkout {
  readonly run: (line: string, environment: Readonly<Record<string, string>>) => Promise<Ended>;
  readonly deployed: () => readonly string[];
  readonly remove: () => void;
}

function checkout(): Checkout {
  const folder = mkdtempSync(join(tmpdir(), "haldane checkout "));
  writeFileSync(join(folder, "canary-gate.sh"), gateScript!, { mode: 0o755 });
  writeFileSync(join(folder, "deploy.sh"), '#!/bin/sh\necho "$*" >>deployed\n', { mode: 0o755 });
  writeFileSync(join(folder, "deployed"), "");
  return {
    run: (line, environment) =>
      new Promise((resolve) => {
        const child = spawn("bash", ["-e", "-c", line], {
          cwd: folder,
          env: { PATH: process.env["PATH"] ?? "", ...environment },
          stdio: ["ignore", "pipe", "pipe"],
        });
        let out = "";
        let errors = "";
        child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
        child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
        child.on("close", (code) => {
          resolve({ code, out, errors });
        });
      }),
    deployed: () => readFileSync(join(folder, "deployed"), "utf8").split("\n").slice(0, -1),
    remove: () => {
      rmSync(folder, { recursive: true });
    },
  };
}

const githubJob = z
  .strictObject({
    name: z.string(),
    on: z.strictObject({ push: z.strictObject({ tags: z.array(z.string()) }) }),
    jobs: z.strictObject({
      canary: z.strictObject({
        "runs-on": z.string(),
        "timeout-minutes": z.number(),
        steps: z.array(
          z.union([
            z.strictObject({ uses: z.string() }),
            z.strictObject({
              name: z.string(),
              env: z.record(z.string(), z.string()).default({}),
              if: z.string().default("success()"),
              run: z.string(),
            }),
          ]),
        ),
      }),
    }),
  })
  .transform(({ jobs }) => jobs.canary.steps.flatMap((step) => ("run" in step ? [step] : [])));

const gitlabJob = z
  .strictObject({
    canary: z.strictObject({
      stage: z.string(),
      rules: z.array(z.strictObject({ if: z.string() })),
      timeout: z.string(),
      variables: z.record(z.string(), z.string()),
      script: z.array(z.string()),
      after_script: z.array(z.string()),
    }),
  })
  .transform(({ canary }) => canary);

let served: Served;
let redirecting: Server;
const checkouts: Checkout[] = [];

function fresh(): Checkout {
  const made = checkout();
  checkouts.push(made);
  return made;
}

/** The variables of the gate for one service; the rest as the page gives it. */
function variables(service: string): Readonly<Record<string, string>> {
  return {
    HALDANE_URL: served.url,
    HALDANE_TOKEN: quickToken,
    SERVICE: `shop/${service}`,
    ENVIRONMENT: "production",
    CANARY: "2.4.0",
    KEY: `test-${service}`,
    RETRIES: "0",
  };
}

/** The steps of the GitHub job as its runner takes them; the service is another one than the page's where named. */
async function runGithub(made: Checkout): Promise<readonly Ended[]> {
  const contexts: Readonly<Record<string, string>> = {
    "vars.HALDANE_URL": served.url,
    "secrets.HALDANE_TOKEN": quickToken,
    "github.run_id": "77",
    "github.run_attempt": "1",
  };
  const ended: Ended[] = [];
  for (const step of githubJob.parse(github)) {
    const failed = ended.some(({ code }) => code !== 0);
    if (failed !== step.if.startsWith("failure()")) continue;
    const environment = Object.entries(step.env).map(([name, value]) => [
      name,
      value.replace(/\$\{\{ (.*?) \}\}/g, (_, key: string) => contexts[key] ?? expect.fail(`no ${key}`)),
    ]);
    ended.push(
      await made.run(step.run, {
        GITHUB_REF_NAME: "v2.4.0",
        ...(Object.fromEntries(environment) as Record<string, string>),
      }),
    );
  }
  return ended;
}

/** The GitLab job as its runner takes it, for a service that fails. */
async function runGitlab(made: Checkout): Promise<readonly Ended[]> {
  const job = gitlabJob.parse(gitlab);
  const environment = {
    ...variables("cart"),
    ...job.variables,
    SERVICE: "shop/cart",
    KEY: job.variables["KEY"] === "$CI_JOB_ID" ? "4711" : "",
    CI_COMMIT_TAG: "v2.4.0",
  };
  delete (environment as Record<string, string>)["CANARY"];
  const main = await made.run(job.script.join("\n"), environment);
  const status = main.code === 0 ? "success" : "failed";
  return [main, await made.run(job.after_script.join("\n"), { ...environment, CI_JOB_STATUS: status })];
}

function version(service: string, name: string, errors: number): LiveVersion {
  const resource = {
    "service.namespace": "shop",
    "service.name": service,
    "deployment.environment.name": "production",
  };
  return { version: name, instances: 3, rps: 300, errors, resource, token: quickToken };
}

/** Traffic of a release that is good and of one that is not, until all scripts have ended. */
async function whileTraffic<T>(scripts: Promise<T>): Promise<T> {
  const ended = new AbortController();
  const result = scripts.finally(() => {
    ended.abort();
  });
  while (!ended.signal.aborted) {
    await Promise.all([
      sendSecond(served.otlpUrl, version("checkout", "2.3.1", 0.001)),
      sendSecond(served.otlpUrl, version("checkout", "2.4.0", 0.001)),
      sendSecond(served.otlpUrl, version("cart", "2.3.1", 0.001)),
      sendSecond(served.otlpUrl, version("cart", "2.4.0", 0.1)),
      wait(1000),
    ]);
  }
  return result;
}

interface Played {
  readonly good: Checkout;
  readonly bad: Checkout;
  readonly github: readonly Ended[];
  readonly gitlab: readonly Ended[];
  readonly silent: Ended;
}
let played: Played;

describe.skipIf(missing.length > 0 && !inCi)("the scripts of the CI page, against a real process", () => {
  beforeAll(async () => {
    if (missing.length > 0) throw new Error(`no ${missing.join(", ")}: the scripts must be run here`);
    served = await startServed(await serveFiles(quickConfiguration, { HALDANE_TOKEN: quickToken }));
    redirecting = createServer((request, response) => {
      if (request.url?.startsWith("/redirect") === true)
        response.writeHead(302, { location: "/login" }).end();
      else response.writeHead(200, { "content-type": "text/html" }).end("<h1>Log in</h1>");
    });
    await new Promise<void>((resolve) => redirecting.listen(0, "127.0.0.1", resolve));
    // The version that serves most is the baseline, so it has to be seen before an analysis opens without one.
    for (let second = 0; second < 3; second += 1) {
      await Promise.all([
        sendSecond(served.otlpUrl, version("checkout", "2.3.1", 0.001)),
        sendSecond(served.otlpUrl, version("cart", "2.3.1", 0.001)),
        wait(1000),
      ]);
    }
    const good = fresh();
    const bad = fresh();
    const [one, two, silent] = await whileTraffic(
      Promise.all([
        runGithub(good),
        runGitlab(bad),
        fresh().run("./canary-gate.sh", { ...variables("search"), BASELINE: "2.3.1" }),
      ]),
    );
    played = { good, bad, github: one, gitlab: two, silent };
  }, 120_000);

  afterAll(async () => {
    for (const made of checkouts) made.remove();
    redirecting.close();
    await endServed(served, "SIGKILL");
  });

  test("a good release passes the gate, and the GitHub job gives it all traffic", () => {
    expect(played.github.map(({ code, errors }) => [code, errors])).toEqual([
      [0, ""],
      [0, ""],
      [0, ""],
    ]);
    expect(played.github[1]!.out).toContain(`${served.url}/analyses/`);
    expect(played.github[1]!.out).toMatch(/^promote: every guarded signal is proven good enough/m);
    expect(played.good.deployed()).toEqual(["canary 2.4.0", "promote 2.4.0"]);
  });

  test("a harmful one ends the gate with 3, and the GitLab job takes it back", () => {
    const [main] = played.gitlab;
    expect(main!.code).toBe(3);
    expect(main!.out).toMatch(/^rollback: POST \/pay: errors in/m);
    expect(played.bad.deployed()).toEqual(["canary 2.4.0", "rollback 2.4.0"]);
  });

  test("a service without telemetry ends inconclusive, with 4", () => {
    expect(played.silent.code).toBe(4);
    expect(played.silent.out).toMatch(/^inconclusive: /m);
  });

  test("time that runs out is told apart from a verdict, and does not pass", async () => {
    const short = {
      ...variables("search"),
      CANARY: "2.5.0",
      BASELINE: "2.3.1",
      KEY: "short",
      TIMEOUT_SECONDS: "2",
    };
    const { code, out, errors } = await fresh().run("./canary-gate.sh", short);
    expect([code, errors]).toEqual([4, "canary-gate: no verdict within 2 s\n"]);
    expect(out).toMatch(/^continue: /m);
  });

  test("the same key asks on: a step that is run again ends as it did", async () => {
    const again = await fresh().run("./canary-gate.sh", {
      ...variables("search"),
      BASELINE: "2.3.1",
    });
    expect([again.code, again.out]).toEqual([4, played.silent.out.replace(/^continue: .*\n/gm, "")]);
  });

  test.each([
    [
      "a server that is away",
      { HALDANE_URL: "http://127.0.0.1:1" },
      "no answer to /v1/analyses (curl ended with 7)",
    ],
    ["a wrong token", { HALDANE_TOKEN: "another" }, "Authorization: Bearer <token>"],
    ["a key that stands for another request", { KEY: "test-search" }, "was used for another request"],
    ["a service name that is too long", { SERVICE: "x".repeat(300) }, "service"],
  ])("%s ends with 1 and says what it was", async (_, wrong, said) => {
    const { code, out, errors } = await fresh().run("./canary-gate.sh", {
      ...variables("checkout"),
      CANARY: "9.9.9",
      ...wrong,
    });
    expect([code, out]).toEqual([1, ""]);
    expect(errors).toContain(said);
  });

  test.each(["/redirect", "/login"])("a login page at %s is no verdict", async (path) => {
    const { port } = redirecting.address() as AddressInfo;
    const url = `http://127.0.0.1:${port}${path}`;
    const { code, errors } = await fresh().run("./canary-gate.sh", {
      ...variables("cart"),
      HALDANE_URL: url,
    });
    expect([code, errors]).toEqual([1, expect.stringContaining("this is no answer of Haldane's")]);
  });

  test.each(["HALDANE_URL", "HALDANE_TOKEN", "SERVICE", "CANARY", "KEY"])(
    "without %s it ends with 2",
    async (name) => {
      const { code, errors } = await fresh().run("./canary-gate.sh", { ...variables("cart"), [name]: "" });
      expect([code, errors]).toEqual([2, `canary-gate: ${name} is not set\n`]);
    },
  );

  test("the questions by hand are answered", async () => {
    const { code, out } = await fresh().run(byHand!, variables("checkout"));
    expect(code).toBe(0);
    expect(out).toContain('"service":"shop/checkout"');
    expect(out).toContain('"verdict":"');
  });
});
