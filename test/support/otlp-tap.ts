import { createServer, type IncomingMessage } from "node:http";
import { gunzipSync } from "node:zlib";
import { listen } from "#examples/listen.ts";
import { closeWhole } from "./listening.ts";

/** A body as it went by, decompressed. */
export interface TappedBody {
  readonly path: string;
  readonly contentType: string;
  readonly bytes: Uint8Array;
}

/** Stands between a sender and a receiver of OTLP/HTTP and passes everything on. */
export interface OtlpTap {
  readonly url: string;
  /** Everything that was passed on, each try of it. */
  readonly bodies: readonly TappedBody[];
  /** So many of the next answers are lost on their way back. */
  loseAnswers(count: number): void;
  close(): Promise<void>;
}

async function bytesOf(request: IncomingMessage): Promise<Buffer<ArrayBuffer>> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

export async function startOtlpTap(target: string): Promise<OtlpTap> {
  const bodies: TappedBody[] = [];
  let toLose = 0;
  const server = createServer((request, response) => {
    void (async () => {
      const body = await bytesOf(request);
      const { url: path = "/", headers } = request;
      const { "content-type": contentType = "", "content-encoding": encoding = "" } = headers;
      bodies.push({ path, contentType, bytes: encoding === "gzip" ? gunzipSync(body) : body });
      const answer = await fetch(target + path, {
        method: "POST",
        headers: {
          "content-type": contentType,
          ...(encoding === "" ? {} : { "content-encoding": encoding }),
        },
        body,
      });
      const said = Buffer.from(await answer.arrayBuffer());
      if (toLose > 0) {
        toLose -= 1;
        request.socket.destroy();
        return;
      }
      const retryAfter = answer.headers.get("retry-after");
      response.writeHead(answer.status, {
        "content-type": answer.headers.get("content-type") ?? "",
        ...(retryAfter === null ? {} : { "retry-after": retryAfter }),
      });
      response.end(said);
    })().catch(() => request.socket.destroy());
  });
  const url = await listen(server);
  return {
    url,
    bodies,
    loseAnswers: (count) => {
      toLose = count;
    },
    close: () => closeWhole(server),
  };
}
