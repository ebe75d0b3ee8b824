import { createHash } from "node:crypto";

/** Stands for an address that may be a secret: the same for the same address, and tells nothing of it. */
export function targetOf(url: string): string {
  return createHash("sha256").update(url).digest("hex");
}
