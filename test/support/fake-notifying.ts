import type { Notifying, NotificationStore } from "#engine/notifying.ts";
import type { ControlStore } from "#engine/ports.ts";
import { createNotifying } from "#src/alerts.ts";
import { openControlStore } from "#store/sqlite/control-store.ts";
import { analysisOf, openIn } from "#test/conformance/control-fixtures.ts";
import { noticeOf } from "#test/conformance/notification-store.ts";
import { richNow } from "./rich-report.ts";
import { value } from "./result-value.ts";

export interface FakeNotifying extends Notifying {
  readonly store: ControlStore & NotificationStore;
  readonly pokes: () => number;
}

/** The real delivery log in memory, with one notification for a receiver that is configured and one for one that is not. */
export function createFakeNotifying(): FakeNotifying {
  const store = value(openControlStore(":memory:"));
  const analysis = analysisOf("an-told", { mode: "report" });
  openIn(store, analysis, {
    notices: [noticeOf("an-told", { receiver: "ops" }), noticeOf("an-told", { receiver: "removed" })],
  });
  let pokes = 0;
  const notifying = createNotifying(store, new Set(["ops"]), {
    clock: { now: () => richNow },
    poke: () => (pokes += 1),
  });
  return { ...notifying, store, pokes: () => pokes };
}
