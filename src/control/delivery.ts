import type { Clock, Controller, ControllerError, ControlStore, WeightReading } from "#engine/ports.ts";
import type { Command, CommandRecord } from "#model/command.ts";
import { err, type Result } from "#model/result.ts";
import { longestRetryMs, retryDelayMs } from "./retry-delay.ts";

export interface DeliveryTools {
  readonly store: ControlStore;
  readonly controllers: ReadonlyMap<string, Controller>;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** After each change of a command, as it now stands. */
  readonly onOutcome: (record: CommandRecord) => void;
}

function matches(reading: WeightReading, command: Command): boolean {
  return (
    reading.generation === command.generation &&
    reading.canaryWeight === command.canaryWeight &&
    reading.baselineWeight === command.baselineWeight
  );
}

/** A driver may throw or never answer; both become "unreachable", so that a lane always comes free. */
async function within<T>(
  call: (signal: AbortSignal) => Promise<Result<T, ControllerError>>,
  signal: AbortSignal,
): Promise<Result<T, ControllerError>> {
  const unreachable = (message: string): Result<T, ControllerError> =>
    err({ tag: "unreachable", message, retryAfterMs: null });
  if (signal.aborted) return unreachable("given up");
  const aborted = new Promise<Result<T, ControllerError>>((resolve) => {
    signal.addEventListener(
      "abort",
      () => {
        resolve(unreachable("no answer in time"));
      },
      { once: true },
    );
  });
  try {
    return await Promise.race([call(signal), aborted]);
  } catch (error) {
    return unreachable(`the driver failed: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function announce(tools: DeliveryTools, id: string): void {
  const record = tools.store.command(id);
  if (record !== null) tools.onOutcome(record);
}

function retry(
  tools: DeliveryTools,
  record: CommandRecord,
  why: { message: string; askedMs: number | null },
): void {
  const now = tools.clock.now();
  const nextAt = now + retryDelayMs(record.attempts + 1, tools.random(), why.askedMs);
  tools.store.markOutcome(record.command.id, { status: "retry", at: now, nextAt, error: why.message });
}

/** The controller holds a higher generation. Ours where a newer command stands; otherwise from elsewhere, and only a rollback goes past it. */
function yieldTo(tools: DeliveryTools, record: CommandRecord, held: number): void {
  const { store, clock } = tools;
  const { id, kind, controller } = record.command;
  const now = clock.now();
  store.outnumber(id, held, kind === "rollback", now);
  if (kind === "rollback") return;
  const message =
    `controller ${controller} holds generation ${held}, newer than ${record.command.generation}: another Haldane ` +
    `moves this target, or the data folder was lost; the next command goes past it`;
  store.markOutcome(id, { status: "rejected", at: now, error: message });
}

function fail(tools: DeliveryTools, record: CommandRecord, error: ControllerError): void {
  const { id, kind } = record.command;
  switch (error.tag) {
    case "unreachable":
      retry(tools, record, { message: error.message, askedMs: error.retryAfterMs });
      break;
    case "superseded":
      yieldTo(tools, record, error.generation);
      break;
    case "rejected":
      // A rollback is never given up: whoever repairs the controller must not have to ask again.
      if (kind === "rollback") retry(tools, record, { message: error.message, askedMs: longestRetryMs });
      else {
        const at = tools.clock.now();
        tools.store.markOutcome(id, { status: "rejected", at, error: error.message });
      }
      break;
  }
  announce(tools, id);
}

function confirm(tools: DeliveryTools, id: string): void {
  tools.store.markOutcome(id, { status: "confirmed", at: tools.clock.now(), error: null });
  announce(tools, id);
}

/** After an attempt whose outcome is unknown: is the command in force already? */
async function alreadyInForce(
  controller: Controller,
  command: Command,
  signal: AbortSignal,
): Promise<boolean> {
  const reading = await within((inner) => controller.read(command, inner), signal);
  return reading.ok && reading.value !== null && matches(reading.value, command);
}

/** Sends one command: written down as sent before the call, read back after it. */
export async function deliver(
  tools: DeliveryTools,
  record: CommandRecord,
  signals: {
    readonly read: () => AbortSignal;
    readonly apply: () => AbortSignal;
    readonly givenUp: () => boolean;
  },
): Promise<void> {
  const { command } = record;
  const { id } = command;
  const controller = tools.controllers.get(command.controller);
  if (controller === undefined) {
    retry(tools, record, {
      message: `no controller "${command.controller}" is configured`,
      askedMs: longestRetryMs,
    });
    announce(tools, id);
    return;
  }
  if (record.attempts > 0 && (await alreadyInForce(controller, command, signals.read()))) {
    confirm(tools, id);
    return;
  }
  // The lane was taken away while the read-back ran: a newer command waits for it.
  if (signals.givenUp()) return;
  tools.store.markSent(id, tools.clock.now());
  const applied = await within((signal) => controller.apply(command, signal), signals.apply());
  if (!applied.ok) {
    fail(tools, record, applied.error);
    return;
  }
  if (await alreadyInForce(controller, command, signals.read())) {
    confirm(tools, id);
    return;
  }
  // Accepted but not readable, or not yet in force: the reconciler looks again.
  tools.store.markOutcome(id, { status: "acknowledged", at: tools.clock.now(), error: null });
  announce(tools, id);
}

/** Reads a standing command back: in force counts as a confirmation, drift makes the command due again. */
export async function reconcile(
  tools: DeliveryTools,
  record: CommandRecord,
  signal: AbortSignal,
): Promise<void> {
  const { command } = record;
  const controller = tools.controllers.get(command.controller);
  if (controller === undefined) return;
  const reading = await within((inner) => controller.read(command, inner), signal);
  if (!reading.ok || reading.value === null) return;
  if (matches(reading.value, command)) {
    confirm(tools, command.id);
    return;
  }
  const { canaryWeight, baselineWeight, generation } = reading.value;
  const now = tools.clock.now();
  const error = `drift: the controller has canary ${canaryWeight}, baseline ${baselineWeight}, generation ${generation}`;
  tools.store.markOutcome(command.id, { status: "retry", at: now, nextAt: now, error });
  announce(tools, command.id);
}
