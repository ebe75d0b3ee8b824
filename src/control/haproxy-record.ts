import { createHash } from "node:crypto";

/**
 * What was last commanded, kept in HAProxy as a process variable: it lives exactly as long as weights that were set at run time, so
 * a restart or a reload of HAProxy loses both, and one of Haldane neither.
 */
export interface PlacedRecord {
  readonly generation: number;
  readonly canaryWeight: number;
  readonly baselineWeight: number;
  /** Digest of service and environment. */
  readonly target: string;
}

/** The variable of one backend; every character but letters and digits is written as its code, so that names stay apart. */
export function recordVariable(backend: string): string {
  const escaped = backend.replace(/[^a-zA-Z0-9]/g, (one) => `_${one.charCodeAt(0).toString(16)}`);
  return `proc.haldane_${escaped}`;
}

export function targetDigest(target: { readonly service: string; readonly environment: string }): string {
  const text = JSON.stringify([target.service, target.environment]);
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}

export function formatRecord(record: PlacedRecord): string {
  return [record.generation, record.canaryWeight, record.baselineWeight, record.target].join(":");
}

/** Reads the answer to `get var`, such as `proc.haldane_shop: type=str value=<7:25:75:0123456789abcdef>`; null where there is none. */
export function parseRecord(text: string): PlacedRecord | null {
  const value = /type=str value=<(\d{1,15}):([\d.e-]{1,30}):([\d.e-]{1,30}):([0-9a-f]{16})>/.exec(text);
  if (value === null) return null;
  const [generation, canaryWeight, baselineWeight] = value.slice(1, 4).map(Number);
  if (generation === undefined || canaryWeight === undefined || baselineWeight === undefined) return null;
  if (Number.isNaN(canaryWeight + baselineWeight)) return null;
  return { generation, canaryWeight, baselineWeight, target: value[4] ?? "" };
}
