import { Option, type Command } from "commander";
import { defaultRedactOptions, type RedactOptions } from "#analyzers/logs/redact.ts";
import type { RuleSet } from "#analyzers/logs/signatures/matcher.ts";
import { exitCodes } from "#cli/exit-codes.ts";
import type { Finish, Terminal } from "#cli/terminal.ts";
import type { Result } from "#model/result.ts";

export interface LogsParts {
  /** The rules of files that hold documents of kind Signatures, or one line per fault. */
  loadSignatures(files: readonly string[]): Promise<Result<RuleSet, readonly string[]>>;
  /** What the configuration in a file wants taken out of log lines, or one line per fault. */
  loadRedaction(file: string): Promise<Result<RedactOptions, readonly string[]>>;
}

/** What every command here is given. */
interface Surroundings {
  readonly parts: LogsParts;
  readonly terminal: Terminal;
  readonly finish: Finish;
}

interface RecordFlags {
  readonly jsonField?: string;
}

interface RuleFlags extends RecordFlags {
  readonly rules?: readonly string[];
}

function refuse(at: Surroundings, faults: readonly string[]): void {
  at.terminal.error(faults.map((fault) => `haldane: ${fault}\n`).join(""));
  at.finish(exitCodes.usage);
}

/** Runs a command on files: a file that cannot be opened is a usage error, one that breaks off an internal one. */
async function onFiles(files: readonly string[], at: Surroundings, work: () => Promise<void>): Promise<void> {
  const { fileFault } = await import("#cli/replay-usage.ts");
  const { UnreadableBytes } = await import("#cli/open-bytes.ts");
  const faults = (await Promise.all(files.map(fileFault))).filter((fault) => fault !== null);
  if (files.filter((file) => file === "-").length > 1) faults.push('"-": standard input can be read once');
  if (faults.length > 0) {
    refuse(at, faults);
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

/** Runs a command with the rules of the files that `--rules` names; none without it. */
async function withRules(
  flags: RuleFlags,
  at: Surroundings,
  work: (rules: readonly RuleSet[]) => Promise<void>,
): Promise<void> {
  const rules = flags.rules === undefined ? null : await at.parts.loadSignatures(flags.rules);
  if (rules !== null && !rules.ok) {
    refuse(at, rules.error);
    return;
  }
  await work(rules === null ? [] : [rules.value]);
}

/** Runs a command with what the configuration that `--config` names wants taken out of examples. */
async function withRedaction(
  file: string | undefined,
  at: Surroundings,
  work: (redaction: RedactOptions) => Promise<void>,
): Promise<void> {
  const redaction = file === undefined ? null : await at.parts.loadRedaction(file);
  if (redaction !== null && !redaction.ok) {
    refuse(at, redaction.error);
    return;
  }
  await work(redaction === null ? defaultRedactOptions : redaction.value);
}

const more = (file: string, before: readonly string[] = []): readonly string[] => [...before, file];

const fileHelp = 'a file with one record a line, plain or gzip; "-" is standard input';

function addTemplates(command: Command, at: Surroundings): void {
  command
    .description("print the pattern of each record, one object of JSON a record")
    .argument("<file>", fileHelp)
    .option("--json-field <name>", "the field that holds the body of a record in JSON")
    .action((file: string, flags: RecordFlags) =>
      onFiles([file], at, async () => {
        const { printTemplates } = await import("./print-templates.ts");
        await printTemplates({ file, field: flags.jsonField ?? null }, at.terminal);
      }),
    );
}

function addSignatures(command: Command, at: Surroundings): void {
  command
    .description("print the known failures that records show, one object of JSON a hit")
    .argument("<file>", fileHelp)
    .option("--json-field <name>", "the field that holds the body of a record in JSON")
    .option(
      "--rules <file>",
      "a YAML file with rules of your own, beside the catalogue; may be given again",
      more,
    )
    .action((file: string, flags: RuleFlags) =>
      withRules(flags, at, (rules) =>
        onFiles([file], at, async () => {
          const { printSignatures } = await import("./print-signatures.ts");
          await printSignatures({ file, field: flags.jsonField ?? null }, rules, at.terminal);
        }),
      ),
    );
}

interface DiffFlags extends RuleFlags {
  readonly config?: string;
  readonly output: "text" | "ndjson";
}

function addDiff(command: Command, at: Surroundings): void {
  command
    .description("print what the canary logs otherwise than the baseline: new, gone, more, less")
    .argument("<baseline>", fileHelp)
    .argument("<canary>", fileHelp)
    .option("--json-field <name>", "the field that holds the body of a record in JSON")
    .option(
      "--rules <file>",
      "a YAML file with rules of your own, beside the catalogue; may be given again",
      more,
    )
    .option("--config <file>", "a configuration whose logs.redaction says what is taken out of examples")
    .addOption(new Option("--output <form>", "form of the lines").choices(["text", "ndjson"]).default("text"))
    .action((baseline: string, canary: string, flags: DiffFlags) =>
      withRules(flags, at, (rules) =>
        withRedaction(flags.config, at, (redaction) =>
          onFiles([baseline, canary], at, async () => {
            const { printDiff } = await import("./print-diff.ts");
            const { output, jsonField: field = null } = flags;
            await printDiff({ baseline, canary, field, output, redaction }, rules, at.terminal);
          }),
        ),
      ),
    );
}

function addHygieneCommand(command: Command, at: Surroundings): void {
  command
    .description(
      "print how many records carry severity, trace id and service, and can be parsed; of two files, what dropped",
    )
    .argument("<file>", fileHelp)
    .argument("[canary]", "a second file that is held against the first")
    .addOption(new Option("--output <form>", "form of the lines").choices(["text", "ndjson"]).default("text"))
    .action((file: string, canary: string | undefined, flags: { readonly output: "text" | "ndjson" }) =>
      onFiles(canary === undefined ? [file] : [file, canary], at, async () => {
        const { printHygiene } = await import("./print-hygiene.ts");
        await printHygiene({ file, canary: canary ?? null, output: flags.output }, at.terminal);
      }),
    );
}

/** `haldane logs …`: patterns, known failures, differences and hygiene of files and pipes, outside any analysis. */
export function addLogs(command: Command, parts: LogsParts, terminal: Terminal, finish: Finish): void {
  command.description("patterns, known failures and hygiene of files of log records");
  const add = (name: string): Command => command.command(name).copyInheritedSettings(command);
  const at = { parts, terminal, finish };
  addTemplates(add("templates"), at);
  addSignatures(add("signatures"), at);
  addDiff(add("diff"), at);
  addHygieneCommand(add("hygiene"), at);
}
