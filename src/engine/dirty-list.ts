/** Something that is written again after it changed. */
export interface Changing {
  /** Changed since it was last written. */
  dirty: boolean;
}

/** What changed since the last drain, each once. Marking what is marked already costs one comparison. */
export class DirtyList<T extends Changing> {
  private items: T[] = [];

  mark(item: T): void {
    if (item.dirty) return;
    item.dirty = true;
    this.items.push(item);
  }

  drain(): readonly T[] {
    const { items } = this;
    this.items = [];
    for (const item of items) item.dirty = false;
    return items;
  }
}
