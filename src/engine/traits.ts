import type { Traits } from "#model/deployment.ts";
import type { AttributeValue } from "./ports.ts";

/**
 * Where and on what an instance runs, beyond its revision, by what people call it: attribute names, best first. OpenTelemetry semantic
 * conventions 1.44 (host, cloud, k8s, os, process, telemetry).
 */
const traitNames = {
  "node type": ["host.type"],
  "processor architecture": ["host.arch"],
  "machine image": ["host.image.id", "host.image.name"],
  zone: ["cloud.availability_zone"],
  region: ["cloud.region"],
  cluster: ["k8s.cluster.name"],
  "operating system": ["os.description", "os.version", "os.type"],
  runtime: ["process.runtime.description", "process.runtime.version"],
  "telemetry SDK": ["telemetry.sdk.version"],
} as const;

/** Attributes that tell traits: two resources that agree on these have the same. */
export const traitAttributes: readonly string[] = Object.values(traitNames).flat();

/** Longer values are cut: they are compared and shown, never read. */
const traitChars = 120;

export function traitsOf(attributes: ReadonlyMap<string, AttributeValue>): Traits {
  const traits: Record<string, string> = {};
  for (const [name, candidates] of Object.entries(traitNames)) {
    const found = candidates
      .map((candidate) => attributes.get(candidate))
      .find((value) => value !== undefined);
    const text = found === undefined ? "" : String(found).trim().slice(0, traitChars);
    if (text !== "") traits[name] = text;
  }
  return traits;
}

/** Traits of one instance from two of its records: where they differ, the one that sorts first, whatever came first. */
export function joinTraits(known: Traits, told: Traits): Traits {
  const news = Object.entries(told).filter(([name, value]) => {
    const before = known[name];
    return before === undefined || value < before;
  });
  return news.length === 0 ? known : { ...known, ...Object.fromEntries(news) };
}
