import { Worker } from "node:worker_threads";
import type { SourceOffset } from "#engine/ports.ts";
import type { Instant } from "#model/time.ts";
import type { AcceptOutcome, HandedBody } from "#ingest/otlp/receiver.ts";
import type { HandedMessages, OffsetMove, TakenMessages } from "./handed-messages.ts";
import type { FromWorker, IngestSettings, Retained, ToWorker, WorkerStart } from "./worker-protocol.ts";

/** Exit code of a process whose store failed it: EX_IOERR of sysexits. */
export const exitInputOutput = 74;

/** The ingest worker ended though nobody stopped it. The process has to end with `exitCode`. */
export interface WorkerFailure {
  readonly message: string;
  readonly exitCode: number;
}

export interface IngestClientOptions {
  /** The worker's own file, as built. */
  readonly workerFile: URL;
  readonly start: WorkerStart;
  /** Called once, when the worker fails; everything asked of it is refused with the same message. */
  readonly failed: (failure: WorkerFailure) => void;
}

/** The ingest worker as the main thread sees it. */
export interface IngestClient {
  /** The bytes of the body are given away. A worker that failed answers 503, so that senders keep their data. */
  accept(body: HandedBody): Promise<AcceptOutcome>;
  /** How far sources were taken when the store was opened. */
  readonly offsets: readonly SourceOffset[];
  /** Their bytes are given away; resolves once they are durable. A worker that failed refuses, and its process ends. */
  take(messages: HandedMessages): Promise<TakenMessages>;
  move(moves: readonly OffsetMove[]): Promise<readonly SourceOffset[]>;
  /** Resolves once all samples of windows that close at `at` are in the store. */
  seal(at: Instant): Promise<Instant>;
  settings(settings: IngestSettings): void;
  retain(now: Instant, pinnedFrom: Instant | null): Promise<Retained>;
  /** Writes what is accepted and ends the worker. */
  stop(): Promise<void>;
}

interface Pending {
  readonly resolve: (answer: FromWorker) => void;
  readonly reject: (error: Error) => void;
}

/** Requests without an answer yet; a failure refuses them all, and every later one. */
class Correspondence {
  private readonly pending = new Map<number, Pending>();
  private failure: Error | null = null;
  private next = 1;

  ask(send: (id: number) => void): Promise<FromWorker> {
    if (this.failure !== null) return Promise.reject(this.failure);
    const id = this.next;
    this.next += 1;
    return new Promise((resolve, reject) => {
      this.pending.set(id, { resolve, reject });
      send(id);
    });
  }

  answered(id: number, answer: FromWorker): void {
    this.pending.get(id)?.resolve(answer);
    this.pending.delete(id);
  }

  /** False where it had failed before. */
  fail(message: string): boolean {
    if (this.failure !== null) return false;
    this.failure = new Error(message);
    for (const { reject } of this.pending.values()) reject(this.failure);
    this.pending.clear();
    return true;
  }
}

/** The answer, which must be of the kind that belongs to the question. */
async function answerTo<Tag extends FromWorker["tag"]>(
  asked: Promise<FromWorker>,
  tag: Tag,
): Promise<Extract<FromWorker, { tag: Tag }>> {
  const answer = await asked;
  if (!isTagged(answer, tag)) throw new Error(`the ingest worker answered ${answer.tag} instead of ${tag}`);
  return answer;
}

function isTagged<Tag extends FromWorker["tag"]>(
  answer: FromWorker,
  tag: Tag,
): answer is Extract<FromWorker, { tag: Tag }> {
  return answer.tag === tag;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function unavailable(message: string): AcceptOutcome {
  return { status: 503, message, retryAfterSeconds: 5 };
}

/** Listens to the worker; resolves once it is ready, and is refused where it cannot start. */
function opened(
  worker: Worker,
  letters: Correspondence,
  fail: (message: string) => void,
): Promise<readonly SourceOffset[]> {
  return new Promise((resolve, reject) => {
    worker.on("message", (message: FromWorker) => {
      if (message.tag === "ready") resolve(message.offsets);
      else if (message.tag === "failed") {
        fail(message.message);
        reject(new Error(message.message));
      } else letters.answered(message.id, message);
    });
    worker.on("error", (error) => {
      fail(`the ingest worker failed: ${messageOf(error)}`);
      reject(new Error(messageOf(error)));
    });
    worker.on("exit", (code) => {
      fail(`the ingest worker ended by itself with code ${code}`);
      reject(new Error(`the ingest worker ended by itself with code ${code}`));
    });
  });
}

/** Starts the ingest worker; resolves once it has opened its store. */
export async function startIngestWorker(options: IngestClientOptions): Promise<IngestClient> {
  const worker = new Worker(options.workerFile, { workerData: options.start });
  const letters = new Correspondence();
  let stopping = false;
  const fail = (message: string): void => {
    if (letters.fail(message) && !stopping) options.failed({ message, exitCode: exitInputOutput });
  };
  const post = (message: ToWorker, transfer: ArrayBuffer[] = []): void => {
    worker.postMessage(message, transfer);
  };
  const offsets = await opened(worker, letters, fail);
  return {
    offsets,
    accept: async (body) => {
      try {
        const send = (id: number): void => {
          post({ tag: "body", id, body }, [body.bytes.buffer]);
        };
        return (await answerTo(letters.ask(send), "accepted")).outcome;
      } catch (error) {
        return unavailable(messageOf(error));
      }
    },
    take: async (messages) => {
      const send = (id: number): void => {
        post({ tag: "messages", id, messages }, [messages.bytes.buffer]);
      };
      return (await answerTo(letters.ask(send), "taken")).taken;
    },
    move: async (moves) => {
      const send = (id: number): void => {
        post({ tag: "move", id, moves });
      };
      return (await answerTo(letters.ask(send), "moved")).offsets;
    },
    seal: async (at) => {
      await letters.ask((id) => {
        post({ tag: "seal", id, at });
      });
      return at;
    },
    settings: (settings) => {
      post({ tag: "settings", settings });
    },
    retain: async (now, pinnedFrom) => {
      const send = (id: number): void => {
        post({ tag: "retain", id, now, pinnedFrom });
      };
      return (await answerTo(letters.ask(send), "retained")).retained;
    },
    stop: async () => {
      stopping = true;
      await letters.ask((id) => {
        post({ tag: "stop", id });
      });
      await worker.terminate();
    },
  };
}
