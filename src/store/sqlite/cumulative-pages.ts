import type { CumulativeState } from "#engine/ports.ts";
import { decodeCumulative, decodePage, encodePage } from "./cumulative-codec.ts";
import type { Connection } from "./open-database.ts";

/** States on one page: some four kilobytes. */
const statesEach = 32;

/** What every metric stream showed last, as stored. */
export interface CumulativePages {
  /** Writes what changed, inside the transaction of its samples. */
  put(states: readonly CumulativeState[]): void;
  all(): readonly CumulativeState[];
  /** Takes the file for what it is, after a transaction that failed. */
  reread(): void;
}

/**
 * Nearly every point changes the state of its stream, and the streams of one export change together; a row for each would cost
 * more than all the decoding before. So states that were first written together share a row, which is written as a whole: a
 * few statements for an export instead of hundreds. Which page a state is on is kept in memory, by its key.
 */
export function createCumulativePages(db: Connection): CumulativePages {
  const select = db.prepare<[number], { body: Buffer }>("SELECT body FROM cumulative_page WHERE page = ?");
  const selectAll = db.prepare<[], { page: number; body: Buffer }>(
    "SELECT page, body FROM cumulative_page ORDER BY page",
  );
  const upsert = db.prepare(
    `INSERT INTO cumulative_page(page, body) VALUES(?, ?)
     ON CONFLICT(page) DO UPDATE SET body = excluded.body`,
  );
  const pageOf = new Map<string, number>();
  let statesOn: number[] = [];

  function reread(): void {
    pageOf.clear();
    statesOn = [];
    for (const { page, body } of selectAll.all()) {
      const states = decodePage(body);
      statesOn[page] = states.length;
      for (const { key } of states) pageOf.set(key, page);
    }
  }

  /** The page of a new state: the last one while it has room. */
  function place(key: string): number {
    const last = statesOn.length - 1;
    const page = (statesOn[last] ?? statesEach) < statesEach ? last : statesOn.length;
    statesOn[page] = (statesOn[page] ?? 0) + 1;
    pageOf.set(key, page);
    return page;
  }

  function write(page: number, changed: ReadonlyMap<string, CumulativeState>): void {
    const body = changed.size === statesOn[page] ? undefined : select.get(page)?.body;
    const stands = body === undefined ? [] : decodePage(body);
    const unchanged = stands.filter(({ key }) => !changed.has(key));
    upsert.run(page, encodePage([...unchanged, ...changed.values()]));
  }

  reread();
  return {
    put: (states) => {
      const byPage = new Map<number, Map<string, CumulativeState>>();
      for (const state of states) {
        const page = pageOf.get(state.key) ?? place(state.key);
        const changed = byPage.get(page);
        if (changed === undefined) byPage.set(page, new Map([[state.key, state]]));
        else changed.set(state.key, state);
      }
      for (const [page, changed] of byPage) write(page, changed);
    },
    all: () => selectAll.all().flatMap(({ body }) => decodePage(body)),
    reread,
  };
}

/**
 * Forgets the states of streams without a point since `before`, and closes the gaps. Takes over the states of a file from
 * before there were pages. To be called inside a transaction, before the pages are created.
 */
export function forgetIdleStates(db: Connection, before: number): void {
  const rows = db
    .prepare<[], { key: string; state: Buffer }>("SELECT key, state FROM cumulative ORDER BY key")
    .all();
  const pages = createCumulativePages(db);
  const states = [...rows.map(({ key, state }) => decodeCumulative(key, state)), ...pages.all()];
  const kept = states.filter(({ time }) => time >= before);
  if (rows.length === 0 && kept.length === states.length) return;
  db.exec("DELETE FROM cumulative; DELETE FROM cumulative_page");
  pages.reread();
  pages.put(kept);
}
