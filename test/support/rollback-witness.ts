import { join } from "node:path";
import Database from "better-sqlite3";
import { z } from "zod";
import type { FakeReceiver } from "./fake-receiver.ts";
import type { FakeRouter } from "./fake-router.ts";

const report = z.object({
  service: z.string(),
  phase: z.object({ phase: z.string(), as: z.string().nullable() }),
  terminal: z.object({ word: z.string() }).nullable(),
  commands: z.array(z.object({ kind: z.string() })),
});
const log = z.object({ notifications: z.array(z.object({ id: z.string(), state: z.string() })) });
const told = z.object({ type: z.string(), data: z.object({ id: z.string() }) });

export interface Witnessed {
  readonly url: string;
  readonly router: FakeRouter;
  readonly receiver: FakeReceiver;
}

async function json(url: string): Promise<unknown> {
  return (await fetch(url)).json();
}

/** Whether an analysis has rolled back, all the way, and everybody who is to be told was told. */
export async function isSettled(url: string, id: string): Promise<boolean> {
  const { phase } = report.parse(await json(`${url}/v1/analyses/${id}`));
  if (phase.phase !== "ended") return false;
  const { notifications } = log.parse(await json(`${url}/v1/notifications?analysis=${id}`));
  return notifications.length > 0 && notifications.every(({ state }) => state === "delivered");
}

function distinct(texts: readonly (string | number | undefined)[]): number {
  return new Set(texts).size;
}

function commandFaults(service: string, { router }: Witnessed): readonly string[] {
  const received = router.received.filter((one) => one.service === service);
  const rollbacks = received.filter(({ kind }) => kind === "rollback");
  const first = received.findIndex(({ kind }) => kind === "rollback");
  const after = received.slice(first).filter(({ kind }) => kind !== "rollback");
  const weights = router.weights(service);
  const { canaryWeight = -1, baselineWeight = -1 } = weights ?? {};
  return [
    ...(rollbacks.length === 0 ? ["no rollback arrived"] : []),
    ...(distinct(rollbacks.map(({ idempotencyKey }) => idempotencyKey)) > 1 ? ["several keys"] : []),
    ...(distinct(rollbacks.map(({ id }) => id)) > 1 ? ["several command ids"] : []),
    ...(distinct(rollbacks.map(({ generation }) => generation)) > 1 ? ["several generations"] : []),
    ...(after.length > 0 ? [`${after[0]?.kind ?? ""} after the rollback`] : []),
    ...(canaryWeight === 0 && baselineWeight === 100 ? [] : [`the canary has ${canaryWeight} %`]),
  ];
}

function messageFaults(id: string, { receiver }: Witnessed): readonly string[] {
  const messages = receiver.received.filter(({ body }) => told.parse(JSON.parse(body)).data.id === id);
  const types = messages.map(({ body }) => told.parse(JSON.parse(body)).type);
  return [
    ...(messages.length === 0 ? ["nobody was told"] : []),
    ...(distinct(messages.map(({ headers }) => String(headers["webhook-id"]))) > 1
      ? ["several message ids"]
      : []),
    ...(distinct(messages.map(({ body }) => body)) > 1 ? ["several bodies"] : []),
    ...(types.every((type) => type === "haldane.verdict.rollback") ? [] : [`told ${types.join(", ")}`]),
  ];
}

/** What is wrong with the rollback of one analysis that has settled: it must have come exactly once in effect, and been told once. */
export async function rollbackFaults(id: string, witnessed: Witnessed): Promise<readonly string[]> {
  const { url } = witnessed;
  const { service, phase, terminal, commands } = report.parse(await json(`${url}/v1/analyses/${id}`));
  const { notifications } = log.parse(await json(`${url}/v1/notifications?analysis=${id}`));
  return [
    ...(phase.as === "rolledBack" && terminal?.word === "rollback" ? [] : [`ended as ${phase.as ?? "?"}`]),
    ...(commands.filter(({ kind }) => kind === "rollback").length === 1
      ? []
      : ["several rollbacks commanded"]),
    ...(notifications.length === 1 ? [] : [`${notifications.length} notifications`]),
    ...commandFaults(service, witnessed),
    ...messageFaults(id, witnessed),
  ].map((fault) => `${service}: ${fault}`);
}

/** Terminal verdicts of all analyses in a data folder that no process holds, more than one of an attempt included. */
export function terminalVerdicts(data: string): readonly string[] {
  const db = new Database(join(data, "control.db"), { readonly: true });
  try {
    return z.array(z.string()).parse(
      db
        .prepare(
          `SELECT analysis.service || ': ' || history.word FROM history JOIN analysis ON analysis.id = analysis_id
             WHERE terminal = 1 ORDER BY 1`,
        )
        .pluck()
        .all(),
    );
  } finally {
    db.close();
  }
}
