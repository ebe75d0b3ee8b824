import { rm } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { Pool } from "undici";
import type { RawBody } from "#ingest/otlp/body.ts";
import { startCollector } from "#test/support/real-collector.ts";
import { endServed, serveFiles, startServed } from "#test/support/served.ts";

/** A receiver of OTLP/HTTP in a process of its own. */
export interface ServedContender {
  readonly name: string;
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

const connections = 8;
/** An answer of 200 is empty, or holds an empty partial success: longer, it tells of records that were rejected. */
const emptyAnswer = 2;

/** `haldane serve` as it is built, on a folder of its own; nothing is analysed, for the others do not either. */
export async function serveHaldane(name: string): Promise<ServedContender> {
  const config = "apiVersion: haldane/v1\nkind: Configuration\nautomatic: false\n";
  const files = { ...(await serveFiles(config, {})), main: resolve("dist/main.js") };
  const served = await startServed(files);
  return {
    name,
    url: served.otlpUrl,
    pid: served.process.pid!,
    stop: async () => {
      await endServed(served, "SIGTERM");
      await rm(dirname(files.config), { recursive: true });
    },
  };
}

/** Spans to metrics: requests, errors and durations by operation, and with `service_graph` edges between services. */
export type Connectors = "span_metrics" | "span_metrics, service_graph";

const configOf = (connectors: Connectors): string => `
receivers: { otlp: { protocols: { http: { endpoint: "127.0.0.1:\${env:OTLP_HTTP_PORT}" } } } }
connectors:
  span_metrics: { metrics_flush_interval: 10s }
  service_graph: { metrics_flush_interval: 10s, store: { ttl: 2s, max_items: 200000 } }
exporters: { nop: {} }
service:
  pipelines:
    traces: { receivers: [otlp], exporters: [${connectors}] }
    metrics: { receivers: [${connectors}], exporters: [nop] }
`;

export async function serveCollector(
  name: string,
  binary: string,
  how: { readonly connectors: Connectors; readonly environment?: Readonly<Record<string, string>> },
): Promise<ServedContender> {
  const { connectors, environment = {} } = how;
  const collector = await startCollector({ binary, configs: [configOf(connectors)], environment });
  return {
    name,
    url: collector.otlpUrl,
    pid: collector.pid,
    stop: async () => {
      await collector.stop();
    },
  };
}

/** Posts every body once over a few connections; resolves once all are acknowledged, and fails where a record was not. */
export async function post(url: string, bodies: readonly RawBody[]): Promise<void> {
  const pool = new Pool(url, { connections });
  const left = bodies.values();
  const sender = async (): Promise<void> => {
    for (const { signal, contentType, contentEncoding, bytes } of left) {
      const { statusCode, body } = await pool.request({
        path: `/v1/${signal}`,
        method: "POST",
        headers: {
          "content-type": contentType,
          ...(contentEncoding === "" ? {} : { "content-encoding": contentEncoding }),
        },
        body: bytes,
      });
      const said = await body.text();
      if (statusCode !== 200 || said.length > emptyAnswer)
        throw new Error(`${url} answered ${statusCode}: ${said}`);
    }
  };
  await Promise.all(Array.from({ length: connections }, sender));
  await pool.close();
}
