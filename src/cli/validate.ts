import type { Command } from "commander";
import type { Result } from "#model/result.ts";
import { exitCodes } from "./exit-codes.ts";
import type { Finish, Terminal } from "./terminal.ts";

export interface ValidateParts {
  /** One line per valid document, or one line per fault. */
  validate(files: readonly string[]): Promise<Result<readonly string[], readonly string[]>>;
}

/** `haldane validate FILE...`: 0 when every document of every file is valid, else 2 with every fault. */
export function addValidate(
  command: Command,
  parts: ValidateParts,
  terminal: Terminal,
  finish: Finish,
): void {
  command
    .description("check configuration and policy files")
    .argument("<file...>", "YAML files; each may hold several documents")
    .action(async (files: string[]) => {
      const checked = await parts.validate(files);
      if (checked.ok) {
        terminal.out(checked.value.map((line) => `${line}\n`).join(""));
        return;
      }
      terminal.error(checked.error.map((line) => `${line}\n`).join(""));
      finish(exitCodes.usage);
    });
}
