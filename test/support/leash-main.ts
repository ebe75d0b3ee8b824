import { createChildren } from "#examples/demo/children.ts";

/** A parent with two children, one of ours and one that knows nothing of it; it tells their pids and waits for its own end. */
const [load = "", stranger = ""] = process.argv.slice(2);
const pids: number[] = [];
const children = createChildren(() => process.exit(1));
const started = [
  children.start({ name: "load", file: load, args: ["http://127.0.0.1:9", "1"] }),
  children.start({ name: "stranger", file: stranger, args: [] }),
];
pids.push(...started.map(({ pid }) => pid));
process.on("SIGTERM", () => {
  void children.stopAll().then(() => process.exit(0));
});
process.stdout.write(`${JSON.stringify(pids)}\n`);
setInterval(() => undefined, 1000);
