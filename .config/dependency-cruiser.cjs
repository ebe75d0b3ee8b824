const pure = "^(src/(model|engine)|analyzers|baselines)/";
const adapters = ["config", "ingest", "store", "control", "notify", "http", "ui", "cli"];

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: "no-cycles",
      severity: "error",
      comment: "A cycle means two files are one idea: merge them, or move the shared noun to src/model.",
      from: {},
      to: { circular: true },
    },
    {
      name: "model-imports-nothing",
      severity: "error",
      comment: "src/model holds the nouns; move the verb to src/engine.",
      from: { path: "^src/model/" },
      to: { path: "^(src/(?!model/)|analyzers/|baselines/|examples/|test/)" },
    },
    {
      name: "analyzers-see-only-model",
      severity: "error",
      comment: "Analyzers judge samples that they are given; pass what is missing as a parameter.",
      from: { path: "^analyzers/" },
      to: { path: "^(src/(?!model/)|baselines/|examples/|test/)" },
    },
    {
      name: "baselines-see-model-and-statistics",
      severity: "error",
      comment: "A baseline strategy picks windows; the judging is in analyzers/, the running in src/engine.",
      from: { path: "^baselines/" },
      to: { path: "^(src/(?!model/)|analyzers/(?!stats/)|examples/|test/)" },
    },
    {
      name: "engine-sees-no-adapter",
      severity: "error",
      comment: "The engine asks through src/engine/ports.ts; the rim implements.",
      from: { path: "^src/engine/" },
      to: { path: "^(src/(?!model/|engine/)|examples/|test/)" },
    },
    {
      name: "pure-parts-touch-no-platform",
      severity: "error",
      comment:
        "No node:* and no package but zod and simple-statistics in the pure parts; do it in an adapter and pass the value.",
      from: { path: pure },
      to: { dependencyTypes: ["core"] },
    },
    {
      name: "pure-parts-touch-no-package",
      severity: "error",
      comment: "No package but zod and simple-statistics in the pure parts.",
      from: { path: pure },
      to: { path: "node_modules", pathNot: "node_modules/(zod|simple-statistics)/" },
    },
    ...adapters.map((name) => ({
      name: `${name}-is-an-island`,
      severity: "error",
      comment:
        "Adapters import src/model, src/engine/ports.ts and engine schemas, never one another: what two of them share is a noun (src/model) or a verb (src/engine).",
      from: { path: `^src/${name}/` },
      to: { path: `^(src/(?!model/|engine/|${name}/)|examples/|test/)` },
    })),
    {
      name: "production-imports-no-test",
      severity: "error",
      comment: "What production needs does not live in test/ or examples/.",
      from: { path: "^(src|analyzers|baselines)/" },
      to: { path: "^(test|examples)/" },
    },
    {
      name: "one-file-knows-kafkajs",
      severity: "error",
      comment: "The library may be changed for another: ask through ingest/kafka/broker-client.ts.",
      from: { path: "^(src|analyzers|baselines)/", pathNot: "^src/ingest/kafka/kafkajs-client\\.ts$" },
      to: { path: "node_modules/kafkajs/" },
    },
    {
      name: "nothing-unreached",
      severity: "error",
      comment: "No file that nothing reaches: delete it or wire it.",
      from: { path: "^(src/(main|ingest-worker)|examples/.*main|test/.*\\.(test|bench))\\.ts$" },
      to: {
        path: "^(src|analyzers|baselines|examples)/",
        pathNot: "^(src/(main|ingest-worker)|examples/.*main)\\.ts$",
        reachable: false,
      },
    },
    {
      name: "no-unresolvable",
      severity: "error",
      comment: "The import does not resolve.",
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "types", "node", "default"],
      extensions: [".ts", ".js"],
    },
    doNotFollow: { path: "node_modules" },
    exclude: { path: "^dist/" },
  },
};
