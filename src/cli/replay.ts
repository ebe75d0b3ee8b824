import { Option, type Command } from "commander";
import type { Policy } from "#engine/policy.ts";
import type { Result } from "#model/result.ts";
import type { VerdictWord } from "#model/verdict.ts";
import { exitCodeOf, exitCodes } from "./exit-codes.ts";
import type { OtlpLine } from "./read-otlp-lines.ts";
import {
  createReplayOutput,
  shownBadLines,
  type BadLine,
  type OutputForm,
  type ReplayOutput,
} from "./replay-output.ts";
import type { Finish, Terminal } from "./terminal.ts";

/** What is to be judged in a replay. */
export interface ReplayOptions {
  /** namespace/name or the name alone; null for every service found. */
  readonly service: string | null;
  /** Any alias; null: the newer of two versions that emit at once. */
  readonly canary: string | null;
  /** Any alias; null: the version that serves most when the canary comes. */
  readonly baseline: string | null;
  /** Null: the default policy. */
  readonly policy: Policy | null;
  /** Event time between two looks that are told. */
  readonly everyMs: number;
}

/**
 * Runs the engine over lines in virtual time and tells looks and last verdicts through `output`. A line that does not
 * decode goes to `output.badLine` with its place. Throws only for bugs; the exit code follows from the last verdicts.
 */
export type Replay = (
  lines: AsyncIterable<OtlpLine>,
  options: ReplayOptions,
  output: ReplayOutput,
) => Promise<void>;

export interface ReplayParts {
  readonly replay: Replay;
  loadPolicy(file: string): Promise<Result<Policy, readonly string[]>>;
}

interface Flags {
  readonly service?: string;
  readonly canary?: string;
  readonly baseline?: string;
  readonly policy?: string;
  readonly every: string;
  readonly output: OutputForm;
}

async function run(
  files: readonly string[],
  options: ReplayOptions,
  form: OutputForm,
  at: { readonly parts: ReplayParts; readonly terminal: Terminal },
): Promise<number> {
  const { readLimits, readOtlpLines } = await import("./read-otlp-lines.ts");
  const printer = createReplayOutput(form, at.terminal);
  const verdicts: VerdictWord[] = [];
  const badLine = (bad: BadLine): void => {
    printer.badLine(bad);
  };
  const output: ReplayOutput = {
    look: (look) => {
      printer.look(look);
    },
    badLine,
    final: (look) => {
      verdicts.push(look.verdict);
      printer.final(look);
    },
  };
  const lines = readOtlpLines({
    files,
    stdin: at.terminal.stdin,
    lineBytes: readLimits.lineBytes,
    badLine,
  });
  await at.parts.replay(lines, options, output);
  const bad = printer.badLines();
  if (bad > 0) {
    const shown = bad > shownBadLines ? ` (the first ${shownBadLines} are shown)` : "";
    at.terminal.error(
      `haldane: ${bad} ${bad === 1 ? "line was" : "lines were"} not read${shown}; the rest was\n`,
    );
  }
  if (verdicts.length === 0) {
    at.terminal.error(
      "haldane: no service was found, so nothing was judged; a line is one OTLP export request whose resources carry service.name\n",
    );
  }
  return exitCodeOf(verdicts);
}

/** `haldane replay FILE...`: the same engine over recorded telemetry, in the records' own time. */
export function addReplay(command: Command, parts: ReplayParts, terminal: Terminal, finish: Finish): void {
  command
    .description("judge recorded OTLP JSON in the records' own time; exit 0 promote, 3 rollback, 4 undecided")
    .argument("<file...>", 'files with one export request a line, plain or gzip; "-" is standard input')
    .option("--service <name>", "namespace/name or name; '*' for each one found (default)")
    .option("--canary <version>", "any alias of the canary (default: the newer version)")
    .option("--baseline <version>", "any alias of the baseline (default: the version that serves most)")
    .option("--policy <file>", "a file with one policy (default: the built-in policy)")
    .option("--every <duration>", "event time between two printed looks", "10s")
    .addOption(new Option("--output <form>", "form of the lines").choices(["text", "ndjson"]).default("text"))
    .action(async (files: string[], flags: Flags) => {
      const refuse = (lines: readonly string[]): void => {
        terminal.error(lines.map((line) => `haldane: ${line}\n`).join(""));
        finish(exitCodes.usage);
      };
      const { checkReplayUsage } = await import("./replay-usage.ts");
      const usage = await checkReplayUsage(files, flags);
      if (!usage.ok) {
        refuse(usage.error);
        return;
      }
      const policy = flags.policy === undefined ? null : await parts.loadPolicy(flags.policy);
      if (policy !== null && !policy.ok) {
        refuse(policy.error);
        return;
      }
      const options: ReplayOptions = {
        service: flags.service === undefined || flags.service === "*" ? null : flags.service,
        canary: flags.canary ?? null,
        baseline: flags.baseline ?? null,
        policy: policy === null ? null : policy.value,
        everyMs: usage.value.everyMs,
      };
      finish(await run(files, options, flags.output, { parts, terminal }));
    });
}
