import { runProgram, type Parts } from "#cli/program.ts";
import { loadRedaction, loadSignatures } from "#config/load-configuration.ts";
import { defaultPolicy } from "#engine/policy.ts";
import { ok } from "#model/result.ts";
import { createMemoryTerminal } from "./memory-terminal.ts";

const parts: Parts = {
  version: "0.0.0",
  prepare: () => Promise.reject(new Error("not asked")),
  validate: () => Promise.resolve(ok([])),
  loadPolicy: () => Promise.resolve(ok(defaultPolicy)),
  calibrate: () => Promise.reject(new Error("not asked for")),
  loadSignatures,
  loadRedaction,
  replay: () => Promise.resolve(),
};

/** Runs `haldane logs` in memory; what it ended with and wrote. */
export async function logsCommand(words: readonly string[], stdin: string | Buffer = "") {
  const terminal = createMemoryTerminal({ stdin });
  const code = await runProgram(["logs", ...words], parts, terminal);
  return { code, ...terminal.written() };
}
