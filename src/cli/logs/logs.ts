import type { Command } from "commander";
import { exitCodes } from "#cli/exit-codes.ts";
import type { Finish, Terminal } from "#cli/terminal.ts";
import type { RecordsRequest } from "./print-templates.ts";

type Print = (request: RecordsRequest) => Promise<void>;

/** Runs a command on files: a file that cannot be opened is a usage error, one that breaks off an internal one. */
async function onFiles(
  files: readonly string[],
  at: { readonly terminal: Terminal; readonly finish: Finish },
  work: () => Promise<void>,
): Promise<void> {
  const { fileFault } = await import("#cli/replay-usage.ts");
  const { UnreadableBytes } = await import("#cli/open-bytes.ts");
  const faults = (await Promise.all(files.map(fileFault))).filter((fault) => fault !== null);
  if (files.filter((file) => file === "-").length > 1) faults.push('"-": standard input can be read once');
  if (faults.length > 0) {
    at.terminal.error(faults.map((fault) => `haldane: ${fault}\n`).join(""));
    at.finish(exitCodes.usage);
    return;
  }
  try {
    await work();
  } catch (error) {
    if (!(error instanceof UnreadableBytes)) throw error;
    at.terminal.error(`haldane: ${files.join(", ")}: cannot be read on: ${error.message}\n`);
    at.finish(exitCodes.internal);
  }
}

function addRecords(
  command: Command,
  at: { readonly terminal: Terminal; readonly finish: Finish },
  load: () => Promise<Print>,
): Command {
  return command
    .argument("<file>", 'a file with one record a line, plain or gzip; "-" is standard input')
    .option("--json-field <name>", "the field that holds the body of a record in JSON")
    .action(async (file: string, flags: { readonly jsonField?: string }) => {
      await onFiles([file], at, async () => {
        const print = await load();
        await print({ file, field: flags.jsonField ?? null });
      });
    });
}

/** `haldane logs …`: patterns, known failures and differences of files and pipes, outside any analysis. */
export function addLogs(command: Command, terminal: Terminal, finish: Finish): void {
  command.description("patterns and known failures in files of log records");
  const add = (name: string): Command => command.command(name).copyInheritedSettings(command);
  addRecords(
    add("templates").description("print the pattern of each record, one object of JSON a record"),
    { terminal, finish },
    async () => {
      const { printTemplates } = await import("./print-templates.ts");
      return (request) => printTemplates(request, terminal);
    },
  );
}
