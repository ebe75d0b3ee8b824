import { fork, type ChildProcess } from "node:child_process";
import { constants, setPriority } from "node:os";
import { Hono } from "hono";
import { listening } from "#test/support/listening.ts";
import { TelemetrySender, type Sent } from "./telemetry-sender.ts";

/** What the bench asks of a process of its own. */
type Ask =
  | { readonly ask: "bare"; readonly answer: string }
  | { readonly ask: "send"; readonly url: string; readonly bodiesEachSecond: number | null }
  | { readonly ask: "stop" };

/** Spans on their way to one receiver, from a process of their own. */
export interface Sending {
  stop(): Promise<Sent>;
}

/** A process of this bench that does what it is asked. */
export function startChild(): ChildProcess {
  return fork(process.argv[1] ?? "", ["verdicts"]);
}

function answerOf(child: ChildProcess, ask: Ask): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null): void => {
      reject(new Error(`a process of the bench ended with ${code ?? "a signal"}`));
    };
    child.once("exit", ended);
    child.once("message", (answer) => {
      child.off("exit", ended);
      resolve(answer);
    });
    child.send(ask);
  });
}

/** A bare Hono route that answers the same text each time; resolves to its address. */
export async function serveBare(child: ChildProcess, answer: string): Promise<string> {
  return (await answerOf(child, { ask: "bare", answer })) as string;
}

/** Begins to send, at a pace in bodies a second or as fast as it goes. */
export async function beginSending(
  child: ChildProcess,
  url: string,
  bodiesEachSecond: number | null,
): Promise<Sending> {
  await answerOf(child, { ask: "send", url, bodiesEachSecond });
  return { stop: async () => (await answerOf(child, { ask: "stop" })) as Sent };
}

/** The other side: runs in the child until it is killed. */
export function obeyParent(): void {
  const senders = new Map<string, TelemetrySender>();
  let stopping = new AbortController();
  let running: Promise<Sent> | null = null;
  const tell = (answer: unknown): void => void process.send?.(answer);
  const obey = async (asked: Ask): Promise<void> => {
    switch (asked.ask) {
      case "bare": {
        const app = new Hono().get("/v1/verdict", (c) =>
          c.body(asked.answer, 200, { "Content-Type": "application/json", "Cache-Control": "no-store" }),
        );
        const { origin } = await listening(app);
        tell(`${origin}/v1/verdict`);
        return;
      }
      case "send": {
        // It stands for other machines, which take no core from those that are measured.
        setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
        const sender = senders.get(asked.url) ?? new TelemetrySender(asked.url);
        senders.set(asked.url, sender);
        stopping = new AbortController();
        running = sender.run(asked.bodiesEachSecond, stopping.signal);
        tell("sending");
        return;
      }
      case "stop":
        stopping.abort();
        tell(await running);
    }
  };
  process.on("message", (asked: Ask) => {
    obey(asked).catch((error: unknown) => {
      console.error(error);
      process.exit(1);
    });
  });
}
