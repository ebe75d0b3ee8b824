import { execFile } from "node:child_process";
import { constants, getPriority } from "node:os";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { bundleForChild } from "#test/support/bundled-child.ts";

test("this Node knows the rule for its heap, and a worker that yields leaves the main thread as it was", async () => {
  const bundle = await bundleForChild("test/support/tuned-threads-main.ts");
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [bundle]);
  // V8 tells of a flag that it does not know and goes on.
  expect(stderr).toBe("");
  const { yielded, own } = JSON.parse(stdout) as { yielded: number; own: number };
  expect(own).toBe(getPriority());
  if (process.platform === "linux") expect(yielded).toBe(constants.priority.PRIORITY_BELOW_NORMAL);
});
