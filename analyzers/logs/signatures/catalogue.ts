import { z } from "zod";
import written from "./catalogue.json" with { type: "json" };
import { signatureSchema, type Signature } from "./signature.ts";

let parsed: readonly Signature[] | null = null;

/** The failures that Haldane knows, as `catalogue.json` has them; read once. */
export function knownFailures(): readonly Signature[] {
  parsed ??= z.array(signatureSchema).parse(written);
  return parsed;
}

let byId: ReadonlyMap<string, Signature> | null = null;

/** The known failure of an id, with its title and severity; null for a rule of a user or one that is no longer known. */
export function knownFailure(id: string): Signature | null {
  byId ??= new Map(knownFailures().map((signature) => [signature.id, signature]));
  return byId.get(id) ?? null;
}
