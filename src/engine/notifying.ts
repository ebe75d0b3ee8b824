import type { Notice, NoticeEvent, Told } from "#model/notice.ts";
import type { Result } from "#model/result.ts";
import type { Instant } from "#model/time.ts";

/**
 * waiting: to be sent, or sent again. delivered: the receiver answered 2xx. failed: given up, or its receiver is gone from the
 * configuration. disabled: the receiver said 410, that it wants no more.
 */
export const notificationStates = ["waiting", "delivered", "failed", "disabled"] as const;
export type NotificationState = (typeof notificationStates)[number];

/** One line of the delivery log. */
export interface NotificationAttempt {
  readonly at: Instant;
  /** HTTP status; null where there was no answer. */
  readonly status: number | null;
  /** Null where it was delivered. */
  readonly error: string | null;
}

/** A notice with what became of it. */
export interface NotificationRecord extends Notice {
  /** `webhook-id`: constant over retries and replays. Contains no full stop. */
  readonly id: string;
  readonly state: NotificationState;
  /** Attempts since it was written or last replayed. */
  readonly tries: number;
  readonly createdAt: Instant;
  readonly nextAt: Instant;
  readonly deliveredAt: Instant | null;
  readonly log: readonly NotificationAttempt[];
}

export interface NotificationFilter {
  readonly analysis: string | null;
  readonly state: NotificationState | null;
  readonly limit: number;
}

/** What is written after one attempt: a line of the log, and where the notification stands now. */
export interface AttemptOutcome {
  readonly attempt: NotificationAttempt;
  readonly state: NotificationState;
  /** When to try again, where `waiting`. */
  readonly nextAt: Instant;
}

/** The outbox of notifications in control.db. What a step is to tell is written by `ControlStore.commit`, in its transaction. */
export interface NotificationStore {
  /** Writes what is told outside of a step; what was written before is left as it is. */
  notify(notices: readonly Notice[], at: Instant): void;
  /** At most one for each receiver, the one that waits longest; receivers in `busy` are left out. */
  dueNotifications(now: Instant, busy: ReadonlySet<string>, limit: number): readonly NotificationRecord[];
  recordAttempt(id: string, outcome: AttemptOutcome): void;
  /** A receiver that wants no more: what waits for it, and what comes, is disabled while it has this target. */
  disableReceiver(receiver: string, target: string, at: Instant): void;
  isDisabled(receiver: string, target: string): boolean;
  notification(id: string): NotificationRecord | null;
  /** Newest first. */
  notifications(filter: NotificationFilter): readonly NotificationRecord[];
  /** Due again at once under the same id, with a fresh count of tries; a disabled receiver is tried again. */
  replayNotification(id: string, now: Instant): void;
  countNotifications(): Readonly<Record<NotificationState, number>>;
}

/** One message as a channel is given it. */
export interface ChannelMessage {
  readonly id: string;
  readonly event: NoticeEvent;
  readonly told: Told;
  /** The page of the analysis. */
  readonly url: string;
}

export type ChannelError =
  /** Not delivered; worth another attempt. `status` is null where there was no answer. */
  | {
      readonly tag: "failed";
      readonly status: number | null;
      readonly message: string;
      readonly retryAfterMs: number | null;
    }
  /** 410: the receiver wants no more messages. */
  | { readonly tag: "gone"; readonly message: string };

/** A driver of one alert receiver. */
export interface Channel {
  readonly name: string;
  /** Stands for the address without telling it: changes when the address does. */
  readonly target: string;
  send(
    message: ChannelMessage,
    signal: AbortSignal,
  ): Promise<Result<{ readonly status: number }, ChannelError>>;
}

/** What a caller may ask about notifications. */
export interface Notifying {
  list(filter: NotificationFilter): readonly NotificationRecord[];
  replay(id: string): Result<NotificationRecord, ReplayError>;
}

export type ReplayError =
  | { readonly tag: "notFound"; readonly message: string }
  | { readonly tag: "noReceiver"; readonly message: string };
