import { randomBytes } from "node:crypto";

/** How one version of the live service behaves. */
export interface LiveVersion {
  readonly version: string;
  readonly instances: number;
  /** Requests per second over all instances. */
  readonly rps: number;
  readonly errors: number;
  /** Attributes of its resource beside or instead of the usual ones, which say `pay` in `live` with the version. */
  readonly resource?: Readonly<Record<string, string>>;
  readonly token?: string;
}

function span(errors: number, now: number): object {
  const failed = Math.random() < errors;
  const durationMs = 40 * Math.exp(0.4 * (Math.random() + Math.random() + Math.random() - 1.5) * 2);
  const end = BigInt(Math.round(now - Math.random() * 900)) * 1_000_000n;
  return {
    traceId: randomBytes(16).toString("hex"),
    spanId: randomBytes(8).toString("hex"),
    kind: 2,
    name: "POST /pay",
    startTimeUnixNano: `${end - BigInt(Math.round(durationMs * 1e6))}`,
    endTimeUnixNano: `${end}`,
    attributes: [
      { key: "http.request.method", value: { stringValue: "POST" } },
      { key: "http.route", value: { stringValue: "/pay" } },
      { key: "http.response.status_code", value: { intValue: failed ? "500" : "200" } },
    ],
    status: failed ? { code: 2 } : {},
  };
}

/** One second of spans of a version, one export request an instance; returns how many were acknowledged. */
export async function sendSecond(otlpUrl: string, live: LiveVersion): Promise<number> {
  const now = Date.now();
  const each = Math.round(live.rps / live.instances);
  const sent = Array.from({ length: live.instances }, async (_, instance) => {
    const resource = {
      "service.name": "pay",
      "service.version": live.version,
      "service.instance.id": `${live.version}-${instance}`,
      "deployment.environment.name": "live",
      ...live.resource,
    };
    const body = JSON.stringify({
      resourceSpans: [
        {
          resource: {
            attributes: Object.entries(resource).map(([key, value]) => ({
              key,
              value: { stringValue: value },
            })),
          },
          scopeSpans: [{ scope: {}, spans: Array.from({ length: each }, () => span(live.errors, now)) }],
        },
      ],
    });
    const response = await fetch(`${otlpUrl}/v1/traces`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        ...(live.token === undefined ? {} : { authorization: `Bearer ${live.token}` }),
      },
      body,
    });
    await response.arrayBuffer();
    return response.status === 200 ? each : 0;
  });
  return (await Promise.all(sent)).reduce((sum, count) => sum + count, 0);
}
