import type {
  AttemptOutcome,
  Channel,
  ChannelError,
  NotificationRecord,
  NotificationStore,
} from "#engine/notifying.ts";
import type { Clock } from "#engine/ports.ts";
import { err, type Result } from "#model/result.ts";
import { nextWaitMs } from "./retry-schedule.ts";

export interface SenderLimits {
  /** How often due notifications are looked for when nobody pokes. */
  readonly pollMs: number;
  /** One attempt; a channel's own time-out is usually shorter. */
  readonly sendTimeoutMs: number;
  /** Receivers called at once. Each has one call at a time, so one that hangs holds up itself and one place. */
  readonly sending: number;
}

export const senderLimits: SenderLimits = { pollMs: 1000, sendTimeoutMs: 35_000, sending: 16 };

export interface SenderTools {
  readonly store: NotificationStore;
  readonly channels: ReadonlyMap<string, Channel>;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** The page of an analysis. */
  readonly urlOf: (analysisId: string) => string;
  /** After each attempt, as it was written down. */
  readonly onAttempt: (record: NotificationRecord, outcome: AttemptOutcome) => void;
  /** Told of a fault of the sender itself; the notification stays due. */
  readonly onBug: (error: unknown) => void;
  readonly limits?: Partial<SenderLimits>;
}

export interface NotificationSender {
  start(): void;
  /** Gives up the calls under way and waits for them; what had no answer is sent again at the next start, under the same id. */
  stop(): Promise<void>;
  /** Look now: a notification was just committed. */
  poke(): void;
  readonly counters: { delivered: number; retried: number; failed: number; disabled: number };
}

type Sent = Result<{ readonly status: number }, ChannelError>;

function failure(message: string): Sent {
  return err({ tag: "failed", status: null, message, retryAfterMs: null });
}

/** A channel may throw or never answer; both are a failed attempt, so that its place always comes free. */
async function within(send: (signal: AbortSignal) => Promise<Sent>, signal: AbortSignal): Promise<Sent> {
  if (signal.aborted) return failure("given up");
  const aborted = new Promise<Sent>((resolve) => {
    signal.addEventListener(
      "abort",
      () => {
        resolve(failure("no answer in time"));
      },
      { once: true },
    );
  });
  try {
    return await Promise.race([send(signal), aborted]);
  } catch (error) {
    return failure(`the channel failed: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function outcomeOf(tools: SenderTools, record: NotificationRecord, sent: Sent): AttemptOutcome {
  const at = tools.clock.now();
  if (sent.ok) {
    return { attempt: { at, status: sent.value.status, error: null }, state: "delivered", nextAt: at };
  }
  const { error } = sent;
  if (error.tag === "gone") {
    return { attempt: { at, status: 410, error: error.message }, state: "disabled", nextAt: at };
  }
  const attempt = { at, status: error.status, error: error.message };
  const wait = nextWaitMs(record.tries + 1, tools.random(), error.retryAfterMs);
  return wait === null
    ? { attempt, state: "failed", nextAt: at }
    : { attempt, state: "waiting", nextAt: at + wait };
}

/** What can be said without a call, or null: its receiver is not configured any more, or wants no more. */
function withoutCall(tools: SenderTools, { receiver }: NotificationRecord): AttemptOutcome | null {
  const at = tools.clock.now();
  const channel = tools.channels.get(receiver);
  if (channel === undefined) {
    const error = `no receiver "${receiver}" is configured`;
    return { attempt: { at, status: null, error }, state: "failed", nextAt: at };
  }
  if (!tools.store.isDisabled(receiver, channel.target)) return null;
  const error = "not sent: the receiver answered 410 before; a replay tries it again";
  return { attempt: { at, status: null, error }, state: "disabled", nextAt: at };
}

async function attempt(
  tools: SenderTools,
  record: NotificationRecord,
  stopping: AbortSignal,
  timeoutMs: number,
) {
  const known = withoutCall(tools, record);
  const channel = tools.channels.get(record.receiver);
  if (known !== null || channel === undefined) return known;
  const { id, event, told } = record;
  const message = { id, event, told, url: tools.urlOf(told.analysisId) };
  const signal = AbortSignal.any([stopping, AbortSignal.timeout(timeoutMs)]);
  const sent = await within((inner) => channel.send(message, inner), signal);
  // Cut off by our own stop: nothing is known of the receiver, and nothing is held against it.
  if (stopping.aborted && !sent.ok) return null;
  if (!sent.ok && sent.error.tag === "gone") {
    tools.store.disableReceiver(record.receiver, channel.target, tools.clock.now());
  }
  return outcomeOf(tools, record, sent);
}

/**
 * The sender of notifications, a loop of its own that shares nothing with the sender of commands but the file: at least once
 * out, under a constant id, until delivered, given up, or not wanted any more.
 */
export function createSender(tools: SenderTools): NotificationSender {
  const limits = { ...senderLimits, ...tools.limits };
  const busy = new Map<string, Promise<void>>();
  const counters = { delivered: 0, retried: 0, failed: 0, disabled: 0 };
  let stopping = new AbortController();
  let timer: NodeJS.Timeout | null = null;

  const send = async (record: NotificationRecord): Promise<void> => {
    const outcome = await attempt(tools, record, stopping.signal, limits.sendTimeoutMs);
    if (outcome === null) return;
    tools.store.recordAttempt(record.id, outcome);
    counters[outcome.state === "waiting" ? "retried" : outcome.state] += 1;
    tools.onAttempt(record, outcome);
  };
  const look = (): void => {
    if (timer === null || stopping.signal.aborted) return;
    const free = limits.sending - busy.size;
    if (free <= 0) return;
    for (const record of tools.store.dueNotifications(tools.clock.now(), new Set(busy.keys()), free)) {
      let fault = false;
      const done = send(record)
        .catch((error: unknown) => {
          fault = true;
          tools.onBug(error);
        })
        .finally(() => {
          busy.delete(record.receiver);
          // After a fault the next look is the timer's: nothing was written, and the same would be met at once.
          if (!fault) look();
        });
      busy.set(record.receiver, done);
    }
  };
  return {
    counters,
    start: () => {
      if (timer !== null) return;
      stopping = new AbortController();
      timer = setInterval(look, limits.pollMs);
      look();
    },
    stop: async () => {
      if (timer !== null) clearInterval(timer);
      timer = null;
      stopping.abort();
      await Promise.all(busy.values());
    },
    poke: look,
  };
}
