/**
 * Remembers what a pure function of its key gave, at most `capacity` answers, oldest forgotten first.
 * Forgetting changes the time a call takes, never its answer.
 */
export function memo<T>(capacity: number): (key: string, compute: () => T) => T {
  const known = new Map<string, T>();
  return (key, compute) => {
    const found = known.get(key);
    if (found !== undefined) return found;
    const value = compute();
    if (known.size >= capacity) {
      const oldest = known.keys().next();
      if (oldest.done !== true) known.delete(oldest.value);
    }
    known.set(key, value);
    return value;
  };
}
