import { constants, setPriority } from "node:os";
import { setFlagsFromString } from "node:v8";

/**
 * Lets the heap of each thread grow to three times what is in use before it is collected whole. Every body that is read counts as
 * garbage outside the heap, so that with V8's own rule a small heap is collected whole twenty times a second, up to 20 ms at a time, and
 * answers wait for it. V8's own rule goes up to a factor of four for large heaps, and its limit on the heap stays in force.
 */
export function letHeapGrow(): void {
  setFlagsFromString("--heap-growing-percent=200");
}

/**
 * The calling thread yields to the others of this process, where the system counts priorities by thread (Linux). For a worker whose
 * work may wait longer than an answer.
 */
export function yieldToOtherThreads(): void {
  if (process.platform === "linux") setPriority(0, constants.priority.PRIORITY_BELOW_NORMAL);
}
