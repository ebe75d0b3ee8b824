import type { Terminal } from "#cli/terminal.ts";

const pieceChars = 65_536;

/** Writes many short lines in pieces, and waits where the reader is slower. */
export class AnswerLines {
  readonly #terminal: Terminal;
  #piece: string[] = [];
  #chars = 0;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  /** Takes a line without its line feed; to be awaited when it answers true. */
  add(line: string): boolean {
    this.#piece.push(line);
    this.#chars += line.length + 1;
    return this.#chars >= pieceChars;
  }

  async flush(): Promise<void> {
    if (this.#piece.length === 0) return;
    this.#terminal.out(`${this.#piece.join("\n")}\n`);
    this.#piece = [];
    this.#chars = 0;
    await this.#terminal.drained();
  }
}
