const firstCapacity = 64;

/** A reusable list of numbers that grows up to a limit; past it, it only remembers that there were more. */
export class GrowingNumbers {
  numbers = new Float64Array(firstCapacity);
  length = 0;
  overflowed = false;
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  clear(): void {
    this.length = 0;
    this.overflowed = false;
  }

  /** Counts numbers that nobody reads; what stands in the list is then undefined. */
  pass(count: number): void {
    this.length += count;
    if (this.length > this.#limit) this.overflowed = true;
  }

  add(value: number): void {
    if (this.length >= this.#limit) {
      this.overflowed = true;
      return;
    }
    if (this.length === this.numbers.length) {
      const wider = new Float64Array(Math.min(this.#limit, this.numbers.length * 2));
      wider.set(this.numbers);
      this.numbers = wider;
    }
    this.numbers[this.length] = value;
    this.length += 1;
  }
}
