import { builtCollector } from "./built-collector.ts";

const binary = await builtCollector();
if (binary !== null) console.log(`OpenTelemetry Collector: ${binary}`);
