import { execFile, spawn, type ChildProcess } from "node:child_process";
import { accessSync, constants, existsSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { freePorts } from "./free-ports.ts";

const run = promisify(execFile);

/** The release that is run; its jars are fetched once and kept in the user's cache folder. */
const version = "4.4.0";
const cache = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "haldane");
const jars = join(cache, `kafka-${version}`);

const artifacts: readonly (readonly [group: string, artifact: string, version: string])[] = [
  ["org.apache.kafka", "kafka_2.13", version],
  // Without a binding Kafka logs nothing, and its log says when it is ready.
  ["org.slf4j", "slf4j-simple", "1.7.36"],
];

function onPath(command: string): boolean {
  return (process.env["PATH"] ?? "").split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, command), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** What this machine lacks to run a real Kafka, or null. */
export const kafkaMissing: string | null = !onPath("java")
  ? "no java (17 or newer) on PATH"
  : !existsSync(jars) && !onPath("mvn")
    ? `no mvn on PATH to fetch Kafka ${version} with`
    : null;

const inCi = process.env["CI"] !== undefined;

/** True where tests with a real Kafka are to be skipped, which is said aloud; in CI they are run, and fail for what is missing. */
export function skipsKafka(whatIsNotRun: string): boolean {
  if (kafkaMissing === null || inCi) return false;
  console.warn(`SKIPPED: ${kafkaMissing}, so ${whatIsNotRun} was not run with a real Kafka`);
  return true;
}

/** Fetches the jars with Maven unless they are there, and gives their folder. */
export async function fetchKafka(): Promise<string> {
  if (kafkaMissing !== null) throw new Error(`a real Kafka must be run here: ${kafkaMissing}`);
  if (existsSync(jars)) return jars;
  await mkdir(cache, { recursive: true });
  const work = await mkdtemp(join(cache, "fetching-"));
  try {
    const dependencies = artifacts.map(
      ([group, artifact, release]) =>
        `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${release}</version></dependency>`,
    );
    const project = `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>haldane.test</groupId><artifactId>kafka</artifactId><version>1</version><packaging>pom</packaging>
<dependencies>${dependencies.join("")}</dependencies></project>`;
    await writeFile(join(work, "pom.xml"), project);
    const goal = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies";
    await run("mvn", ["-q", "-B", "-f", work, goal, "-DincludeScope=runtime", "-DoutputDirectory=jars"]);
    // Whole or not at all; where another process was faster, its folder is as good.
    await rename(join(work, "jars"), jars).catch((error: unknown) => {
      if (!existsSync(jars)) throw error;
    });
  } finally {
    await rm(work, { recursive: true });
  }
  return jars;
}

/** A broker that is its own controller, on loopback, with its data in a folder of its own. */
export interface RealKafka {
  /** host:port for clients; the same after a restart. */
  readonly broker: string;
  /** Starts it again on the data that it has; resolves when it serves. */
  start(): Promise<void>;
  /** By SIGTERM, or as a power switch would. */
  stop(signal?: "SIGTERM" | "SIGKILL"): Promise<void>;
  /** Ends it and deletes its data. */
  close(): Promise<void>;
}

export interface RealKafkaOptions {
  /** False: topics have to be made by an administrator. */
  readonly autoCreateTopics?: boolean;
  readonly partitions?: number;
}

/** Starts a real Kafka on free ports; some 3 s, and some 10 s more where its jars are not there yet. */
export async function openRealKafka(options: RealKafkaOptions = {}): Promise<RealKafka> {
  const libraries = await fetchKafka();
  const folder = await mkdtemp(join(tmpdir(), "haldane-kafka-"));
  const [port, controllerPort] = await freePorts(2);
  const broker = `127.0.0.1:${port}`;
  const properties = join(folder, "server.properties");
  const data = join(folder, "data");
  await writeFile(
    properties,
    propertiesOf({ broker, controller: `127.0.0.1:${controllerPort}`, data, options }),
  );
  const java = (heap: string): readonly string[] => [
    ...[`-Xmx${heap}`, "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"],
    ...["-cp", join(libraries, "*")],
  ];
  const format = ["kafka.tools.StorageTool", "format", "-t", "aGFsZGFuZS10ZXN0cy0xMg", "-c", properties];
  await run("java", [...java("128m"), ...format]);

  let child: ChildProcess | null = null;
  let ended: Promise<unknown> = Promise.resolve();
  const start = async (): Promise<void> => {
    const started = spawn("java", [...java("512m"), "kafka.Kafka", properties], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    child = started;
    ended = new Promise((resolve) => started.once("exit", resolve));
    await untilServing(started);
  };
  const stop = async (signal: "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<void> => {
    child?.kill(signal);
    const late = setTimeout(() => child?.kill("SIGKILL"), 20_000);
    await ended;
    clearTimeout(late);
    child = null;
  };
  const close = async (): Promise<void> => {
    await stop("SIGKILL");
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await start();
  } catch (error) {
    await close();
    throw error;
  }
  return { broker, start, stop, close };
}

function propertiesOf(asked: {
  readonly broker: string;
  readonly controller: string;
  readonly data: string;
  readonly options: RealKafkaOptions;
}): string {
  const { broker, controller, data, options } = asked;
  return Object.entries({
    "process.roles": "broker,controller",
    "node.id": 1,
    "controller.quorum.voters": `1@${controller}`,
    "controller.listener.names": "CONTROLLER",
    listeners: `PLAINTEXT://${broker},CONTROLLER://${controller}`,
    "advertised.listeners": `PLAINTEXT://${broker}`,
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "log.dirs": data,
    "auto.create.topics.enable": options.autoCreateTopics ?? true,
    "num.partitions": options.partitions ?? 1,
    "default.replication.factor": 1,
    "offsets.topic.replication.factor": 1,
    "offsets.topic.num.partitions": 1,
    "transaction.state.log.replication.factor": 1,
    "transaction.state.log.num.partitions": 1,
    "transaction.state.log.min.isr": 1,
    "share.coordinator.state.topic.replication.factor": 1,
    "share.coordinator.state.topic.min.isr": 1,
    "group.initial.rebalance.delay.ms": 0,
    // A member that was killed is missed soon: its partitions wait for that.
    "group.min.session.timeout.ms": 500,
    // A broker that restarts at once is refused until its old session is over, 9 s by default.
    "broker.session.timeout.ms": 2000,
    "broker.heartbeat.interval.ms": 500,
    "log.cleaner.dedupe.buffer.size": 16 * 1024 * 1024,
  })
    .map(([key, value]) => `${key}=${value}\n`)
    .join("");
}

/** Reads what a broker says until it serves; where it ends first, what it said last is the error. */
async function untilServing(child: ChildProcess): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    let said = "";
    let serving = false;
    const hear = (chunk: Buffer): void => {
      if (serving) return;
      said = (said + chunk.toString()).slice(-16_384);
      if (!said.includes("Kafka Server started")) return;
      serving = true;
      resolve();
    };
    // Read to the end, or a full pipe would stop the broker.
    child.stdout?.on("data", hear);
    child.stderr?.on("data", hear);
    child.once("error", reject);
    child.once("exit", (code) => {
      if (!serving)
        reject(new Error(`Kafka ended at its start with ${code ?? "a signal"}: ${said.slice(-4096)}`));
    });
  });
}
