import { expect, test } from "vitest";
import { Accumulate } from "#engine/accumulate.ts";
import { visitBody } from "#ingest/otlp/body.ts";
import { BoundedInterner } from "#model/interner.ts";

const now = 1_750_000_000_000;
const hourMs = 3_600_000;

function body(version: string, at: number): Uint8Array {
  const attribute = (key: string, value: string) => ({ key, value: { stringValue: value } });
  const span = {
    traceId: "0af7651916cd43dd8448eb211c80319c",
    spanId: "b7ad6b7169203331",
    kind: 2,
    name: "GET /",
    startTimeUnixNano: `${at}000000`,
    endTimeUnixNano: `${at}000000`,
  };
  const resource = {
    attributes: [attribute("service.name", "shop"), attribute("service.version", version)],
  };
  return Buffer.from(JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ spans: [span] }] }] }));
}

test("one record stamped decades ago does not make its version the older one", () => {
  const accumulate = new Accumulate({ interner: new BoundedInterner(), loadSample: () => null });
  const take = (version: string, at: number): void => {
    accumulate.begin(now);
    const visited = visitBody({ signal: "traces", format: "json", bytes: body(version, at) }, accumulate);
    expect(visited.ok).toBe(true);
  };
  take("1.0.0", now - hourMs);
  take("2.0.0", now - 1000);
  take("2.0.0", 86_400_000);
  const firstSeen = new Map(
    accumulate.drain().deployments.map(({ aliases, firstSeen: at }) => [aliases[0]?.value, at]),
  );
  expect(firstSeen.get("1.0.0")).toBe(now - hourMs);
  expect(firstSeen.get("2.0.0")).toBeGreaterThanOrEqual(now - hourMs);
});
