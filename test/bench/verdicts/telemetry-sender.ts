import { setTimeout as wait } from "node:timers/promises";
import { Pool } from "undici";
import { MovedBatches } from "../moved-batches.ts";
import { recordsOf } from "../otlp-batches.ts";

/** What a sender did since it was told to. */
export interface Sent {
  readonly spans: number;
  readonly seconds: number;
  /** Bodies that were not acknowledged with 200, such as those refused over a limit. */
  readonly refused: number;
  /** Bodies that were due while all connections were busy: the pace that was asked for was not kept. */
  readonly behind: number;
}

/** Spans are sent in this many bodies before their times are moved to the present again. */
const turn = 16;
const connections = 8;

/** Sends spans of eight services over OTLP/HTTP, protobuf, each body with the times of its moment. */
export class TelemetrySender {
  readonly #batches = new MovedBatches("traces", "ascending", turn);
  readonly #pool: Pool;
  #bodies: Uint8Array[] = [];

  constructor(url: string) {
    this.#pool = new Pool(url, { connections });
  }

  /** Sends at a pace in bodies a second, or with null as fast as they are acknowledged, until told to stop. */
  async run(bodiesEachSecond: number | null, stop: AbortSignal): Promise<Sent> {
    let acknowledged = 0;
    let refused = 0;
    let behind = 0;
    const busy = new Set<Promise<void>>();
    const beganAt = performance.now();
    const everyMs = bodiesEachSecond === null ? 0 : 1000 / bodiesEachSecond;
    for (let dueAt = beganAt; !stop.aborted; dueAt += everyMs) {
      const early = dueAt - performance.now();
      if (early > 0) await wait(early);
      if (busy.size >= connections) {
        if (bodiesEachSecond !== null) behind += 1;
        await Promise.race(busy);
      }
      const sending = this.#send(this.#next()).then((taken) => {
        if (taken) acknowledged += 1;
        else refused += 1;
        busy.delete(sending);
      });
      busy.add(sending);
    }
    await Promise.all(busy);
    const seconds = (performance.now() - beganAt) / 1000;
    return { spans: acknowledged * recordsOf("traces"), seconds, refused, behind };
  }

  #next(): Uint8Array {
    if (this.#bodies.length === 0) this.#bodies = [...this.#batches.at(Date.now())].reverse();
    return this.#bodies.pop() ?? new Uint8Array();
  }

  async #send(body: Uint8Array): Promise<boolean> {
    const { statusCode, body: said } = await this.#pool.request({
      path: "/v1/traces",
      method: "POST",
      headers: { "content-type": "application/x-protobuf" },
      body,
    });
    await said.dump();
    return statusCode === 200;
  }
}
