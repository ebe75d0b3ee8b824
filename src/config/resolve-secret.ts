import { readFile, stat } from "node:fs/promises";
import type { SecretReference } from "#engine/configuration.ts";
import { err, ok, type Result } from "#model/result.ts";

/** Bytes of a secret's file; a larger one is the wrong file. */
export const secretBytes = 65_536;

/** The secret that a reference names, or why there is none. The message names the reference, never the secret. */
export async function resolveSecret(
  reference: SecretReference,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Result<string, string>> {
  if ("env" in reference) {
    const value = environment[reference.env] ?? "";
    return value === "" ? err(`the environment variable ${reference.env} is not set or empty`) : ok(value);
  }
  try {
    const { size } = await stat(reference.file);
    if (size > secretBytes) {
      return err(`${reference.file} has ${size} bytes; a secret has at most ${secretBytes}`);
    }
    const value = (await readFile(reference.file, "utf8")).replace(/\r?\n$/, "");
    return value === "" ? err(`${reference.file} is empty`) : ok(value);
  } catch (error) {
    return err(`${reference.file} cannot be read (${reasonOf(error)})`);
  }
}

/** The system's code for a failed read, such as ENOENT. */
export function reasonOf(error: unknown): string {
  if (error instanceof Error && "code" in error && typeof error.code === "string") return error.code;
  throw error;
}
