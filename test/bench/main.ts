import { ingestBench } from "./ingest.bench.ts";

const benches: Readonly<Record<string, (parameters: readonly string[]) => Promise<void>>> = {
  ingest: ingestBench,
};

const [name = "", ...parameters] = process.argv.slice(2);
const bench = benches[name];
if (bench === undefined) {
  console.error(`npm run bench -- NAME: NAME is one of ${Object.keys(benches).join(", ")}`);
  process.exitCode = 2;
} else await bench(parameters);
