const partLength = 65_536;

/** A list of whole numbers that grows by parts: one for each record of a file of any length, four bytes each. */
export class GrowingNumbers {
  readonly #parts: Int32Array[] = [];
  length = 0;

  push(value: number): void {
    const at = this.length % partLength;
    if (at === 0) this.#parts.push(new Int32Array(partLength));
    const part = this.#parts[this.#parts.length - 1];
    if (part !== undefined) part[at] = value;
    this.length += 1;
  }

  at(place: number): number {
    return this.#parts[Math.floor(place / partLength)]?.[place % partLength] ?? 0;
  }
}
