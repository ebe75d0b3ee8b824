import type { Tally } from "./ports.ts";
import type { Changing } from "./dirty-list.ts";

/** Counted facts that belong to no sample. */
export const tallyNames = [
  "unattributed.noServiceName",
  "unattributed.noRevision",
  "ambiguous",
  "unidentifiedInstance",
  "rejected.badId",
  "rejected.noTime",
  "rejected.future",
  "rejected.notFinite",
  "rejected.shape",
  "overflow.services",
  "overflow.instances",
  "overflow.operations",
  "overflow.series",
  "overflow.streams",
  "overflow.patterns",
  "overflow.patternJoins",
  "overflow.patternSeries",
  "overflow.examples",
  "cut.logBodies",
  "late",
  "probes",
  "resets",
  "gaps",
  "overlaps",
  "duplicates",
  "outOfOrder",
  "boundsChanged",
  "layoutsDiffer",
  "unitUnknown",
  "staleness",
  "negativeDuration",
  "ignored.summary",
  "ignored.nonMonotonicDelta",
] as const;
export type TallyName = (typeof tallyNames)[number];

const slots: ReadonlyMap<TallyName, number> = new Map(tallyNames.map((name, i) => [name, i]));

/** Counters of one service in one environment since they were last drained. */
export class TallyRow implements Changing {
  dirty = false;
  private readonly counts = new Float64Array(tallyNames.length);

  readonly service: string;
  readonly environment: string;

  constructor(service: string, environment: string) {
    this.service = service;
    this.environment = environment;
  }

  add(name: TallyName, count: number): void {
    const slot = slots.get(name) ?? 0;
    this.counts[slot] = (this.counts[slot] ?? 0) + count;
  }

  /** What was counted, and zero from here on. */
  drain(): readonly Tally[] {
    const tallies = tallyNames.flatMap((name, i): Tally[] => {
      const count = this.counts[i] ?? 0;
      return count === 0 ? [] : [{ service: this.service, environment: this.environment, name, count }];
    });
    this.counts.fill(0);
    return tallies;
  }
}
