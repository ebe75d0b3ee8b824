import { setTimeout as wait } from "node:timers/promises";
import { Pool } from "undici";

/** One address that is asked. */
export interface Asked {
  readonly url: string;
}

/** How long each answer took, in milliseconds, and over which time they came. */
export interface Answers {
  readonly latenciesMs: readonly number[];
  readonly seconds: number;
}

async function ask(pool: Pool, path: string): Promise<void> {
  const { statusCode, body } = await pool.request({ path, method: "GET" });
  const said = await body.text();
  if (statusCode !== 200) throw new Error(`${path} answered ${statusCode}: ${said}`);
}

/**
 * Questions at a steady pace, each at its own time whether or not those before are answered. A latency counts from the time at which
 * its question was due, so a stall is counted by all the questions that had to wait for its end.
 */
export async function askSteadily(lane: Asked, rate: number, seconds: number): Promise<Answers> {
  const { origin, pathname, search } = new URL(lane.url);
  const pool = new Pool(origin, { connections: 64 });
  const total = Math.round(rate * seconds);
  const latenciesMs: number[] = [];
  const answers: Promise<void>[] = [];
  const beganAt = performance.now();
  for (let n = 0; n < total;) {
    const dueAt = beganAt + (n * 1000) / rate;
    const early = dueAt - performance.now();
    if (early > 0) {
      await wait(early);
      continue;
    }
    answers.push(ask(pool, pathname + search).then(() => void latenciesMs.push(performance.now() - dueAt)));
    n += 1;
  }
  await Promise.all(answers);
  await pool.close();
  return { latenciesMs, seconds: (performance.now() - beganAt) / 1000 };
}

/** Questions one after another over some connections, as fast as answers come. */
export async function askAsFastAsItGoes(lane: Asked, connections: number, seconds: number): Promise<Answers> {
  const { origin, pathname, search } = new URL(lane.url);
  const pool = new Pool(origin, { connections });
  const latenciesMs: number[] = [];
  const beganAt = performance.now();
  const asker = async (): Promise<void> => {
    for (let at = beganAt; at - beganAt < seconds * 1000;) {
      await ask(pool, pathname + search);
      const answeredAt = performance.now();
      latenciesMs.push(answeredAt - at);
      at = answeredAt;
    }
  };
  await Promise.all(Array.from({ length: connections }, asker));
  await pool.close();
  return { latenciesMs, seconds: (performance.now() - beganAt) / 1000 };
}

/** The smallest value that the share `q` of all values does not exceed. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? NaN;
}
