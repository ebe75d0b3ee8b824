import { compareExamples } from "#model/fold-patterns.ts";
import { examplesEach } from "#model/log-pattern.ts";
import type { ExampleRow } from "#model/pattern-row.ts";
import type { Instant } from "#model/time.ts";
import type { InstanceRow } from "./instance-row.ts";

export type StoredExample = ExampleRow["examples"][number];

interface KeptExample extends StoredExample {
  readonly row: InstanceRow;
}

function compare(a: KeptExample, b: KeptExample): number {
  return compareExamples(a, b) || a.row.id - b.row.id;
}

/** Memory of an example at two bytes a code unit, and of what holds it. */
function bytesOf({ line }: StoredExample): number {
  return 2 * line.length + 128;
}

/** The earliest examples of one form of line, a few for each deployment: the same ones in whatever order they came. */
export class KeptExamples {
  readonly #byDeployment = new Map<number, KeptExample[]>();
  readonly #changed = new Set<InstanceRow>();
  bytes = 0;

  /** False where an example of that instant would not stay. */
  wants(row: InstanceRow, at: Instant): boolean {
    const kept = this.#byDeployment.get(row.deploymentId);
    const last = kept?.[examplesEach - 1];
    return last === undefined || at <= last.at;
  }

  /** Keeps an example if it is among the earliest; true where it now is. */
  add(row: InstanceRow, example: StoredExample): boolean {
    const kept = this.#byDeployment.get(row.deploymentId) ?? [];
    const one = { ...example, row };
    const place = kept.findIndex((each) => compare(one, each) <= 0);
    const at = place < 0 ? kept.length : place;
    const there = kept[at];
    if (at >= examplesEach || (there !== undefined && compare(one, there) === 0)) return false;
    kept.splice(at, 0, one);
    this.bytes += bytesOf(one);
    this.#changed.add(row);
    for (const gone of kept.splice(examplesEach)) {
      this.bytes -= bytesOf(gone);
      this.#changed.add(gone.row);
    }
    this.#byDeployment.set(row.deploymentId, kept);
    return true;
  }

  /** Takes up what was stored. */
  restore(row: InstanceRow, examples: readonly StoredExample[]): void {
    for (const example of examples) this.add(row, example);
    this.#changed.delete(row);
  }

  /** Lets go of what instances showed that are gone from memory; it stays stored, and what is not yet stored stays here. */
  forgetRows(rows: ReadonlySet<InstanceRow>): void {
    const goes = ({ row }: KeptExample): boolean => rows.has(row) && !this.#changed.has(row);
    for (const [deployment, kept] of this.#byDeployment) {
      const left = kept.filter((one) => !goes(one));
      for (const one of kept) if (goes(one)) this.bytes -= bytesOf(one);
      if (left.length === 0) this.#byDeployment.delete(deployment);
      else if (left.length < kept.length) this.#byDeployment.set(deployment, left);
    }
  }

  /** The examples of each instance whose examples changed since the last drain. */
  drain(pattern: string): readonly ExampleRow[] {
    const rows = [...this.#changed];
    this.#changed.clear();
    const all = [...this.#byDeployment.values()].flat();
    return rows.map((row) => ({
      instanceId: row.id,
      pattern,
      examples: all
        .filter((each) => each.row === row)
        .map(({ at, line, traceId }) => ({ at, line, traceId })),
    }));
  }
}
