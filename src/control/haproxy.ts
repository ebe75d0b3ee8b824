import { z } from "zod";
import type { Controller, ControllerError, WeightReading } from "#engine/ports.ts";
import type { Command } from "#model/command.ts";
import { err, ok, type Result } from "#model/result.ts";
import {
  formatRecord,
  parseRecord,
  recordVariable,
  targetDigest,
  type PlacedRecord,
} from "./haproxy-record.ts";
import { parseServersState, pickArms, type BackendServer } from "./haproxy-servers.ts";
import { askSocket, parseSocketAddress, splitAnswers, type SocketAddress } from "./haproxy-socket.ts";
import {
  carries,
  countServers,
  orderMoves,
  planWeights,
  shareOf,
  wantedShare,
  type ArmServer,
  type Move,
  type PerArm,
} from "./haproxy-weights.ts";

/** A step whose share comes out further off than this part of it is refused: its evidence would be of another share than it says. */
export const coarsestShareError = 0.1;
/** HAProxy takes a line of up to 16 KiB; this many of its longest names stay below. */
const movesPerLine = 50;
const defaultTimeoutMs = 2000;
const defaultReplyLimitBytes = 1_048_576;

const haproxyName = z
  .string()
  .regex(/^[A-Za-z0-9_.:-]{1,120}$/, "letters, digits and _ . : -, as HAProxy's own names");
const serverNames = z
  .array(z.string().regex(/^[A-Za-z0-9_.:-]{1,120}\*?$/, "a server's name, or its beginning and a *"))
  .min(1)
  .max(1000);

/** Parameters of the HAProxy controller. */
export const haproxySchema = z.strictObject({
  name: z.string().min(1),
  socket: z.string().min(1).describe("The stats socket at level admin: a path, or host:port."),
  backend: haproxyName,
  canaryServers: serverNames,
  baselineServers: serverNames,
  timeoutMs: z.number().int().min(1).max(60_000).default(defaultTimeoutMs),
  allowRemote: z.boolean().default(false),
  replyLimitBytes: z.number().int().min(64).max(16_777_216).default(defaultReplyLimitBytes),
});
export type HaproxyParameters = z.input<typeof haproxySchema>;
type Settings = z.output<typeof haproxySchema>;

type Answered<T> = Promise<Result<T, ControllerError>>;

interface InForce {
  readonly servers: readonly ArmServer[];
  readonly record: PlacedRecord | null;
}

/** One backend of one HAProxy process, seen through its socket. */
interface Backend {
  /** Sends commands in one line; one answer each, empty where it succeeded. */
  ask(commands: readonly string[], signal: AbortSignal): Answered<readonly string[]>;
  look(signal: AbortSignal): Answered<InForce>;
  keep(record: PlacedRecord, signal: AbortSignal): Answered<null>;
}

function rejected(message: string): Result<never, ControllerError> {
  return err({ tag: "rejected", message });
}

function unreachable(message: string): Result<never, ControllerError> {
  return err({ tag: "unreachable", message, retryAfterMs: null });
}

function cutShort(text: string): Result<never, ControllerError> {
  return unreachable(
    text === "" ? "closed without an answer" : `the answer was cut short after ${text.length} characters`,
  );
}

/** What HAProxy says in words when it refuses: there are no status codes. */
function refusal(answer: string): Result<never, ControllerError> {
  const text = answer.slice(0, 300);
  if (!/^Permission denied/.test(answer)) return rejected(`HAProxy answered: ${text}`);
  return rejected("HAProxy answered: Permission denied; the stats socket needs `level admin`");
}

function openBackend(settings: Settings, address: SocketAddress): Backend {
  const { backend } = settings;
  const variable = recordVariable(backend);
  // Where this HAProxy keeps no variables. Safe: a reading is the record only while the weights in force are its own.
  let remembered: PlacedRecord | null = null;

  const send = (line: string, signal: AbortSignal) => askSocket(address, line, { ...settings, signal });
  const ask: Backend["ask"] = async (commands, signal) => {
    const sent = await send(commands.join(";"), signal);
    if (!sent.ok) return sent;
    const answers = splitAnswers(sent.value, commands.length);
    return answers === null ? cutShort(sent.value) : ok(answers);
  };
  const unknownBackend = async (signal: AbortSignal): Answered<never> => {
    const listed = await ask(["show backend"], signal);
    if (!listed.ok) return listed;
    const known = listed.value[0]?.split("\n").filter((line) => line !== "" && !line.startsWith("#")) ?? [];
    return rejected(
      `backend: HAProxy has no "${backend}"; known: ${known.join(", ").slice(0, 500) || "none"}`,
    );
  };
  const look: Backend["look"] = async (signal) => {
    const sent = await send(`show servers state ${backend};get var ${variable}`, signal);
    if (!sent.ok) return sent;
    const text = sent.value;
    const end = text.indexOf("\n\n");
    // The variable comes last: some versions put no empty line after it.
    const kept = text.slice(end + 2);
    if (end < 0 || !kept.endsWith("\n")) return cutShort(text);
    const state = text.slice(0, end);
    if (/^Can't find backend/.test(state)) return unknownBackend(signal);
    const servers: readonly BackendServer[] | null = parseServersState(state);
    if (servers === null) return refusal(state);
    const arms = pickArms(servers, settings);
    return arms.ok ? ok({ servers: arms.value, record: parseRecord(kept) ?? remembered }) : arms;
  };
  const keep: Backend["keep"] = async (record, signal) => {
    const setting = `set var ${variable} str(${formatRecord(record)})`;
    const answers = await ask(["experimental-mode on", setting], signal);
    if (!answers.ok) return answers;
    const denied = answers.value.find((answer) => /^Permission denied/.test(answer));
    if (denied !== undefined) return refusal(denied);
    remembered = answers.value.every((answer) => answer === "") ? null : record;
    return ok(null);
  };
  return { ask, look, keep };
}

/** Why a command may not be carried out now, or null. A rollback is held up by the first two only. */
function objection(
  command: Command,
  { servers, record }: InForce,
  plan: { readonly weights: PerArm; readonly counts: PerArm },
): ControllerError | null {
  const target = targetDigest(command);
  if (record !== null && record.target === target && record.generation > command.generation) {
    return { tag: "superseded", generation: record.generation };
  }
  if (record !== null && record.target !== target && record.canaryWeight * record.baselineWeight > 0) {
    const message =
      `the backend carries the canary of another service or environment, at ${record.canaryWeight} %; ` +
      `one backend serves one: end that analysis first, or give each its own controller and backend`;
    return { tag: "rejected", message };
  }
  if (command.kind === "rollback") return null;
  const wanted = wantedShare(command);
  const achieved = shareOf(plan.weights, plan.counts);
  if (Math.abs(achieved - wanted) > coarsestShareError * wanted) {
    const message =
      `${percent(wanted)} cannot be had with ${plan.counts.canary} canary and ${plan.counts.baseline} baseline servers of weight 1 to 256: ` +
      `the closest is ${percent(achieved)}; ask for another share or change the number of servers`;
    return { tag: "rejected", message };
  }
  if (!carries(servers, plan.weights)) {
    const arm = wanted > 0 ? "canary" : "baseline";
    const message = `no server of the ${arm} is up: nothing would take the requests; tried again until one is`;
    return { tag: "unreachable", message, retryAfterMs: null };
  }
  return null;
}

function percent(share: number): string {
  return `${Number((share * 100).toFixed(3))} %`;
}

async function carryOut(
  backend: string,
  groups: readonly (readonly Move[])[],
  ask: (commands: readonly string[]) => Answered<readonly string[]>,
): Answered<null> {
  for (const group of groups) {
    for (let from = 0; from < group.length; from += movesPerLine) {
      const moves = group.slice(from, from + movesPerLine);
      const answers = await ask(
        moves.map(({ server, weight }) => `set server ${backend}/${server} weight ${weight}`),
      );
      if (!answers.ok) return answers;
      // Nothing after a refused group: lowering the one arm is safe only once the other was raised.
      const refused = answers.value.find((answer) => answer !== "");
      if (refused !== undefined) return refusal(refused);
    }
  }
  return ok(null);
}

function createApply(settings: Settings, backend: Backend, say: (text: string) => void): Controller["apply"] {
  return async (command, signal) => {
    const wanted = wantedShare(command);
    if (Number.isNaN(wanted)) return rejected("both weights are 0: no arm would take the requests");
    const looked = await backend.look(signal);
    if (!looked.ok) return looked;
    const { servers, record } = looked.value;
    const counts = countServers(servers);
    const weights = planWeights(wanted, counts);
    const objected = objection(command, looked.value, { weights, counts });
    if (objected !== null) return err(objected);
    const { generation, canaryWeight, baselineWeight } = command;
    const placed = { generation, canaryWeight, baselineWeight, target: targetDigest(command) };
    // The record first: from here on a delayed lower generation is refused.
    if (record === null || formatRecord(record) !== formatRecord(placed)) {
      const kept = await backend.keep(placed, signal);
      if (!kept.ok) return kept;
    }
    const groups = orderMoves(servers, weights);
    const done = await carryOut(settings.backend, groups, (commands) => backend.ask(commands, signal));
    if (!done.ok) return done;
    if (groups.length > 0) {
      const each = `${counts.canary} canary servers of weight ${weights.canary}, ${counts.baseline} baseline servers of weight ${weights.baseline}`;
      const share = percent(shareOf(weights, counts));
      say(
        `${settings.name}: the canary has ${share} of ${settings.backend}, asked ${percent(wanted)} (${each})`,
      );
    }
    return ok({ canaryWeight, baselineWeight, generation });
  };
}

/** The percentages of a record where exactly its plan is in force, else those that the weights in force really make. */
function readingOf({ servers, record }: InForce, target: string): WeightReading {
  const own = record !== null && record.target === target ? record : null;
  const generation = own?.generation ?? 0;
  if (own !== null) {
    const plan = planWeights(wantedShare(own), countServers(servers));
    if (servers.every((server) => server.weight === plan[server.arm])) {
      return { canaryWeight: own.canaryWeight, baselineWeight: own.baselineWeight, generation };
    }
  }
  const sum = (arm: ArmServer["arm"]): number =>
    servers
      .filter((server) => server.arm === arm && server.inService)
      .reduce((total, server) => total + server.weight, 0);
  const canary = sum("canary");
  const baseline = sum("baseline");
  const scale = 100 / Math.max(1, canary + baseline);
  return { canaryWeight: canary * scale, baselineWeight: baseline * scale, generation };
}

/**
 * Moves the traffic of one HAProxy backend by server weights over the runtime API (docs/controllers/haproxy.md): several servers
 * an arm, the canary's share being weight x servers. Generation and percentages are kept in HAProxy beside the weights, so that
 * both are lost together and the reconciler sees it. `say` is told each change with the share that whole weights really make.
 */
export function createHaproxyController(
  parameters: HaproxyParameters,
  say: (text: string) => void = () => undefined,
): Result<Controller, { readonly message: string }> {
  const parsed = haproxySchema.safeParse(parameters);
  if (!parsed.success) return err({ message: z.prettifyError(parsed.error) });
  const settings = parsed.data;
  const address = parseSocketAddress(settings.socket, settings.allowRemote);
  if (!address.ok) return address;
  const backend = openBackend(settings, address.value);
  return ok({
    name: settings.name,
    apply: createApply(settings, backend, say),
    read: async (target, signal) => {
      const looked = await backend.look(signal);
      return looked.ok ? ok(readingOf(looked.value, targetDigest(target))) : looked;
    },
  });
}
