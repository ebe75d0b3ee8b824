import type { Instant } from "#model/time.ts";

interface Event {
  readonly at: Instant;
  readonly order: number;
  readonly act: () => void;
  cancelled: boolean;
}

/** More events than any run needs: a sender that spins would never end. */
const eventsAtMost = 100_000;

const realImmediate = setImmediate;

/** Lets every promise that can go on do so. */
function settled(): Promise<void> {
  return new Promise((resolve) => {
    realImmediate(resolve);
  });
}

/**
 * Time as a queue of events: it passes only when an event is taken, so that a run depends on its seed alone. While `run`
 * lasts, intervals and the time-outs of abort signals are events of this queue, which lets the real sender run in it.
 */
export class VirtualTime {
  now: Instant;
  #order = 0;
  #taken = 0;
  readonly #heap: Event[] = [];

  constructor(start: Instant) {
    this.now = start;
  }

  /** Acts once at an instant (never before now); returns the way to call it off. */
  at(instant: Instant, act: () => void): () => void {
    const event: Event = { at: Math.max(instant, this.now), order: this.#order, act, cancelled: false };
    this.#order += 1;
    this.#push(event);
    return () => {
      event.cancelled = true;
    };
  }

  after(delayMs: number, act: () => void): () => void {
    return this.at(this.now + delayMs, act);
  }

  /** Acts again and again from `first` on, until called off. */
  every(first: Instant, intervalMs: number, act: () => void): () => void {
    let stop: () => void = () => undefined;
    const again = (at: Instant): void => {
      stop = this.at(at, () => {
        again(at + intervalMs);
        act();
      });
    };
    again(first);
    return () => {
      stop();
    };
  }

  /** Takes events in order of time until an instant, or until `done` holds. */
  async run(until: Instant, done: () => boolean = () => false): Promise<void> {
    const restore = this.#install();
    try {
      for (let next = this.#pop(until); next !== null && !done(); next = this.#pop(until)) {
        this.now = next.at;
        this.#taken += 1;
        if (this.#taken > eventsAtMost) throw new Error(`more than ${eventsAtMost} events: something spins`);
        if (next.cancelled) continue;
        next.act();
        await settled();
      }
      this.now = Math.max(this.now, until);
    } finally {
      restore();
    }
  }

  #install(): () => void {
    const { setInterval: interval, clearInterval: clear } = globalThis;
    const timeout = AbortSignal.timeout.bind(AbortSignal);
    const stops = new Map<unknown, () => void>();
    const virtualInterval = (act: () => void, intervalMs: number): unknown => {
      const handle = { interval: stops.size };
      stops.set(handle, this.every(this.now + intervalMs, intervalMs, act));
      return handle;
    };
    Object.assign(globalThis, {
      setInterval: virtualInterval,
      clearInterval: (handle: unknown) => stops.get(handle)?.(),
    });
    AbortSignal.timeout = (timeoutMs) => {
      const abort = new AbortController();
      this.after(timeoutMs, () => {
        abort.abort("time is up");
      });
      return abort.signal;
    };
    return () => {
      Object.assign(globalThis, { setInterval: interval, clearInterval: clear });
      AbortSignal.timeout = timeout;
    };
  }

  #before(a: number, b: number): boolean {
    const [left, right] = [this.#heap[a]!, this.#heap[b]!];
    return left.at < right.at || (left.at === right.at && left.order < right.order);
  }

  #swap(a: number, b: number): void {
    [this.#heap[a], this.#heap[b]] = [this.#heap[b]!, this.#heap[a]!];
  }

  #push(event: Event): void {
    let at = this.#heap.push(event) - 1;
    for (let up = (at - 1) >> 1; at > 0 && this.#before(at, up); up = (at - 1) >> 1) {
      this.#swap(at, up);
      at = up;
    }
  }

  #pop(until: Instant): Event | null {
    const [first] = this.#heap;
    if (first === undefined || first.at > until) return null;
    const last = this.#heap.pop()!;
    if (this.#heap.length === 0) return first;
    this.#heap[0] = last;
    for (let at = 0; ;) {
      const left = 2 * at + 1;
      const right = left + 1;
      let least = at;
      if (left < this.#heap.length && this.#before(left, least)) least = left;
      if (right < this.#heap.length && this.#before(right, least)) least = right;
      if (least === at) return first;
      this.#swap(at, least);
      at = least;
    }
  }
}
