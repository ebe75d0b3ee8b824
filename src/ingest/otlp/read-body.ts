import type { IncomingMessage } from "node:http";
import { err, ok, type Result } from "#model/result.ts";
import type { ByteBudget } from "./byte-budget.ts";
import type { OtlpLimits } from "./limits.ts";

/** Why a body was not read to its end. `aborted`: the sender went away. */
export type ReadError = "tooLarge" | "busy" | "slow" | "aborted";

/** A body in a buffer of its own (its ArrayBuffer may be transferred), and the bytes reserved for it, to be released. */
export interface ReadBody {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly reserved: number;
}

/**
 * Reads a request body within its limits. A stated length is reserved before a byte is read; without one every chunk is
 * counted as it comes. On an error nothing stays reserved.
 */
export async function readBody(
  request: IncomingMessage,
  budget: ByteBudget,
  limits: OtlpLimits,
): Promise<Result<ReadBody, ReadError>> {
  const stated = request.headers["content-length"];
  const length = stated === undefined ? null : Number(stated);
  if (length !== null) {
    if (length > limits.bodyBytes) return err("tooLarge");
    if (!budget.reserve(length)) return err("busy");
  }
  const sink = length === null ? chunkSink(budget, limits) : fixedSink(length);
  return new Promise((resolve) => {
    let over = false;
    const finish = (result: Result<ReadBody, ReadError>): void => {
      if (over) return;
      over = true;
      clearTimeout(timer);
      request.off("data", take);
      if (!result.ok) budget.release(sink.reserved());
      resolve(result);
    };
    const timer = setTimeout(() => {
      finish(err("slow"));
    }, limits.bodyTimeoutMs);
    const take = (chunk: Buffer): void => {
      const fault = sink.take(chunk);
      if (fault !== null) finish(err(fault));
    };
    request.on("data", take);
    request.once("end", () => {
      if (!over) finish(ok({ bytes: sink.bytes(), reserved: sink.reserved() }));
    });
    request.once("error", () => {
      finish(err("aborted"));
    });
    request.once("close", () => {
      finish(err("aborted"));
    });
  });
}

interface Sink {
  take(chunk: Buffer): ReadError | null;
  bytes(): Uint8Array<ArrayBuffer>;
  reserved(): number;
}

/** node:http delivers exactly the stated length, or an abort. */
function fixedSink(length: number): Sink {
  const whole = ownBuffer(length);
  let at = 0;
  return {
    take: (chunk) => {
      whole.set(chunk, at);
      at += chunk.length;
      return null;
    },
    bytes: () => whole,
    reserved: () => length,
  };
}

function chunkSink(budget: ByteBudget, limits: OtlpLimits): Sink {
  const chunks: Buffer[] = [];
  let total = 0;
  return {
    take: (chunk) => {
      if (total + chunk.length > limits.bodyBytes) return "tooLarge";
      if (!budget.reserve(chunk.length)) return "busy";
      chunks.push(chunk);
      total += chunk.length;
      return null;
    },
    bytes: () => {
      const whole = ownBuffer(total);
      let at = 0;
      for (const chunk of chunks) {
        whole.set(chunk, at);
        at += chunk.length;
      }
      return whole;
    },
    reserved: () => total,
  };
}

/** Outside the shared pool of small buffers, so that `.buffer` holds this body alone. */
function ownBuffer(length: number): Uint8Array<ArrayBuffer> {
  const buffer = Buffer.allocUnsafeSlow(length);
  return new Uint8Array(buffer.buffer, 0, length);
}
