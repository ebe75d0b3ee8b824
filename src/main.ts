#!/usr/bin/env node
import { exitCodes } from "#cli/exit-codes.ts";
import { runProgram } from "#cli/program.ts";
import { processTerminal } from "#cli/terminal.ts";
import { ok } from "#model/result.ts";
import packageJson from "../package.json" with { type: "json" };

const words = process.argv.slice(2);
const terminal = processTerminal(words[0] === "replay" ? exitCodes.undecided : exitCodes.done);

// What a command does is loaded when it runs, so that --help and a usage error answer at once.
process.exitCode = await runProgram(
  words,
  {
    version: packageJson.version,
    async prepare({ config, ...flags }) {
      const { loadConfiguration } = await import("#config/load-configuration.ts");
      const files = config === null ? [] : [config];
      const loaded = await loadConfiguration({ files, flags, environment: process.env });
      if (!loaded.ok) return loaded;
      const { createApp } = await import("./app.ts");
      const { letHeapGrow } = await import("./thread-tuning.ts");
      letHeapGrow();
      return ok(createApp(loaded.value, { workerFile: new URL("./ingest-worker.js", import.meta.url) }));
    },
    validate: async (files) => (await import("#config/load-configuration.ts")).validateFiles(files),
    loadPolicy: async (file) => (await import("#config/load-configuration.ts")).loadPolicy(file),
    loadSignatures: async (files) => (await import("#config/load-configuration.ts")).loadSignatures(files),
    loadRedaction: async (file) => (await import("#config/load-configuration.ts")).loadRedaction(file),
    replay: async (lines, options, output) => {
      const { replay } = await import("./replay.ts");
      await replay(lines, options, output);
    },
    calibrate: async (request) => (await import("./calibrate.ts")).calibrate(request),
  },
  terminal,
);
