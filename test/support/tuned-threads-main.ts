import { getPriority } from "node:os";
import { isMainThread, parentPort, Worker } from "node:worker_threads";
import { letHeapGrow, yieldToOtherThreads } from "#src/thread-tuning.ts";

/** Tells the priority of its worker after that yielded, and its own; as the service does with the ingest worker. */
if (isMainThread) {
  letHeapGrow();
  const worker = new Worker(process.argv[1] ?? "");
  worker.once("message", (yielded: number) => {
    process.stdout.write(JSON.stringify({ yielded, own: getPriority() }));
  });
} else {
  yieldToOtherThreads();
  parentPort?.postMessage(getPriority());
}
