import { Option, type Command } from "commander";
import type { Calibration, FalseAlarms } from "#engine/calibrate.ts";
import type { Policy } from "#engine/policy.ts";
import { sayNumber, sayShare } from "#engine/wording.ts";
import type { Result } from "#model/result.ts";
import { formatDuration, formatInstant, type Instant } from "#model/time.ts";
import type { CalibrateFlags, CalibrateRequest } from "./calibrate-request.ts";
import { exitCodes } from "./exit-codes.ts";
import type { Finish, Terminal } from "./terminal.ts";

/** What the comparisons showed, with what was compared. */
export interface CalibrateAnswer extends Calibration {
  readonly service: string;
  readonly environment: string;
  readonly version: string;
  readonly policy: string;
  readonly alpha: number;
  readonly from: Instant;
  readonly to: Instant;
  readonly instances: number;
  readonly canaryInstances: number;
  readonly stretches: number;
  /** What the policy takes healthy instances to differ by. */
  readonly set: { readonly errors: number; readonly speed: number };
}

/** Why nothing could be compared. */
export interface CalibrateRefusal {
  readonly message: string;
}

export interface CalibrateParts {
  calibrate(request: CalibrateRequest): Promise<Result<CalibrateAnswer, CalibrateRefusal>>;
  loadPolicy(file: string): Promise<Result<Policy, readonly string[]>>;
}

function rate({ alarms, trials, interval }: FalseAlarms): string {
  return `${alarms} of ${trials} (${sayShare(interval[0])} to ${sayShare(interval[1])})`;
}

function judgementOf({ criesWolf, proven, rollbacks, alpha }: CalibrateAnswer): string {
  if (criesWolf)
    return `This policy cries wolf here: it rolls equal instances back more often than its alpha of ${sayShare(alpha)}. Set the spread below, or look for instances that are not equal.`;
  if (proven) return `This policy keeps its alpha of ${sayShare(alpha)} here.`;
  return rollbacks.alarms === 0
    ? `No false rollback; ${rollbacks.trials} comparisons are too few to prove an alpha of ${sayShare(alpha)}.`
    : `Nothing speaks against its alpha of ${sayShare(alpha)}; more comparisons would tell more.`;
}

function spreadText(measured: number | null, set: number, key: string): string {
  if (measured === null) return `${key}: ${sayNumber(set)} in the policy; too little was seen to measure it`;
  const advice =
    measured > set
      ? `; the instances differ more than the policy says: set it to ${sayNumber(Math.ceil(measured * 100) / 100)}`
      : "";
  return `${key}: ${sayNumber(set)} in the policy, ${sayNumber(measured)} measured${advice}`;
}

/** The answer for people. */
export function calibrationText(answer: CalibrateAnswer): string {
  const lines = [
    `${answer.service}${answer.environment === "" ? "" : ` in ${answer.environment}`} ${answer.version} against itself: ${answer.canaryInstances} of ${answer.instances} instances play the canary`,
    `history from ${formatInstant(answer.from)} to ${formatInstant(answer.to)} (${formatDuration(answer.to - answer.from)}), policy ${answer.policy}`,
    "",
    `rolled back  ${rate(answer.rollbacks)}`,
    ...answer.classes.map(({ kind, falseAlarms }) => `${kind.padEnd(11)}  ${rate(falseAlarms)}`),
    "",
    judgementOf(answer),
    "Comparisons share instances and history, so the intervals are narrower than independent ones would be.",
    "",
    spreadText(answer.spread.errors, answer.set.errors, "errors.spread"),
    spreadText(answer.spread.speed, answer.set.speed, "latency.spread"),
  ];
  return `${lines.join("\n")}\n`;
}

/** `haldane calibrate`: how often a policy would have rolled back a version that is compared with itself. */
export function addCalibrate(
  command: Command,
  parts: CalibrateParts,
  terminal: Terminal,
  finish: Finish,
): void {
  command
    .description(
      "compare a version with itself over its stored history; exit 0 sound, 3 cries wolf, 4 cannot tell",
    )
    .requiredOption("--service <name>", "namespace/name or name")
    .option("--environment <name>", "needed where the service runs in several")
    .option("--baseline <version>", "any alias of the version (default: the one that served most)")
    .option("--data <folder>", "data folder of a server, running or not", ".haldane")
    .option("--policy <file>", "a file with one policy (default: the built-in policy)")
    .option("--canary-instances <n>", "instances that play the canary (default: half of them, 3 at most)")
    .option("--trials <n>", "comparisons to play", "200")
    .option("--every <duration>", "history between two looks", "30s")
    .addOption(new Option("--output <form>", "form of the answer").choices(["text", "json"]).default("text"))
    .action(async (flags: CalibrateFlags) => {
      const { checkCalibrateUsage } = await import("./calibrate-usage.ts");
      const request = checkCalibrateUsage(flags);
      const policy = flags.policy === undefined ? null : await parts.loadPolicy(flags.policy);
      const faults = [
        ...(request.ok ? [] : request.error),
        ...(policy === null || policy.ok ? [] : policy.error),
      ];
      if (!request.ok || (policy !== null && !policy.ok)) {
        terminal.error(faults.map((line) => `haldane: ${line}\n`).join(""));
        finish(exitCodes.usage);
        return;
      }
      const answer = await parts.calibrate({
        ...request.value,
        policy: policy === null ? null : policy.value,
      });
      if (!answer.ok) {
        terminal.error(`haldane: ${answer.error.message}\n`);
        finish(exitCodes.undecided);
        return;
      }
      terminal.out(
        flags.output === "json" ? `${JSON.stringify(answer.value)}\n` : calibrationText(answer.value),
      );
      finish(answer.value.criesWolf ? exitCodes.rollback : exitCodes.done);
    });
}
