import type { Instance, Traits } from "#model/deployment.ts";
import { windowLengthMs, windowStart, type Instant } from "#model/time.ts";
import type { Changing } from "./dirty-list.ts";
import type { TallyRow } from "./tally-row.ts";

/** What is counted and bounded for one service in one environment. */
export interface ServiceCounts {
  readonly service: string;
  readonly environment: string;
  readonly tally: TallyRow;
  /** Names of its operations, shared by its deployments. */
  readonly operations: Set<string>;
  /** How long after its end a window stays open. */
  settleMs: number;
}

/** One instance as it grows: which deployment it is counted for, and between which instants it was seen. */
export class InstanceRow implements Changing {
  dirty = false;
  /** Key of the revision that it stands in. */
  home: string;
  deploymentId: number;
  started: Instant | null;
  traits: Traits;
  firstSeen = Infinity;
  /** Start of the newest window with a record of it: coarse, so that an instance is not written again for every record. */
  lastSeen = -Infinity;
  /** Keys of the sightings that led here. */
  readonly sightings = new Set<string>();
  readonly group: ServiceCounts;
  readonly id: number;
  readonly name: string;
  readonly identified: boolean;

  constructor(
    group: ServiceCounts,
    made: Pick<Instance, "id" | "name" | "deploymentId" | "started" | "traits" | "identified"> & {
      readonly home: string;
    },
  ) {
    this.group = group;
    this.id = made.id;
    this.name = made.name;
    this.home = made.home;
    this.deploymentId = made.deploymentId;
    this.started = made.started;
    this.traits = made.traits;
    this.identified = made.identified;
  }

  /** True where a record at `at` would change when the instance was seen. */
  isNews(at: Instant): boolean {
    return at < this.firstSeen || at >= this.lastSeen + windowLengthMs;
  }

  seen(at: Instant): void {
    if (at < this.firstSeen) this.firstSeen = at;
    const window = windowStart(at);
    if (window > this.lastSeen) this.lastSeen = window;
  }

  toInstance(): Instance {
    return {
      id: this.id,
      deploymentId: this.deploymentId,
      name: this.name,
      identified: this.identified,
      started: this.started,
      traits: this.traits,
      firstSeen: this.firstSeen,
      lastSeen: this.lastSeen,
    };
  }
}
