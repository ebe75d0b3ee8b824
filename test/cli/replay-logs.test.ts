import { describe, expect, test } from "vitest";
import { recordedLines, recordingStart, type RecordedArm } from "#test/support/recorded-service.ts";
import { replayed } from "#test/support/replayed.ts";
import { seededRandom } from "#test/support/random.ts";

const arm: RecordedArm = {
  ...{ version: "1.0.0", instances: 6, rps: 300, errors: () => 0.001, median: () => 0.05 },
  ...{ tau: 0, speedTau: 0, from: 0 },
};
const canary: RecordedArm = { ...arm, version: "2.0.0", instances: 3, rps: 100, from: 60 };

const figures = recordedLines([
  { name: "shop/checkout", canary, baseline: arm, seconds: 240, intervalSeconds: 5, seed: 3 },
]);

interface LogRecord {
  readonly version: string;
  readonly instance: number;
  readonly second: number;
  readonly body: string;
  readonly trace: string;
}

/** One line of OTLP JSON with one WARN record. */
function logged({ version, instance, second, body, trace }: LogRecord): string {
  const attribute = (key: string, value: string) => ({ key, value: { stringValue: value } });
  return JSON.stringify({
    resourceLogs: [
      {
        resource: {
          attributes: [
            attribute("service.namespace", "shop"),
            attribute("service.name", "checkout"),
            attribute("service.version", version),
            attribute("service.instance.id", `${version}-${instance}`),
            attribute("deployment.environment.name", "prod"),
          ],
        },
        scopeLogs: [
          {
            scope: { name: "billing" },
            logRecords: [
              {
                timeUnixNano: `${BigInt(Math.round((recordingStart + second) * 1000)) * 1_000_000n}`,
                severityNumber: 13,
                body: { stringValue: body },
                traceId: trace,
                spanId: trace.slice(16),
              },
            ],
          },
        ],
      },
    ],
  });
}

/** Records of every instance of a version, so many a minute, from a second on. */
function records(
  { version, instances, from }: RecordedArm,
  perMinute: number,
  say: (order: number) => string,
  seed: number,
): readonly { readonly at: number; readonly text: string }[] {
  const random = seededRandom(seed);
  return Array.from({ length: instances }, (_, instance) =>
    Array.from({ length: random.poisson(((240 - from) * perMinute) / 60) }, () => {
      const at = from + random.next() * (240 - from);
      const trace = Array.from({ length: 32 }, () => random.integer(16).toString(16)).join("");
      return {
        at,
        text: logged({ version, instance, second: at, body: say(random.integer(100_000)), trace }),
      };
    }),
  ).flat(2);
}

const unsent = (order: number): string =>
  `receipt of order ${order} for ann.lee@example.org with token=${order}f9e8d7c6b5a4938 not sent: connect ECONNREFUSED 10.0.0.7:2525`;
const slow = (order: number): string => `pricing of order ${order} took ${order % 900} ms`;

function inOrder(...logs: readonly (readonly { readonly at: number; readonly text: string }[])[]) {
  const timed = figures.map((text) => {
    const nanos = /"timeUnixNano":"(\d+)"/.exec(text)?.[1] ?? "0";
    return { at: Number(BigInt(nanos) / 1_000_000n) / 1000 - recordingStart, text };
  });
  return [...timed, ...logs.flat()].sort((a, b) => a.at - b.at || (a.text < b.text ? -1 : 1));
}

const asked = { service: "checkout", canary: "2.0.0", baseline: "1.0.0" };
const texts = (lines: readonly { readonly text: string }[]): readonly string[] =>
  lines.map(({ text }) => text);

describe("a recording in which only the canary logs a failure", () => {
  const lines = inOrder(records(arm, 4, slow, 1), records(canary, 4, slow, 2), records(canary, 4, unsent, 3));

  test("is rolled back within two minutes, and the line is quoted without its address and token", async () => {
    const [final] = (await replayed(texts(lines), asked)).finals;
    expect(final?.verdict).toBe("rollback");
    expect(final?.elapsedMs).toBeLessThanOrEqual(150_000);
    expect(final?.reasons[0]?.text).toMatch(
      /^a new warning in the logs: "receipt of order <\*> .*connect ECONNREFUSED <\*>" \(\d+ requests of the canary, none of the baseline's; conn-refused\)$/,
    );
    const found = final?.findings.find(({ pattern }) => pattern?.change === "new");
    expect(found?.pattern?.lines).toHaveLength(3);
    expect(JSON.stringify(final)).not.toMatch(/ann\.lee|f9e8d7c6b5a4938/);
    expect(found?.pattern?.lines[0]?.traceId).toMatch(/^[0-9a-f]{32}$/);
  });

  test("gives the same end where lines come in another order within the settle allowance", async () => {
    const random = seededRandom(9);
    const jumbled = lines
      .map((line) => ({ ...line, at: line.at + 3 * random.next() }))
      .sort((a, b) => a.at - b.at);
    const [first] = (await replayed(texts(lines), asked)).finals;
    const [second] = (await replayed(texts(jumbled), asked)).finals;
    expect(second).toEqual(first);
  });
});

test("a recording in which both versions log the same failures is not rolled back", async () => {
  const lines = inOrder(
    records(arm, 4, unsent, 1),
    records(canary, 4, unsent, 2),
    records(arm, 0.3, slow, 5),
    records(canary, 0.3, slow, 6),
  );
  const [final] = (await replayed(texts(lines), asked)).finals;
  expect(final?.verdict).not.toBe("rollback");
  expect(final?.findings.filter(({ pattern }) => pattern?.change === "new")).toEqual([]);
});
