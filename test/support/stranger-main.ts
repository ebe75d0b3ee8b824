import { Worker } from "node:worker_threads";

/** A server-like process that ignores signals and would run for ever, with a thread of its own. */
process.on("SIGINT", () => undefined);
new Worker("setInterval(() => undefined, 1000)", { eval: true });
setInterval(() => undefined, 1000);
