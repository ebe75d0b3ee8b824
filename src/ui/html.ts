const brand: unique symbol = Symbol("markup");

/** Text that is known to be HTML, made by `html` only. */
export interface Markup {
  readonly [brand]: true;
  readonly text: string;
}

/** What may stand in a template: markup as it is, anything else escaped; null is nothing. */
export type Piece = Markup | string | number | null | readonly Piece[];

const escapes: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
  "`": "&#96;",
};

function escaped(text: string): string {
  return text.replace(/[&<>"'`]/g, (character) => escapes[character] ?? character);
}

function isList(piece: Piece): piece is readonly Piece[] {
  return Array.isArray(piece);
}

function textOf(piece: Piece): string {
  if (piece === null) return "";
  if (typeof piece === "string") return escaped(piece);
  if (typeof piece === "number") return escaped(String(piece));
  if (isList(piece)) return piece.map(textOf).join("");
  return piece.text;
}

/**
 * HTML as a tagged template. Every value is escaped unless it is markup itself, so that names and log texts from
 * telemetry never become tags. Values stand in text or in quoted attributes, never in a tag's name or a script.
 */
export function html(parts: TemplateStringsArray, ...pieces: readonly Piece[]): Markup {
  const text = parts.map((part, index) => part + textOf(pieces[index] ?? null)).join("");
  return { [brand]: true, text };
}
