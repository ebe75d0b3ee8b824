/** Bytes that may be held at once, over all requests. Reservations that do not fit are refused, never queued. */
export class ByteBudget {
  #reserved = 0;
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get reserved(): number {
    return this.#reserved;
  }

  reserve(bytes: number): boolean {
    if (this.#reserved + bytes > this.#limit) return false;
    this.#reserved += bytes;
    return true;
  }

  release(bytes: number): void {
    this.#reserved -= bytes;
  }
}
