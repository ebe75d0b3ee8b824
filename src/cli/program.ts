import { Command, CommanderError } from "commander";
import { addCalibrate, type CalibrateParts } from "./calibrate.ts";
import { exitCodes } from "./exit-codes.ts";
import { addLogs, type LogsParts } from "./logs/logs.ts";
import { addReplay, type ReplayParts } from "./replay.ts";
import { addServe, type ServeParts } from "./serve.ts";
import { addStatus } from "./status.ts";
import type { Finish, Terminal } from "./terminal.ts";
import { addValidate, type ValidateParts } from "./validate.ts";

/** What the commands do, given from outside and loaded only when a command runs: `--help` loads none of it. */
export interface Parts extends ServeParts, ValidateParts, ReplayParts, CalibrateParts, LogsParts {
  /** The product's version, for `--version`. */
  readonly version: string;
}

/** The command line as a value: every command, option and text, and nothing run yet. */
export function createProgram(parts: Parts, terminal: Terminal, finish: Finish): Command {
  const program = new Command("haldane")
    .description("Tells rollout tools whether a canary may live, with the evidence, and moves the traffic.")
    .version(parts.version)
    .showSuggestionAfterError(true)
    .showHelpAfterError("(haldane COMMAND --help shows every option)")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => {
        terminal.out(text);
      },
      writeErr: (text) => {
        terminal.error(text);
      },
    });
  const add = (name: string): Command => program.command(name).copyInheritedSettings(program);
  addServe(add("serve"), parts, terminal, finish);
  addValidate(add("validate"), parts, terminal, finish);
  addStatus(add("status"), terminal, finish);
  addReplay(add("replay"), parts, terminal, finish);
  addLogs(add("logs"), parts, terminal, finish);
  addCalibrate(add("calibrate"), parts, terminal, finish);
  return program;
}

/** Runs one command line to its end. `arguments_` are the words after `haldane`. Never throws: a bug is code 1 with its stack. */
export async function runProgram(
  arguments_: readonly string[],
  parts: Parts,
  terminal: Terminal,
): Promise<number> {
  let exitCode: number = exitCodes.done;
  const program = createProgram(parts, terminal, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync([...arguments_], { from: "user" });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) {
      const asked = error.code === "commander.helpDisplayed" || error.code === "commander.version";
      return asked ? exitCodes.done : exitCodes.usage;
    }
    terminal.error(
      `haldane: internal error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    );
    return exitCodes.internal;
  }
}
