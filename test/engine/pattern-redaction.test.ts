import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { openTelemetry } from "#store/sqlite/open-telemetry.ts";
import { patternsIn, takeRecords, type PlainRecord } from "#test/support/logged.ts";
import { value } from "#test/support/result-value.ts";
import { accumulateOn } from "#test/support/stored-counts.ts";

const t0 = 1_700_000_000_000;
const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

/** Everything that stands in the files of a store after these records. */
function filesAfter(records: readonly PlainRecord[]): string {
  const folder = mkdtempSync(join(tmpdir(), "haldane-redaction-"));
  folders.push(folder);
  const store = value(openTelemetry(join(folder, "telemetry.db")));
  const on = accumulateOn(store);
  takeRecords(on, records, t0 + 1000);
  on.write();
  expect(patternsIn(store)).not.toEqual([]);
  const files = (): string =>
    readdirSync(folder)
      .map((name) => readFileSync(join(folder, name), "latin1"))
      .join("");
  const before = files();
  store.close();
  return before + files();
}

const at = { time: t0 };

describe("what a log record holds", () => {
  it.each<[where: string, record: PlainRecord]>([
    ["the words of a line", { ...at, body: "login with password=swordfish failed" }],
    ["words beside others", { ...at, body: "password: swordfish; user tom rejected" }],
    ["a body in JSON", { ...at, body: '{"level":"error","msg":"denied","client_secret":"swordfish"}' }],
    ["the message of a body in JSON", { ...at, body: '{"level":"error","msg":"token=swordfish denied"}' }],
    ["the fields of a body", { ...at, body: { msg: "denied", password: "swordfish" } }],
    ["a line after the first", { ...at, body: "denied\n  at login\nsecret=swordfish" }],
    ["a ready template", { ...at, body: "x", attributes: { "log.record.template": "pwd=swordfish denied" } }],
    ["the logger", { ...at, body: "denied", scope: "app?token=swordfish" }],
    ["the event", { ...at, body: "denied", event: "auth=swordfish" }],
    [
      "the message of an exception",
      { ...at, attributes: { "exception.type": "E", "exception.message": "password=swordfish" } },
    ],
    ["a severity text", { ...at, severity: 0, level: "error", body: "cookie: swordfish denied" }],
  ])("is redacted before it is stored: %s", (_, record) => {
    expect(filesAfter([record])).not.toContain("swordfish");
  });

  it("would be seen: a word that is no secret stands in the files", () => {
    expect(filesAfter([{ ...at, body: "login of swordfish failed" }])).toContain("swordfish");
  });
});
