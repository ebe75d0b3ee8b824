import { evidenceBench } from "./evidence.bench.ts";
import { ingestBench } from "./ingest.bench.ts";
import { judgeBench } from "./judge/judge.bench.ts";
import { logsBench } from "./logs/logs.bench.ts";
import { verdictsBench } from "./verdicts/verdicts.bench.ts";

const benches: Readonly<Record<string, (parameters: readonly string[]) => Promise<void>>> = {
  evidence: evidenceBench,
  ingest: ingestBench,
  judge: judgeBench,
  logs: logsBench,
  verdicts: verdictsBench,
};

const [name = "", ...parameters] = process.argv.slice(2);
const bench = benches[name];
if (bench === undefined) {
  console.error(`npm run bench -- NAME: NAME is one of ${Object.keys(benches).join(", ")}`);
  process.exitCode = 2;
} else await bench(parameters);
