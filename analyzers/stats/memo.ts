interface Branch<T> {
  readonly next: Map<number, Branch<T>>;
  value: T | undefined;
}

function branch<T>(): Branch<T> {
  return { next: new Map(), value: undefined };
}

/**
 * Remembers what a pure function of some numbers gave, at most `capacity` answers; when full all are forgotten.
 * Forgetting changes the time a call takes, never its answer. Keys of one memo have one length.
 */
export function memo<T>(capacity: number): (key: readonly number[], compute: () => T) => T {
  let root = branch<T>();
  let size = 0;
  return (key, compute) => {
    let at = root;
    for (const part of key) {
      let next = at.next.get(part);
      if (next === undefined) {
        next = branch();
        at.next.set(part, next);
      }
      at = next;
    }
    if (at.value !== undefined) return at.value;
    const value = compute();
    if (size >= capacity) {
      root = branch();
      size = 0;
      return value;
    }
    at.value = value;
    size += 1;
    return value;
  };
}
