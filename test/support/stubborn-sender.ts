import { setTimeout as wait } from "node:timers/promises";
import { exactBatch, type ExactBatch } from "./exact-batches.ts";
import { until } from "./listening.ts";

/** How many senders send at once, each waiting for its answer. */
const sendersAtOnce = 8;
/** Of each so many batches one loses its first good answer on the road, and is sent again after the next start. */
const answersLostEvery = 5;

/** Senders that keep a batch until it is acknowledged, as exporters do, whatever becomes of the receiver. */
export interface StubbornSender {
  /** Where batches go now; null while nobody listens. */
  aim(otlpUrl: string | null): void;
  /** Sends what lost its answer once more; all must be acknowledged. */
  repeatLostAnswers(): Promise<void>;
  /** Resolves once so many more batches are acknowledged. */
  acknowledges(more: number): Promise<void>;
  /** Begins no further batch; resolves with all batches once each is acknowledged. */
  finish(): Promise<readonly ExactBatch[]>;
  readonly counters: { readonly acknowledged: number; readonly resent: number; readonly repeated: number };
}

async function send(otlpUrl: string, { path, headers, body }: ExactBatch): Promise<number> {
  try {
    const response = await fetch(`${otlpUrl}${path}`, { method: "POST", headers: { ...headers }, body });
    await response.arrayBuffer();
    return response.status;
  } catch {
    return 0;
  }
}

export function startStubbornSender(): StubbornSender {
  const counters = { acknowledged: 0, resent: 0, repeated: 0 };
  const done: ExactBatch[] = [];
  const lost: ExactBatch[] = [];
  let target: string | null = null;
  let finishing = false;
  let next = 0;

  const untilAcknowledged = async (batch: ExactBatch): Promise<void> => {
    for (let tries = 0; ; tries += 1) {
      const aimed = target;
      if (aimed !== null) {
        if (tries > 0) counters.resent += 1;
        const status = await send(aimed, batch);
        if (status === 200) return;
        if (status !== 0 && status !== 503) throw new Error(`${batch.instance} was answered ${status}`);
      }
      await wait(5);
    }
  };
  const sender = async (): Promise<void> => {
    while (!finishing) {
      const index = next;
      next += 1;
      const batch = exactBatch(index, Date.now());
      await untilAcknowledged(batch);
      done.push(batch);
      counters.acknowledged += 1;
      if (index % answersLostEvery === 0) lost.push(batch);
    }
  };
  const senders = Promise.all(Array.from({ length: sendersAtOnce }, sender));
  const repeatLostAnswers = async (): Promise<void> => {
    const again = lost.splice(0);
    counters.repeated += again.length;
    await Promise.all(again.map(untilAcknowledged));
  };
  return {
    counters,
    aim: (otlpUrl) => {
      target = otlpUrl;
    },
    repeatLostAnswers,
    acknowledges: (more) => {
      const enough = counters.acknowledged + more;
      return until(() => counters.acknowledged >= enough);
    },
    finish: async () => {
      finishing = true;
      await senders;
      await repeatLostAnswers();
      return done;
    },
  };
}
