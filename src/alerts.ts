import type { Logger } from "pino";
import type { Configuration } from "#engine/configuration.ts";
import { stalledNotices } from "#engine/notices.ts";
import type { Channel, Notifying, NotificationStore } from "#engine/notifying.ts";
import type { Clock, ControlStore } from "#engine/ports.ts";
import type { CommandRecord } from "#model/command.ts";
import { err, ok } from "#model/result.ts";
import { createSender, type NotificationSender } from "#notify/sender.ts";

export interface AlertTools {
  readonly control: ControlStore & NotificationStore;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Telling people: the sender, what callers may ask of it, and the news of a command that stalls. */
export interface Alerts {
  /** `url` is where the API is bound; links lead there unless `listen.publicUrl` says otherwise. */
  start(url: string): void;
  stop(): Promise<void>;
  stalled(record: CommandRecord): void;
  readonly notifying: Notifying;
  readonly counters: NotificationSender["counters"];
}

export function createAlerts(
  { listen, receivers, bindings }: Configuration,
  channels: ReadonlyMap<string, Channel>,
  { control, clock, log }: AlertTools,
): Alerts {
  let base = listen.publicUrl ?? "";
  const sender = createSender({
    store: control,
    channels,
    clock,
    random: Math.random,
    urlOf: (analysisId) => `${base.replace(/\/+$/, "")}/analyses/${encodeURIComponent(analysisId)}`,
    onAttempt: ({ id, event, receiver, told }, { attempt, state }) => {
      const { status, error } = attempt;
      const about = { id, event, receiver, analysisId: told.analysisId, state, status, error };
      if (state === "failed" || state === "disabled") log.error(about, "notification given up");
      else log.info(about, "notification");
    },
    onBug: (error) => {
      log.error({ err: error }, "a fault while notifying; the next look tries again");
    },
  });
  return {
    start: (url) => {
      base = listen.publicUrl ?? url;
      sender.start();
    },
    stop: () => sender.stop(),
    stalled: (record) => {
      // The sender of commands calls this: a fault in telling must not hold up a rollback.
      try {
        const stored = control.analysis(record.command.analysisId);
        if (stored === null) return;
        control.notify(
          stalledNotices(stored.analysis, record, { bindings, receivers }, clock.now()),
          clock.now(),
        );
        sender.poke();
      } catch (error) {
        log.error({ err: error }, "a stalled command could not be told");
      }
    },
    notifying: createNotifying(control, new Set(channels.keys()), {
      clock,
      poke: () => {
        sender.poke();
      },
    }),
    counters: sender.counters,
  };
}

/** What the API may ask. */
export function createNotifying(
  store: NotificationStore,
  receivers: ReadonlySet<string>,
  { clock, poke }: { readonly clock: Clock; readonly poke: () => void },
): Notifying {
  return {
    list: (filter) => store.notifications(filter),
    replay: (id) => {
      const record = store.notification(id);
      if (record === null) {
        const message = `There is no notification "${id}"; GET /v1/notifications lists those there are.`;
        return err({ tag: "notFound", message });
      }
      if (!receivers.has(record.receiver)) {
        const known = [...receivers].join(", ") || "none";
        const message = `No receiver "${record.receiver}" is configured any more; known: ${known}. Configure it and replay again.`;
        return err({ tag: "noReceiver", message });
      }
      store.replayNotification(id, clock.now());
      const due = store.notification(id) ?? record;
      poke();
      return ok(due);
    },
  };
}
