import { fork } from "node:child_process";
import { rmSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bundleForChild, nextMessage } from "#test/support/bundled-child.ts";

/** A body costs its check, its cursor and its answer; shared out over 3,500 records that is well below a byte each. */
const heapBytesPerRecord = 1;

let bundle = "";
beforeAll(async () => {
  bundle = await bundleForChild("test/support/walk-heap-main.ts");
});
afterAll(() => {
  rmSync(bundle);
});

/** The young generation holds what 1,000 batches allocate, so that no collection hides it. */
async function heapBytesOf(parameters: readonly string[]): Promise<number> {
  const child = fork(bundle, [...parameters], {
    execArgv: ["--expose-gc", "--max-semi-space-size=128", "--min-semi-space-size=128"],
  });
  const { bytesEach } = (await nextMessage(child)) as { readonly bytesEach: number };
  return bytesEach;
}

test.each(["traces", "metrics", "logs"])(
  "walking 1,000 batches of %s allocates nothing for a record",
  async (signal) => {
    expect(await heapBytesOf([signal])).toBeLessThan(heapBytesPerRecord);
  },
);

test("one small object for each record would be seen", async () => {
  expect(await heapBytesOf(["logs", "leak"])).toBeGreaterThan(heapBytesPerRecord);
});
