import { fieldsOf } from "./read-body.ts";

/** What of a structured body is looked at for texts. */
const innerLimits = { depth: 4, texts: 64, shortest: 8 } as const;

function gather(value: unknown, depth: number, texts: string[]): void {
  if (texts.length >= innerLimits.texts) return;
  if (typeof value === "string") {
    if (value.length >= innerLimits.shortest) texts.push(value);
  } else if (depth > 0 && typeof value === "object" && value !== null)
    for (const part of Object.values(value)) gather(part, depth - 1, texts);
}

/** The texts that a structured body holds. */
export function textsIn(value: unknown): readonly string[] {
  const texts: string[] = [];
  gather(value, innerLimits.depth, texts);
  return texts;
}

/** The texts that a body in JSON holds, where escaped quotes and line breaks are read; empty for another. */
export function innerTexts(body: string): readonly string[] {
  const fields = fieldsOf(body);
  return fields === null ? [] : textsIn(fields);
}
