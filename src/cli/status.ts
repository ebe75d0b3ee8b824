import { Option, type Command } from "commander";
import type { Finish, Terminal } from "./terminal.ts";

interface Flags {
  readonly watch?: true;
  readonly url?: string;
  readonly token?: string;
  readonly output: "text" | "json";
}

/** `haldane status [ID]`: what a running server says of all analyses and services, or of one analysis. */
export function addStatus(command: Command, terminal: Terminal, finish: Finish): void {
  command
    .description("show analyses and services of a running server, or one analysis with its findings")
    .argument("[id]", "id of an analysis")
    .option("--watch", "show again whenever it changes, until the analysis ends or Ctrl-C")
    .option("--url <url>", "address of the server (or HALDANE_URL; default http://127.0.0.1:8080)")
    .option("--token <token>", "bearer token (or HALDANE_TOKEN)")
    .addOption(new Option("--output <form>", "form of the answer").choices(["text", "json"]).default("text"))
    .action(async (id: string | undefined, flags: Flags) => {
      const { showStatus } = await import("./show-status.ts");
      const { environment } = terminal;
      const code = await showStatus(
        {
          id: id ?? null,
          watch: flags.watch === true,
          url: flags.url ?? environment["HALDANE_URL"] ?? "http://127.0.0.1:8080",
          token: flags.token ?? environment["HALDANE_TOKEN"] ?? null,
          output: flags.output,
        },
        terminal,
      );
      finish(code);
    });
}
