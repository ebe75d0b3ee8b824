import type { CommandRecord } from "#model/command.ts";
import { deliver, reconcile, type DeliveryTools } from "./delivery.ts";

/** Times of the sender, milliseconds. */
export interface OutboxTimes {
  /** How often due commands are looked for when nobody pokes. */
  readonly pollMs: number;
  readonly reconcileMs: number;
  /** One call; the driver's own time-out is usually shorter. */
  readonly applyTimeoutMs: number;
  readonly readTimeoutMs: number;
  /** A command that is not in force after this is reported as stalled. */
  readonly stalledMs: number;
}

export const outboxTimes: OutboxTimes = {
  pollMs: 100,
  reconcileMs: 5000,
  applyTimeoutMs: 10_000,
  readTimeoutMs: 2000,
  stalledMs: 30_000,
};

/** Commands claimed in one look. Targets are as many as there are acting analyses, so this is no bound on lanes. */
const claimLimit = 1000;

export interface OutboxTools extends DeliveryTools {
  /** Once for each command that is still not in force after `stalledMs`. */
  readonly onStalled: (record: CommandRecord) => void;
  readonly times?: Partial<OutboxTimes>;
}

export interface Outbox {
  start(): void;
  /** Stops looking, gives up the calls under way and waits for them; what was sent stays marked as sent and is read back at the next start. */
  stop(): Promise<void>;
  /** Look now: a command was just committed. */
  poke(): void;
}

interface Lane {
  readonly record: CommandRecord;
  readonly work: "deliver" | "reconcile";
  readonly abort: AbortController;
  readonly done: Promise<void>;
}

function targetOf({ command }: CommandRecord): string {
  return JSON.stringify([command.controller, command.service, command.environment]);
}

function signalWithin(abort: AbortController, timeoutMs: number): () => AbortSignal {
  return () => AbortSignal.any([abort.signal, AbortSignal.timeout(timeoutMs)]);
}

/** One lane per target: a controller that hangs holds up its own target only, and a newer command takes the lane from an older one. */
function createLanes(tools: OutboxTools, times: OutboxTimes, freed: () => void) {
  const lanes = new Map<string, Lane>();
  const run = (record: CommandRecord, work: Lane["work"]): void => {
    const target = targetOf(record);
    const abort = new AbortController();
    const read = signalWithin(abort, times.readTimeoutMs);
    const apply = signalWithin(abort, times.applyTimeoutMs);
    const start = () =>
      work === "deliver"
        ? deliver(tools, record, { read, apply, givenUp: () => abort.signal.aborted })
        : reconcile(tools, record, read());
    const done = start().finally(() => {
      lanes.delete(target);
      freed();
    });
    lanes.set(target, { record, work, abort, done });
  };
  return {
    size: () => lanes.size,
    deliver: (record: CommandRecord): void => {
      const busy = lanes.get(targetOf(record));
      if (busy === undefined) run(record, "deliver");
      else if (busy.work === "reconcile" || busy.record.command.id !== record.command.id) busy.abort.abort();
    },
    reconcile: (record: CommandRecord): void => {
      if (!lanes.has(targetOf(record))) run(record, "reconcile");
    },
    stop: async (): Promise<void> => {
      for (const lane of lanes.values()) lane.abort.abort();
      await Promise.all([...lanes.values()].map((lane) => lane.done));
    },
  };
}

/**
 * The sender and the reconciler (at least once out, once in effect): claims due commands, rollbacks first, writes them down as
 * sent before the call, reads back, retries, and re-reads what stands every few seconds until a terminal state was
 * confirmed three times in a row.
 */
export function createOutbox(tools: OutboxTools): Outbox {
  const times = { ...outboxTimes, ...tools.times };
  const reported = new Set<string>();
  let timers: NodeJS.Timeout[] = [];
  let running = false;
  const reportStalled = (record: CommandRecord): void => {
    const { id } = record.command;
    if (tools.clock.now() - record.createdAt < times.stalledMs || reported.has(id)) return;
    reported.add(id);
    tools.onStalled(record);
  };
  const look = (): void => {
    if (!running) return;
    for (const record of tools.store.dueCommands(tools.clock.now(), claimLimit + lanes.size())) {
      reportStalled(record);
      lanes.deliver(record);
    }
  };
  const lanes = createLanes(
    {
      ...tools,
      onOutcome: (record) => {
        if (record.status === "confirmed") reported.delete(record.command.id);
        tools.onOutcome(record);
      },
    },
    times,
    look,
  );
  const reconcileAll = (): void => {
    for (const record of tools.store.standingCommands()) lanes.reconcile(record);
  };
  return {
    start: () => {
      if (running) return;
      running = true;
      timers = [setInterval(look, times.pollMs), setInterval(reconcileAll, times.reconcileMs)];
      look();
      reconcileAll();
    },
    stop: async () => {
      running = false;
      timers.forEach(clearInterval);
      await lanes.stop();
    },
    poke: look,
  };
}
