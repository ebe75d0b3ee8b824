import { expect } from "vitest";
import type { NotificationStore } from "#engine/notifying.ts";
import type { ControlStore } from "#engine/ports.ts";
import type { Notice, Told } from "#model/notice.ts";
import { analysisOf, commitOf, concluded, openIn, t0 } from "./control-fixtures.ts";

export type TellingStore = ControlStore & NotificationStore;

export interface NotificationCheck {
  readonly title: string;
  readonly run: (store: TellingStore) => void;
}

export function toldOf(analysisId: string, changes: Partial<Told> = {}): Told {
  return {
    at: t0 + 1,
    analysisId,
    service: "shop/checkout",
    environment: "prod",
    canary: "1.1.0",
    baseline: "1.0.0",
    attempt: 1,
    mode: "act",
    verdict: "rollback",
    action: { kind: "rollback", text: "all traffic goes back to the baseline" },
    reasons: [{ code: "harm", text: "errors in 10 % of requests against 0.1 %" }],
    worse: [
      {
        signal: "errors",
        operation: "POST /pay",
        why: "errors in 10 % of requests against 0.1 %",
        unit: "1",
        canary: 0.1,
        baseline: 0.001,
        effect: 100,
        interval: [60, null],
      },
    ],
    stalled: null,
    ...changes,
  };
}

export function noticeOf(analysisId: string, changes: Partial<Notice> = {}): Notice {
  return { event: "rollback", subject: "", receiver: "ops", told: toldOf(analysisId), ...changes };
}

const everything = { analysis: null, state: null, limit: 100 };
const nobody: ReadonlySet<string> = new Set();

function receiversDue(store: TellingStore, now: number, busy: readonly string[] = []): readonly string[] {
  return store.dueNotifications(now, new Set(busy), 100).map(({ receiver }) => receiver);
}

/** The unique index is what makes it one message per decision and receiver. */
export const oneMessage: NotificationCheck = {
  title: "one decision is one notification for each receiver, however often it is written",
  run: (store) => {
    openIn(store, analysisOf("a1"));
    const notices = [noticeOf("a1"), noticeOf("a1", { receiver: "chat" })];
    store.commit(commitOf(concluded("a1", "rollback"), { notices }));
    store.commit(commitOf(concluded("a1", "rollback"), { notices }));
    store.notify(notices, t0 + 9);
    const written = store.notifications(everything);
    expect(written.map(({ receiver }) => receiver)).toStrictEqual(["chat", "ops"]);
    const stalled = ["c1", "c1", "c2"].map((subject) => noticeOf("a1", { event: "stalled", subject }));
    store.notify(stalled, t0 + 9);
    expect(store.notifications(everything)).toHaveLength(4);
  },
};

/** What `commit` refuses leaves no message behind. */
export const saidOnlyWhenSaved: NotificationCheck = {
  title: "a step that is refused tells nobody",
  run: (store) => {
    openIn(store, analysisOf("a1"));
    store.commit(commitOf(concluded("a1", "promote")));
    const second = commitOf(concluded("a1", "rollback", t0 + 9), { notices: [noticeOf("a1")] });
    expect(store.commit(second).ok).toBe(false);
    expect(store.notifications(everything)).toStrictEqual([]);
  },
};

const others: readonly NotificationCheck[] = [
  {
    title: "what is told is read back as it was written, under an id without a full stop",
    run: (store) => {
      openIn(store, analysisOf("a1"), { notices: [noticeOf("a1")], at: t0 + 5 });
      const [record] = store.notifications(everything);
      expect(record?.id).toMatch(/^msg_[0-9a-f-]{36}$/);
      expect(record).toMatchObject({
        ...noticeOf("a1"),
        ...{ state: "waiting", tries: 0, createdAt: t0 + 5, nextAt: t0 + 5, deliveredAt: null, log: [] },
      });
      expect(store.notification(record?.id ?? "")).toStrictEqual(record);
      expect(store.notification("msg_unknown")).toBeNull();
    },
  },
  {
    title: "at most one is due for each receiver, the oldest; busy receivers are left out; retries wait",
    run: (store) => {
      for (const id of ["a1", "a2"]) {
        openIn(store, analysisOf(id, { mode: "report" }), {
          notices: ["chat", "ops"].map((receiver) => noticeOf(id, { receiver })),
        });
      }
      expect(store.dueNotifications(t0 - 1, nobody, 9)).toStrictEqual([]);
      expect(receiversDue(store, t0)).toStrictEqual(["chat", "ops"]);
      expect(receiversDue(store, t0, ["chat"])).toStrictEqual(["ops"]);
      expect(store.dueNotifications(t0, nobody, 1)).toHaveLength(1);
      const oldest = store.dueNotifications(t0, nobody, 9)[0]!;
      expect(oldest.told.analysisId).toBe("a1");
      const attempt = { at: t0, status: 503, error: "answered 503" };
      store.recordAttempt(oldest.id, { attempt, state: "waiting", nextAt: t0 + 5000 });
      expect(store.dueNotifications(t0, nobody, 9).map(({ told }) => told.analysisId)).toStrictEqual([
        "a1",
        "a2",
      ]);
      expect(store.dueNotifications(t0 + 5000, nobody, 9)[0]).toMatchObject({
        ...{ id: oldest.id, tries: 1, log: [attempt] },
      });
    },
  },
  {
    title: "delivered is final; a replay is due at once under the same id, and the log goes on",
    run: (store) => {
      openIn(store, analysisOf("a1"), { notices: [noticeOf("a1")] });
      const { id } = store.notifications(everything)[0]!;
      const attempt = { at: t0 + 1, status: 200, error: null };
      store.recordAttempt(id, { attempt, state: "delivered", nextAt: t0 + 1 });
      expect(receiversDue(store, t0 + 9)).toStrictEqual([]);
      expect(store.notification(id)).toMatchObject({ state: "delivered", deliveredAt: t0 + 1 });
      store.replayNotification(id, t0 + 10);
      expect(store.dueNotifications(t0 + 10, nobody, 9)).toMatchObject([{ id, tries: 0, log: [attempt] }]);
    },
  },
  {
    title:
      "a receiver that wants no more is disabled with what waits for it, until its address changes or a replay",
    run: (store) => {
      openIn(store, analysisOf("a1"), { notices: [noticeOf("a1"), noticeOf("a1", { receiver: "chat" })] });
      store.disableReceiver("ops", "address 1", t0);
      expect(store.isDisabled("ops", "address 1")).toBe(true);
      expect(store.isDisabled("ops", "address 2")).toBe(false);
      expect(store.isDisabled("chat", "address 1")).toBe(false);
      expect(receiversDue(store, t0 + 9)).toStrictEqual(["chat"]);
      const [disabled] = store.notifications({ ...everything, state: "disabled" });
      store.replayNotification(disabled!.id, t0 + 9);
      expect(store.isDisabled("ops", "address 1")).toBe(false);
      expect(receiversDue(store, t0 + 9)).toStrictEqual(["ops", "chat"]);
    },
  },
  {
    title: "the list is newest first, by analysis and state, and the states are counted",
    run: (store) => {
      for (const id of ["a1", "a2"]) {
        openIn(store, analysisOf(id, { mode: "report" }), { notices: [noticeOf(id)] });
      }
      const { id } = store.notifications({ ...everything, analysis: "a1" })[0]!;
      const attempt = { at: t0, status: null, error: "refused" };
      store.recordAttempt(id, { attempt, state: "failed", nextAt: t0 });
      const analyses = (filter: object) =>
        store.notifications({ ...everything, ...filter }).map(({ told }) => told.analysisId);
      expect(analyses({})).toStrictEqual(["a2", "a1"]);
      expect(analyses({ limit: 1 })).toStrictEqual(["a2"]);
      expect(analyses({ state: "failed" })).toStrictEqual(["a1"]);
      expect(analyses({ analysis: "a2" })).toStrictEqual(["a2"]);
      expect(store.countNotifications()).toStrictEqual({
        ...{ waiting: 1, delivered: 0, failed: 1, disabled: 0 },
      });
    },
  },
];

/** What every store of notifications must do; each check is given an empty store. */
export const notificationChecks: readonly NotificationCheck[] = [oneMessage, saidOnlyWhenSaved, ...others];
