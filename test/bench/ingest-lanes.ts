import { gzipSync } from "node:zlib";
import { Accumulate } from "#engine/accumulate.ts";
import type { Observer } from "#engine/ports.ts";
import { bodyDigest } from "#ingest/otlp/body-digest.ts";
import { decompressBody, visitBody, type RawBody } from "#ingest/otlp/body.ts";
import type { Signal } from "#ingest/otlp/schema.ts";
import { BoundedInterner } from "#model/interner.ts";
import { otlpJson } from "#test/support/otlp-encoder.ts";
import { oracleType, requestTypes } from "#test/support/otlp-oracle.ts";
import { BackWriter, type FieldOrder } from "./back-writer.ts";
import { batchEveryMs, firstInstant, otlpBatch, recordsOf } from "./otlp-batches.ts";

/** What a lane does with a body. */
export type LaneName = "visitor" | "finished" | "protobufjs" | "JSON.parse";

/** The bodies that a lane is given. */
export interface BodyForm {
  readonly signal: Signal;
  readonly form: FieldOrder | "json";
  readonly gzip: boolean;
  readonly batches: number;
}

export interface Spent {
  readonly records: number;
  readonly bytes: number;
  readonly cpuSeconds: number;
}

/** Bodies of one transaction in the finished lane. */
const bodiesEachDrain = 8;

/** Makes the bytes of a form, each batch different, before any compression. */
export function plainBatches(form: BodyForm): readonly Uint8Array[] {
  const writer = new BackWriter(form.form === "json" ? "ascending" : form.form);
  const typeName = requestTypes[form.signal];
  return Array.from({ length: form.batches }, (_, index) => {
    const batch = otlpBatch(form.signal, index);
    return form.form === "json" ? Buffer.from(otlpJson(typeName, batch)) : writer.encode(typeName, batch);
  });
}

/** The batches as bodies. */
export function bodiesOf(form: BodyForm, batches: readonly Uint8Array[]): readonly RawBody[] {
  return batches.map((plain) => {
    return {
      signal: form.signal,
      contentType: form.form === "json" ? "application/json" : "application/x-protobuf",
      contentEncoding: form.gzip ? "gzip" : "",
      bytes: form.gzip ? gzipSync(plain) : plain,
    };
  });
}

/** One lane over bodies in turn; goes on where it stopped. */
export class Lane {
  readonly #bodies: readonly RawBody[];
  readonly #take: (body: RawBody, index: number) => void;
  #next = 0;

  constructor(name: LaneName, bodies: readonly RawBody[]) {
    this.#bodies = bodies;
    this.#take = takes[name]();
  }

  /** Takes `count` bodies and tells what they cost this process, garbage collection and all its threads included. */
  run(count: number): Spent {
    let bytes = 0;
    let records = 0;
    const before = process.cpuUsage();
    for (let done = 0; done < count; done += 1) {
      const index = this.#next;
      const body = this.#bodies[index]!;
      this.#take(body, index);
      bytes += body.bytes.length;
      records += recordsOf(body.signal);
      this.#next = (index + 1) % this.#bodies.length;
    }
    const { user, system } = process.cpuUsage(before);
    return { records, bytes, cpuSeconds: (user + system) / 1e6 };
  }
}

const takes: Readonly<Record<LaneName, () => (body: RawBody, index: number) => void>> = {
  visitor: () => {
    const observer = nullObserver();
    return (body) => {
      const { signal, bytes } = body;
      const format = body.contentType === "application/json" ? "json" : "protobuf";
      mustHold(visitBody({ signal, format, bytes }, observer).ok);
    };
  },
  finished: () => {
    let accumulate = newAccumulate();
    return (body, index) => {
      // A second pass over the same batches would be told as late and out of order: it starts empty instead.
      if (index === 0) accumulate = newAccumulate();
      const plain = decompressBody(body);
      if (!plain.ok) throw new Error(plain.error.message);
      bodyDigest(plain.value);
      const now = firstInstant + (index + 1) * batchEveryMs;
      accumulate.begin(now);
      const visited = visitBody(plain.value, accumulate);
      mustHold(
        visited.ok && visited.value.rejected === 0 && visited.value.records === recordsOf(body.signal),
      );
      if (index % bodiesEachDrain !== bodiesEachDrain - 1) return;
      accumulate.drain();
      accumulate.seal(now);
    };
  },
  protobufjs: () => (body) => {
    oracleType(requestTypes[body.signal]).decode(body.bytes);
  },
  "JSON.parse": () => (body) => {
    JSON.parse(new TextDecoder().decode(body.bytes));
  },
};

function newAccumulate(): Accumulate {
  return new Accumulate({ interner: new BoundedInterner(), loadSample: () => null });
}

/** An observer that interns and counts, and nothing else. */
export function nullObserver(): Observer & { readonly told: number } {
  let told = 0;
  const count = (): void => {
    told += 1;
  };
  return {
    interner: new BoundedInterner(),
    resourceGeneration: 1,
    resource: () => 0,
    span: count,
    point: count,
    log: count,
    reject: () => undefined,
    get told() {
      return told;
    },
  };
}

function mustHold(held: boolean): void {
  if (!held) throw new Error("a batch was not read whole");
}
