import type { Asking } from "#engine/asking.ts";
import type { Notifying } from "#engine/notifying.ts";
import type { Clock } from "#engine/ports.ts";
import type { EventFeed } from "./event-feed.ts";
import type { HttpLimits } from "./limits.ts";

/** What every resource of the API is given. */
export interface ApiContext {
  readonly asking: Asking;
  readonly notifying: Notifying;
  readonly clock: Clock;
  readonly limits: HttpLimits;
  readonly feed: EventFeed;
  /** Aborted when the server stops: waits are answered and streams end. */
  readonly stopping: AbortSignal;
  /** Counts a request that met a limit. */
  readonly limitMet: (limit: keyof HttpLimits) => void;
}
