/** What a body says, and what it says about itself; "" where it does not. */
export interface Message {
  readonly text: string;
  readonly level: string;
  readonly logger: string;
  readonly event: string;
  /** A template that the writer kept beside the text (`@mt`). */
  readonly template: string;
}

/** A text that says nothing about itself. */
export function plainMessage(text: string): Message {
  return { text, level: "", logger: "", event: "", template: "" };
}
