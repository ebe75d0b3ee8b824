import { execFile, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { promisify } from "node:util";

/** One release throughout: the builder, the core and the contributed components belong together. */
export const collectorVersion = "0.158.0";
const providersVersion = "1.64.0";
/** What the components' modules ask for. */
const goNeeded = { major: 1, minor: 25 };

const core = "go.opentelemetry.io/collector";
const contrib = "github.com/open-telemetry/opentelemetry-collector-contrib";

function modules(version: string, paths: readonly string[]): readonly { readonly gomod: string }[] {
  return paths.map((path) => ({ gomod: `${path} v${version}` }));
}

/** What the Collector is made of, for its builder; JSON is YAML too. */
const manifest = JSON.stringify({
  dist: { name: "otelcol", version: collectorVersion, output_path: "./out" },
  receivers: modules(collectorVersion, [
    `${core}/receiver/otlpreceiver`,
    `${contrib}/receiver/kafkareceiver`,
  ]),
  processors: modules(collectorVersion, [
    `${core}/processor/batchprocessor`,
    `${core}/processor/memorylimiterprocessor`,
    `${contrib}/processor/k8sattributesprocessor`,
  ]),
  exporters: modules(collectorVersion, [
    `${core}/exporter/debugexporter`,
    `${core}/exporter/nopexporter`,
    `${core}/exporter/otlphttpexporter`,
    `${core}/exporter/otlpexporter`,
    `${contrib}/exporter/fileexporter`,
    `${contrib}/exporter/kafkaexporter`,
  ]),
  connectors: modules(collectorVersion, [
    `${contrib}/connector/spanmetricsconnector`,
    `${contrib}/connector/servicegraphconnector`,
  ]),
  providers: modules(providersVersion, [
    `${core}/confmap/provider/envprovider`,
    `${core}/confmap/provider/fileprovider`,
    `${core}/confmap/provider/yamlprovider`,
  ]),
});

const cache = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "haldane", "collector");
/** The checksum of what it is built from, so that another manifest never meets an old binary. */
const stamp = `${collectorVersion}-${createHash("sha256").update(manifest).digest("hex").slice(0, 12)}`;
const binary = join(cache, stamp, "otelcol");

/** The Collector of the tests where an earlier build left it, or null. */
export function cachedCollector(): string | null {
  return existsSync(binary) ? binary : null;
}

/**
 * The Collector of the tests, built if it is not there yet: some five minutes from empty Go caches, seconds from full ones.
 * Where it cannot be had: a line on standard error and null, or, in continuous integration, an error.
 */
export async function builtCollector(): Promise<string | null> {
  const missing = cachedCollector() === null ? await buildLocked() : null;
  if (missing === null) return binary;
  const said = `the tests with a real OpenTelemetry Collector need what is missing here: ${missing}`;
  if (process.env["CI"] !== undefined) throw new Error(said);
  process.stderr.write(`\nSKIPPED: ${said}\n`);
  return null;
}

/** Builds; gives what is missing for it, or null when the binary is there. */
async function buildLocked(): Promise<string | null> {
  const { stdout, status } = spawnSync("go", ["env", "GOVERSION"], { encoding: "utf8" });
  const { major, minor } = goNeeded;
  const wanted = `Go ${major}.${minor} or newer`;
  if (status !== 0) return wanted;
  const [, goMajor, goMinor] = /^go(\d+)\.(\d+)/.exec(stdout) ?? [];
  if (Number(goMajor) < major || (Number(goMajor) === major && Number(goMinor) < minor))
    return `${wanted} (this is ${stdout.trim()})`;
  mkdirSync(join(cache, stamp), { recursive: true });
  const unlock = await lock(join(cache, `${stamp}.lock`));
  try {
    return cachedCollector() === null ? await build() : null;
  } finally {
    unlock();
  }
}

/**
 * One builder at a time: a symbolic link to this process's id, which comes into being whole. A link of a process that is gone is
 * taken over; should two do so at once, both build, each in a folder of its own, and the same binary takes its place twice.
 */
async function lock(path: string): Promise<() => void> {
  for (;;) {
    try {
      symlinkSync(String(process.pid), path);
      return () => {
        rmSync(path, { force: true });
      };
    } catch {
      if (isHeld(path)) await wait(500);
      else rmSync(path, { force: true });
    }
  }
}

function isHeld(path: string): boolean {
  try {
    return process.kill(Number(readlinkSync(path)), 0);
  } catch {
    return false;
  }
}

async function build(): Promise<string | null> {
  const folder = mkdtempSync(join(cache, "building-"));
  const run = promisify(execFile);
  const options = { cwd: folder, maxBuffer: 64 * 1024 * 1024 };
  process.stderr.write(`Building the OpenTelemetry Collector ${collectorVersion} once, into ${cache}\n`);
  try {
    writeFileSync(join(folder, "build.yaml"), manifest);
    const env = { ...process.env, GOBIN: folder };
    await run("go", ["install", `${core}/cmd/builder@v${collectorVersion}`], { ...options, env });
    await run(join(folder, "builder"), ["--config", "build.yaml"], options);
    renameSync(join(folder, "out", "otelcol"), binary);
    return null;
  } catch (error) {
    const said = error instanceof Error && "stderr" in error ? String(error.stderr) : String(error);
    return `a build that succeeds; it ended with\n${said.trimEnd().split("\n").slice(-15).join("\n")}`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
