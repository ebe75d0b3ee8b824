import { z } from "zod";
import { formatDuration } from "#model/time.ts";
import { healthy, SmallWorld, type Behaviour } from "#test/support/small-world.ts";

/** What a scenario line may say, for the message of a line that says something else. */
const verbs =
  "policy {json} | seed N | logs {json} | run 30s | open act|report | set v1|v2 [route:] key=value ... | hold|resume|abort|promote why | controller off|on | restart";

const patternSchema = z.strictObject({
  template: z.string(),
  severity: z.number().default(17),
  signatures: z.array(z.string()).default([]),
  v1: z.number().default(0),
  v2: z.number().default(0),
});

/**
 * Plays the lines of a scenario in a small world and returns its trace: one line each time word, phase, weight, action or
 * the codes of the reasons change. Numbers inside reasons are left out, so that a trace shows behaviour and not noise.
 */
export function playScenario(script: string): string {
  const lines = script.split("\n").filter((line) => line.trim() !== "" && !line.startsWith("#"));
  const policyLine = lines.find((line) => line.startsWith("policy "));
  const seedLine = lines.find((line) => line.startsWith("seed "));
  const world = new SmallWorld({
    policy: { name: "scenario", ...parseObject(policyLine?.slice("policy ".length) ?? "{}") },
    seed: Number(seedLine?.slice("seed ".length) ?? "1"),
  });
  const trace: string[] = [];
  const state = { id: "", last: "" };
  for (const line of lines) {
    if (line.startsWith("policy ") || line.startsWith("seed ")) continue;
    playLine(world, line.trim(), state, trace);
  }
  return `${trace.join("\n")}\n`;
}

function parseObject(text: string): Record<string, unknown> {
  const value: unknown = JSON.parse(text);
  if (typeof value !== "object" || value === null) throw new Error(`not an object: ${text}`);
  return Object.fromEntries(Object.entries(value));
}

interface Told {
  id: string;
  last: string;
}

function playLine(world: SmallWorld, line: string, told: Told, trace: string[]): void {
  const [verb = "", ...words] = line.split(" ");
  const rest = words.join(" ");
  switch (verb) {
    case "run":
      for (const end = world.now + seconds(rest); world.now < end;) {
        world.step();
        tell(world, told, trace);
      }
      return;
    case "open":
      told.id = world.open(rest === "report" ? "report" : "act");
      tell(world, told, trace);
      return;
    case "set":
      set(world, words);
      return;
    case "logs":
      addPattern(world, rest);
      return;
    case "controller":
      world.confirms = rest === "on";
      return;
    case "restart":
      world.restart();
      return;
    case "hold":
    case "resume":
    case "abort":
    case "promote": {
      const done = world.ledger.operate(told.id, { deed: verb, actor: "ann", reason: rest }, world.now);
      if (!done.ok) trace.push(`${at(world)} ${verb} refused: ${done.error.message.replace(told.id, "ID")}`);
      tell(world, told, trace);
      return;
    }
    default:
      throw new Error(`unknown line "${line}"; known: ${verbs}`);
  }
}

function seconds(text: string): number {
  const match = /^(\d+)(s|m)$/.exec(text);
  if (match === null) throw new Error(`not a duration: ${text}`);
  return Number(match[1]) * (match[2] === "m" ? 60_000 : 1000);
}

function set(world: SmallWorld, words: readonly string[]): void {
  const [version, ...pairs] = words;
  if (version !== "v1" && version !== "v2")
    throw new Error(`v1 or v2 is expected, not ${version ?? "nothing"}`);
  const route = /^(.+?):\s/.exec(`${pairs.join(" ")} `)?.[1] ?? null;
  const settings = pairs.filter((pair) => pair.includes("="));
  const changes: Partial<Behaviour> = Object.fromEntries(
    settings.map((pair) => {
      const [key = "", value = ""] = pair.split("=");
      if (!(key in healthy) && key !== "share")
        throw new Error(`unknown setting ${key}; known: ${Object.keys(healthy).join(", ")}`);
      return [key, key === "silent" ? value === "true" : Number(value)];
    }),
  );
  if (route === null) Object.assign(world.arms[version], changes);
  else world.routeBehaviour.set(`${version} ${route}`, changes);
}

/** A form of log line and how often a minute each instance of a version writes it, in place of one with its text. */
function addPattern(world: SmallWorld, text: string): void {
  const { template, severity, signatures, v1, v2 } = patternSchema.parse(JSON.parse(text));
  const id = `pattern-${template}`;
  const added = { ...{ id, template, severity, signatures, exception: null }, perMinute: { v1, v2 } };
  world.patterns = [...world.patterns.filter((one) => one.id !== id), added];
}

function at(world: SmallWorld): string {
  return formatDuration(world.now - world.start).padStart(7);
}

function tell(world: SmallWorld, told: Told, trace: string[]): void {
  const analysis = world.ledger.analysis(told.id);
  if (analysis === null) return;
  const { phase, verdict, action } = analysis;
  const step = "step" in phase ? ` step ${phase.step + 1}` : "";
  const as = "as" in phase ? ` as ${phase.as}` : "";
  const weight = world.arms.v2.share * 100;
  const codes = verdict.reasons.map(({ code, text }) =>
    code === "harm" ? `harm in ${subjectOf(text)}` : code,
  );
  const line = `${verdict.word} (${codes.join(", ")}); ${phase.phase}${step}${as}; canary ${weight} %; ${action.kind}`;
  if (line === told.last) return;
  told.last = line;
  trace.push(`${at(world)} ${line}`);
}

/** "POST /pay: errors in ..." or "POST /pay is slower: ...": what comes before the figures. */
function subjectOf(text: string): string {
  return text.split(/: | is slower/)[0] ?? text;
}
