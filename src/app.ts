/* eslint-disable max-lines -- the one file that knows every part */
import type { Server } from "node:http";
import { join } from "node:path";
import { SpanStatusCode, trace } from "@opentelemetry/api";
import pino, { type Logger } from "pino";
import { Registry } from "prom-client";
import { startRefused, type App } from "#cli/serve.ts";
import { documentKinds, jsonSchemaOf } from "#config/json-schema.ts";
import type { LoadedConfiguration } from "#config/load-configuration.ts";
import { createOutbox, type Outbox } from "#control/outbox.ts";
import { Ledger } from "#engine/ledger.ts";
import type { NotificationStore } from "#engine/notifying.ts";
import type { Clock, ControlStore, Controller, Source, TelemetryReader } from "#engine/ports.ts";
import { createApi } from "#http/api.ts";
import { createApiServer } from "#http/api-server.ts";
import { createSchemas } from "#http/schemas.ts";
import { createReceiver, type Receiver } from "#ingest/otlp/receiver.ts";
import { createReceiverServer } from "#ingest/otlp/receiver-server.ts";
import { defaultOtlpLimits } from "#ingest/otlp/limits.ts";
import { startIngestWorker, type IngestClient } from "#ingest/worker-client.ts";
import { formatInstant, windowLengthMs } from "#model/time.ts";
import { openControlStore } from "#store/sqlite/control-store.ts";
import { takeDataLock, type DataLock } from "#store/sqlite/data-lock.ts";
import { openTelemetryReader } from "#store/sqlite/telemetry-reader.ts";
import { createPages } from "#ui/pages.ts";
import packageJson from "../package.json" with { type: "json" };
import { createAlerts, type Alerts } from "./alerts.ts";
import { createAsking } from "./answer.ts";
import { createChannels } from "./channels.ts";
import { createControllers } from "./controllers.ts";
import { LookLoop } from "./look-loop.ts";
import { registerMetrics } from "./own-metrics.ts";
import { createSources, sourceChecks } from "./sources.ts";

export interface AppOptions {
  /** The built entry of the ingest worker, which lies beside the built main file. */
  readonly workerFile: URL;
  readonly clock?: Clock;
  readonly log?: Logger;
}

/** How often sealed windows are looked at. */
const lookEveryMs = 1000;

const wallClock: Clock = { now: () => Date.now() };
const tracer = trace.getTracer("haldane", packageJson.version);

/** Everything that was opened, in the order in which it is to be closed. */
interface Running {
  readonly lock: DataLock;
  readonly worker: IngestClient;
  readonly telemetry: TelemetryReader & { close(): void };
  readonly control: ControlStore & NotificationStore;
  readonly outbox: Outbox;
  readonly alerts: Alerts;
  readonly loop: LookLoop;
  readonly sources: readonly Source[];
  readonly servers: readonly Server[];
  readonly stopping: AbortController;
}

/** The whole service from its configuration: not started yet, one data folder, two listeners. */
export function createApp(loaded: LoadedConfiguration, options: AppOptions): App {
  const log = options.log ?? pino({ name: "haldane" }, pino.destination(2));
  let running: Running | null = null;
  return {
    async start() {
      const started = await start(loaded, {
        clock: options.clock ?? wallClock,
        log,
        workerFile: options.workerFile,
      });
      running = started.running;
      return { url: started.url, otlpUrl: started.otlpUrl };
    },
    async stop() {
      if (running !== null) await stop(running);
      running = null;
    },
  };
}

interface Surroundings {
  readonly clock: Clock;
  readonly log: Logger;
  readonly workerFile: URL;
}

// eslint-disable-next-line max-lines-per-function -- parts are made in the order in which they need each other
async function start(
  loaded: LoadedConfiguration,
  around: Surroundings,
): Promise<{ readonly running: Running; readonly url: string; readonly otlpUrl: string }> {
  const { configuration } = loaded;
  const { clock, log } = around;
  const controllers = opened(createControllers(configuration.controllers, loaded.controllerSecrets, log));
  const channels = opened(createChannels(configuration.receivers, loaded.receiverSecrets, clock));
  const stores = await openStores(loaded, around);
  const { worker, telemetry, control } = stores;
  const ledger = createLedger(loaded, telemetry, control);
  const alerts = createAlerts(configuration, channels, { control, clock, log });
  const outbox = startOutbox(control, controllers, { clock, log, alerts });
  const sources = createSources(configuration.sources, { worker, log });
  const loop = new LookLoop({
    ledger,
    readUpTo: (now) => sources.reduce((oldest, source) => Math.min(oldest, source.readUpTo(now)), now),
    worker,
    control,
    clock,
    log,
    namedMetrics: [...loaded.policies.values()].flatMap(({ metrics }) => metrics.map(({ name }) => name)),
    everyMs: lookEveryMs,
    poke: () => {
      outbox.poke();
    },
  });
  const stopping = new AbortController();
  const { bodyBytes, bytesInFlight } = configuration.limits;
  const receiver = createReceiver({
    accept: (body) => worker.accept(body),
    token: loaded.token,
    limits: { ...defaultOtlpLimits, bodyBytes, bytesInFlight },
  });
  const asked = { ledger, control, telemetry, clock, log, loop, outbox, alerts, sources };
  const apiServer = apiServerOf({ ...asked, loaded, receiver, stopping });
  const otlpServer = createReceiverServer(receiver);
  // Windows that were judged before a restart are sealed again before anything new may come for them.
  await loop.resume();
  const { host, port, otlpPort } = configuration.listen;
  const servers = [otlpServer, apiServer];
  let url: string;
  let otlpUrl: string;
  try {
    url = await listen(apiServer, host, port);
    otlpUrl = await listen(otlpServer, host, otlpPort);
  } catch (error) {
    // A worker thread left running would keep a process alive that serves nothing.
    await stop({
      ...stores,
      outbox,
      alerts,
      loop,
      sources,
      servers: servers.filter(({ listening }) => listening),
      stopping,
    });
    throw error;
  }
  outbox.start();
  alerts.start(url);
  loop.start();
  for (const source of sources) source.start();
  log.info({ url, otlpUrl, version: packageJson.version, at: formatInstant(clock.now()) }, "ready");
  return { running: { ...stores, outbox, alerts, loop, sources, servers, stopping }, url, otlpUrl };
}

/** The lock first, then the writer of telemetry.db, which makes the file that the reader opens. */
async function openStores(
  { configuration, signatures }: LoadedConfiguration,
  { clock, log, workerFile }: Surroundings,
): Promise<Pick<Running, "lock" | "worker" | "telemetry" | "control">> {
  const { data } = configuration.storage;
  const lock = opened(takeDataLock(data, clock.now()));
  const worker = await startIngestWorker({
    workerFile,
    start: {
      path: join(data, "telemetry.db"),
      logs: { signatures, redaction: configuration.logs.redaction },
    },
    failed: ({ message, exitCode }) => {
      log.fatal({ message }, "the ingest worker failed; what was acknowledged is on disk");
      process.exit(exitCode);
    },
  });
  const telemetry = opened(openTelemetryReader(join(data, "telemetry.db")));
  const control = opened(openControlStore(join(data, "control.db")));
  return { lock, worker, telemetry, control };
}

function createLedger(
  { configuration, policies }: LoadedConfiguration,
  telemetry: TelemetryReader,
  control: ControlStore,
): Ledger {
  return new Ledger(
    {
      policies,
      bindings: configuration.bindings,
      receivers: configuration.receivers,
      automatic: configuration.automatic,
      openAnalyses: configuration.limits.openAnalyses,
      signalsPerAnalysis: configuration.limits.signalsPerAnalysis,
      paceMs: lookEveryMs,
      storeEveryMs: 3 * windowLengthMs,
    },
    { telemetry, control },
  );
}

function startOutbox(
  control: ControlStore,
  controllers: ReadonlyMap<string, Controller>,
  { clock, log, alerts }: { readonly clock: Clock; readonly log: Logger; readonly alerts: Alerts },
): Outbox {
  return createOutbox({
    store: control,
    controllers,
    clock,
    random: Math.random,
    onOutcome: ({ command, status, attempts, lastError, confirmations }) => {
      // The reconciler confirms again every few seconds; only the first time is news.
      if (status === "confirmed" && confirmations > 1) return;
      const { analysisId, canaryWeight, generation, kind } = command;
      log.info({ analysisId, kind, canaryWeight, generation, status, attempts, lastError }, "command");
      tracer
        .startSpan("haldane.command", {
          attributes: {
            "haldane.analysis.id": analysisId,
            "haldane.command.kind": kind,
            "haldane.generation": generation,
          },
        })
        .setStatus({ code: status === "rejected" ? SpanStatusCode.ERROR : SpanStatusCode.OK })
        .end();
    },
    onStalled: (record) => {
      const { command, attempts, lastError } = record;
      const { analysisId, controller, kind } = command;
      log.error(
        { analysisId, controller, kind, attempts, lastError },
        "command stalled: not in force after 30 s; still trying",
      );
      alerts.stalled(record);
    },
  });
}

interface ApiParts {
  readonly loaded: LoadedConfiguration;
  readonly ledger: Ledger;
  readonly control: ControlStore & NotificationStore;
  readonly telemetry: TelemetryReader;
  readonly clock: Clock;
  readonly log: Logger;
  readonly loop: LookLoop;
  readonly outbox: Outbox;
  readonly alerts: Alerts;
  readonly sources: readonly Source[];
  readonly receiver: Receiver;
  readonly stopping: AbortController;
}

function apiServerOf(parts: ApiParts): Server {
  const { loaded, ledger, control, telemetry, clock, log, loop, outbox, alerts, receiver, stopping } = parts;
  const { sources } = parts;
  const registry = new Registry();
  registerMetrics(registry, { ledger, loop, receiver, control, alerts, sources });
  const asking = createAsking({
    ledger,
    control,
    telemetry,
    clock,
    onChange: () => {
      outbox.poke();
      loop.settingsChanged();
    },
    checks: () => [loop.check(clock.now()), ...sourceChecks(sources)],
  });
  const api = createApi({
    asking,
    notifying: alerts.notifying,
    clock,
    registry,
    version: packageJson.version,
    token: loaded.token,
    loopback: isLoopback(loaded.configuration.listen.host),
    stopping: stopping.signal,
    onBug: (error, request) => {
      log.error({ err: error, request }, "a fault while answering");
    },
  });
  api.route("/", createPages(asking, clock));
  api.route("/", createSchemas(Object.fromEntries(documentKinds.map((kind) => [kind, jsonSchemaOf(kind)]))));
  return createApiServer({ fetch: api.fetch, registry });
}

async function listen(server: Server, host: string, port: number): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
  const address = server.address();
  const bound = typeof address === "object" && address !== null ? address.port : port;
  return `http://${host.includes(":") ? `[${host}]` : host}:${bound}`;
}

/** Takes no more, then finishes what was taken: senders first, then judging, then acting, then the stores. */
async function stop(running: Running): Promise<void> {
  const { servers, sources, stopping, loop, outbox, alerts, worker, telemetry, control, lock } = running;
  stopping.abort();
  const fetching = Promise.all(sources.map((source) => source.stop()));
  await Promise.all(
    servers.map(
      (server) =>
        new Promise<void>((resolve) => {
          server.close(() => {
            resolve();
          });
          server.closeIdleConnections();
          setTimeout(() => {
            server.closeAllConnections();
          }, 5000).unref();
        }),
    ),
  );
  await fetching;
  await loop.stop();
  await outbox.stop();
  await alerts.stop();
  telemetry.close();
  await worker.stop();
  control.checkpoint("truncate");
  control.close();
  lock.release();
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || host.startsWith("127.");
}

/** What cannot be opened refuses the start with its reason. */
function opened<T>(
  result:
    | { readonly ok: true; readonly value: T }
    | { readonly ok: false; readonly error: { readonly message: string } },
): T {
  if (!result.ok) throw startRefused(result.error.message);
  return result.value;
}
