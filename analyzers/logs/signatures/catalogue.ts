import { z } from "zod";
import written from "./catalogue.json" with { type: "json" };
import { signatureSchema, type Signature } from "./signature.ts";

let parsed: readonly Signature[] | null = null;

/** The failures that Haldane knows, as `catalogue.json` has them; read once. */
export function knownFailures(): readonly Signature[] {
  parsed ??= z.array(signatureSchema).parse(written);
  return parsed;
}
