import type { ControlStore, TelemetryWriter } from "#engine/ports.ts";

/** Thrown out of the code of a process that ended in the middle of a save. */
export class Crash extends Error {}

/**
 * One process' hold on the stores. Before each save it is asked whether the process ends there: before the transaction (it
 * never was) or after it (it stands, and nobody heard of it). What an ended process still does reaches no store.
 */
export class Life {
  alive = true;
  /** The engine is running: ending throws out of it. The sender's promises just never go on. */
  inEngine = false;
  readonly #ends: (save: string) => "before" | "after" | null;
  readonly #ended: (save: string) => void;

  constructor(ends: (save: string) => "before" | "after" | null, ended: (save: string) => void) {
    this.#ends = ends;
    this.#ended = ended;
  }

  save<T>(name: string, write: () => T, ofTheDead: T): T {
    if (!this.alive) return this.#gone(ofTheDead);
    const ends = this.#ends(name);
    if (ends === "before") {
      this.end(`before ${name}`);
      return this.#gone(ofTheDead);
    }
    const written = write();
    if (ends === null) return written;
    this.end(`after ${name}`);
    return this.#gone(ofTheDead);
  }

  end(where: string): void {
    this.alive = false;
    this.#ended(where);
  }

  #gone<T>(ofTheDead: T): T {
    if (this.inEngine) throw new Crash();
    return ofTheDead;
  }
}

/** control.db as one process sees it. */
export function crashingControl(store: ControlStore, life: Life): ControlStore {
  return {
    ...store,
    open: (stored, commit, key) =>
      life.save("open", () => store.open(stored, commit, key), { ok: true, value: null }),
    commit: (commit) => life.save("commit", () => store.commit(commit), { ok: true, value: null }),
    saveIdempotencyKey: (key, analysisId, digest, at) => {
      life.save(
        "idempotency key",
        () => {
          store.saveIdempotencyKey(key, analysisId, digest, at);
        },
        undefined,
      );
    },
    nextGeneration: (controller, service, environment) =>
      life.save("generation", () => store.nextGeneration(controller, service, environment), 0),
    dueCommands: (now, limit) => life.save("claim", () => store.dueCommands(now, limit), []),
    markSent: (id, now) => {
      life.save(
        "sent",
        () => {
          store.markSent(id, now);
        },
        undefined,
      );
    },
    markOutcome: (id, outcome) => {
      life.save(
        outcome.status,
        () => {
          store.markOutcome(id, outcome);
        },
        undefined,
      );
    },
    outnumber: (id, held, resend, now) => {
      life.save(
        "outnumber",
        () => {
          store.outnumber(id, held, resend, now);
        },
        undefined,
      );
    },
    standingCommands: () => (life.alive ? store.standingCommands() : []),
    command: (id) => (life.alive ? store.command(id) : null),
  };
}

/** telemetry.db as one process sees it. */
export function crashingTelemetry(writer: TelemetryWriter, life: Life): TelemetryWriter {
  return {
    ...writer,
    commit: (batch) => {
      life.save(
        "samples",
        () => {
          writer.commit(batch);
        },
        undefined,
      );
    },
  };
}
