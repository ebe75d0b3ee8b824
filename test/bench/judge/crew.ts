import { parentPort, Worker } from "node:worker_threads";
import { playReplicate, type Outcome } from "./replicate.ts";
import { scenarioOf } from "./scenarios.ts";
import type { Scenario } from "./scenario.ts";

/** Replicates [from, to) of one scenario. */
interface Chunk {
  readonly scenario: number;
  readonly from: number;
  readonly to: number;
}

const chunkReplicates = 8;

/** A hand that plays the chunks it is sent. */
export function serveChunks(): void {
  parentPort?.on("message", ({ scenario, from, to }: Chunk) => {
    const found = scenarioOf(scenario);
    const outcomes: Outcome[] = [];
    for (let replicate = from; replicate < to; replicate += 1) outcomes.push(playReplicate(found, replicate));
    parentPort?.postMessage(outcomes);
  });
}

/**
 * Plays replicates of scenarios on some threads, in rounds over all of them so that a run that ends early has some of each.
 * Seeds depend on scenario and replicate alone: any number of threads gives the same outcomes.
 */
export async function playAll(
  scenarios: readonly Scenario[],
  wanted: {
    readonly replicates: number;
    readonly minutes: number;
    readonly threads: number;
    readonly progress: (done: number, chunks: number) => void;
  },
): Promise<ReadonlyMap<number, readonly Outcome[]>> {
  const outcomes = new Map<number, Outcome[]>(scenarios.map(({ id }) => [id, []]));
  const chunks = chunksOf(scenarios, wanted.replicates);
  const until = performance.now() + wanted.minutes * 60_000;
  let next = 0;
  const hand = async (): Promise<void> => {
    const worker = new Worker(process.argv[1]!, { argv: ["judge"] });
    try {
      while (next < chunks.length && performance.now() < until) {
        const chunk = chunks[next]!;
        next += 1;
        const played = await ask(worker, chunk);
        // A gap in the numbers would make a shorter run another sample: outcomes are kept by number.
        played.forEach((outcome, i) => {
          outcomes.get(chunk.scenario)![chunk.from + i] = outcome;
        });
        wanted.progress(next, chunks.length);
      }
    } finally {
      await worker.terminate();
    }
  };
  await Promise.all(Array.from({ length: wanted.threads }, hand));
  return outcomes;
}

function chunksOf(scenarios: readonly Scenario[], replicates: number): readonly Chunk[] {
  const judged = scenarios.filter(({ unjudged }) => unjudged === null);
  const rounds = Math.ceil(replicates / chunkReplicates);
  return Array.from({ length: rounds }, (_, round) =>
    judged.flatMap(({ id, replicatesPart }): Chunk[] => {
      const upTo = (rounded: number): number =>
        Math.ceil(Math.min(rounded * chunkReplicates, replicates) * replicatesPart);
      const [from, to] = [upTo(round), upTo(round + 1)];
      return to > from ? [{ scenario: id, from, to }] : [];
    }),
  ).flat();
}

function ask(worker: Worker, chunk: Chunk): Promise<readonly Outcome[]> {
  return new Promise((resolve, reject) => {
    worker.once("error", reject);
    worker.once("message", (outcomes: readonly Outcome[]) => {
      worker.off("error", reject);
      resolve(outcomes);
    });
    worker.postMessage(chunk);
  });
}
