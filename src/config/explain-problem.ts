import type { Problem } from "#engine/policy.ts";
import { isDuration, schemasAt, type JsonSchema } from "./json-schema.ts";

/** Letters to insert, delete or replace to turn one word into the other (Levenshtein, two rows). */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, at) => at);
  for (const [at, letter] of Array.from(from).entries()) {
    const next = [at + 1];
    for (const [column, other] of Array.from(to).entries()) {
      const replaced = (row[column] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(replaced, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? to.length;
}

function nearest(word: string, known: readonly string[]): string | null {
  const scored = known.map((name) => ({
    name,
    distance: editDistance(word.toLowerCase(), name.toLowerCase()),
  }));
  const best = scored.sort((a, b) => a.distance - b.distance)[0];
  const near = Math.min(word.length - 1, Math.max(2, Math.floor(word.length / 3)));
  return best !== undefined && best.distance <= near ? best.name : null;
}

/** `; did you mean "x"? known: x, y`: the end of every message about a word that is not known. */
export function suggestion(word: string, known: readonly string[]): string {
  const guess = nearest(word, known);
  return `${guess === null ? "" : `; did you mean "${guess}"?`}${guess === null ? ";" : ""} known: ${known.join(", ")}`;
}

function wordsOf(schemas: readonly JsonSchema[]): readonly string[] {
  return schemas.flatMap((schema) => {
    if (schema.const !== undefined) return [schema.const];
    return (schema.enum ?? []).map(String);
  });
}

function valueAt(document: unknown, path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>(
    (value, part) =>
      typeof value === "object" && value !== null
        ? (value as Record<string | number, unknown>)[part]
        : undefined,
    document,
  );
}

/** What the schema says about a value of the wrong type or outside its words, as the end of a sentence. */
function hintFor(schemas: readonly JsonSchema[], value: unknown): string {
  const words = wordsOf(schemas);
  if (words.length > 0)
    return typeof value === "string" ? suggestion(value, words) : `; known: ${words.join(", ")}`;
  if (schemas.some(isDuration) && typeof value !== "string")
    return "; write a duration such as 250ms, 10s, 2m or 1h";
  const wantsText = schemas.length > 0 && schemas.every((schema) => schema.type === "string");
  if (wantsText && (typeof value === "number" || typeof value === "boolean")) {
    return `; write it in quotes: "${value}"`;
  }
  const shapes = schemas.filter((schema) => schema.properties !== undefined);
  if (shapes.length < 2) return "";
  const forms = shapes.map((schema) => `{ ${(schema.required ?? []).join(", ")} }`);
  return `; write one of ${[...new Set(forms)].join(" or ")}`;
}

/** A problem with what is known about its place: the keys or words that fit there, or the form that was meant. */
export function explainProblem(
  problem: Problem,
  root: JsonSchema,
  document: unknown,
): { readonly problem: Problem; readonly at: "key" | "value" } {
  const { path } = problem;
  const value = valueAt(document, path);
  const last = path.at(-1);
  const schemas = schemasAt(root, path);
  const siblings = schemasAt(root, path.slice(0, -1)).flatMap((schema) =>
    Object.keys(schema.properties ?? {}),
  );
  if (schemas.length === 0 && typeof last === "string" && siblings.length > 0) {
    const known = [...new Set(siblings)];
    return { problem: { path, message: `unknown key "${last}"${suggestion(last, known)}` }, at: "key" };
  }
  if (value === undefined && typeof last === "string") {
    return { problem: { path, message: `is missing${hintFor(schemas, undefined)}` }, at: "value" };
  }
  return { problem: { path, message: `${problem.message}${hintFor(schemas, value)}` }, at: "value" };
}
