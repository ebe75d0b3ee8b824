import { parentPort, workerData } from "node:worker_threads";
import { logReadingOf } from "#config/log-reading.ts";
import { Accumulate } from "#engine/accumulate.ts";
import type { TelemetryWriter } from "#engine/ports.ts";
import { createIntake, type Intake } from "#ingest/intake.ts";
import type { FromWorker, IngestSettings, ToWorker, WorkerStart } from "#ingest/worker-protocol.ts";
import { BoundedInterner } from "#model/interner.ts";
import { openTelemetryWriter } from "#store/sqlite/telemetry-writer.ts";
import { yieldToOtherThreads } from "./thread-tuning.ts";

const checkpointMs = 2000;

/** Entry of the worker thread that decodes, accumulates and alone writes telemetry.db (decision 26). */
function main(): void {
  const port = parentPort;
  if (port === null) throw new Error("ingest-worker runs as a worker thread only");
  yieldToOtherThreads();
  const { path, logs } = workerData as WorkerStart;
  const tell = (message: FromWorker): void => {
    port.postMessage(message);
  };
  const failed = (error: unknown): void => {
    const message = error instanceof Error ? error.message : String(error);
    tell({ tag: "failed", message: `telemetry store ${path}: ${message}` });
    port.close();
  };
  const opened = openTelemetryWriter(path);
  if (!opened.ok) {
    failed(opened.error.message);
    return;
  }
  const writer = opened.value;
  const interner = new BoundedInterner();
  const accumulate = new Accumulate({
    interner,
    loadSample: (series, window, late) => writer.sample(series, window, late),
    ...(logs === undefined ? {} : { logs: logReadingOf(logs.signatures, logs.redaction) }),
  });
  accumulate.restore(writer);
  let overflowed = 0;
  const intake = createIntake({
    accumulate,
    writer,
    clock: { now: () => Date.now() },
    betweenBodies: () => {
      if (interner.counters.overflowed === overflowed) return;
      overflowed = interner.counters.overflowed;
      interner.reset();
    },
    failed,
  });
  const checkpoint = setInterval(() => {
    guarded(failed, () => {
      writer.checkpoint("passive");
    });
  }, checkpointMs);
  const answer = answering({ intake, writer, accumulate, tell, failed });
  port.on("message", (message: ToWorker) => {
    guarded(failed, () => {
      answer(message);
      if (message.tag !== "stop") return;
      clearInterval(checkpoint);
      port.close();
    });
  });
  tell({ tag: "ready", offsets: writer.offsets() });
}

function guarded(failed: (error: unknown) => void, deed: () => void): void {
  try {
    deed();
  } catch (error) {
    failed(error);
  }
}

function applySettings(accumulate: Accumulate, settings: IngestSettings): void {
  accumulate.setNamedMetrics(new Set(settings.namedMetrics));
  for (const { service, environment, settleMs } of settings.settle)
    accumulate.setSettle(service, environment, settleMs);
}

function answering(parts: {
  readonly intake: Intake;
  readonly writer: TelemetryWriter;
  readonly accumulate: Accumulate;
  readonly tell: (message: FromWorker) => void;
  readonly failed: (error: unknown) => void;
}): (message: ToWorker) => void {
  const { intake, writer, accumulate, tell, failed } = parts;
  return (message) => {
    switch (message.tag) {
      case "body":
        void intake.accept(message.body).then((outcome) => {
          tell({ tag: "accepted", id: message.id, outcome });
        }, failed);
        return;
      case "messages":
        void intake.take(message.messages).then((taken) => {
          tell({ tag: "taken", id: message.id, taken });
        }, failed);
        return;
      case "move":
        void intake.move(message.moves).then((offsets) => {
          tell({ tag: "moved", id: message.id, offsets });
        }, failed);
        return;
      case "seal":
        intake.seal(message.at);
        tell({ tag: "sealed", id: message.id, at: message.at });
        return;
      case "settings":
        applySettings(accumulate, message.settings);
        return;
      case "retain": {
        const retained = intake.retain(message.now, message.pinnedFrom);
        tell({ tag: "retained", id: message.id, retained });
        return;
      }
      case "stop":
        intake.flush();
        writer.checkpoint("truncate");
        writer.close();
        tell({ tag: "stopped", id: message.id });
    }
  };
}

main();
