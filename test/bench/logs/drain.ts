/** Settings of Drain: its tree (root, number of tokens and leaves count into the depth), and what is masked before. */
export interface DrainSettings {
  readonly depth: number;
  readonly similarity: number;
  readonly children: number;
  readonly masks: readonly RegExp[];
}

interface Cluster {
  tokens: string[];
  readonly id: number;
}

interface Node {
  readonly next: Map<string, Node>;
  readonly clusters: Cluster[];
}

const wildcard = "<*>";
const node = (): Node => ({ next: new Map(), clusters: [] });

/**
 * Drain (He, Zhu, Zheng and Lyu, ICWS 2017), written from the paper as a rival: a tree over the number of tokens and the first of
 * them, then the most similar cluster of the leaf.
 */
export class Drain {
  readonly #settings: DrainSettings;
  readonly #root = node();
  #count = 0;

  constructor(settings: DrainSettings) {
    this.#settings = settings;
  }

  /** The number of the cluster that takes the line. */
  add(line: string): number {
    let masked = line;
    for (const mask of this.#settings.masks) masked = masked.replace(mask, wildcard);
    const tokens = masked.trim().split(/\s+/);
    const leaf = this.#leaf(tokens);
    let best: Cluster | null = null;
    let most = -1;
    let holes = -1;
    for (const cluster of leaf.clusters) {
      const same = cluster.tokens.filter((token, at) => token !== wildcard && token === tokens[at]).length;
      const wild = cluster.tokens.filter((token) => token === wildcard).length;
      const share = same / Math.max(1, tokens.length);
      if (share > most || (share === most && wild > holes)) [best, most, holes] = [cluster, share, wild];
    }
    if (best === null || most < this.#settings.similarity) {
      best = { tokens, id: this.#count++ };
      leaf.clusters.push(best);
    } else best.tokens = best.tokens.map((token, at) => (token === tokens[at] ? token : wildcard));
    return best.id;
  }

  #leaf(tokens: readonly string[]): Node {
    let at = this.#child(this.#root, String(tokens.length), Infinity);
    for (let level = 0; level < this.#settings.depth - 3 && level < tokens.length; level += 1) {
      const token = tokens[level]!;
      at = this.#child(at, /\d/.test(token) ? wildcard : token, this.#settings.children);
    }
    return at;
  }

  #child(parent: Node, key: string, most: number): Node {
    const known = parent.next.get(key);
    if (known !== undefined) return known;
    const room = parent.next.size < most - (parent.next.has(wildcard) ? 0 : 1);
    const name = room ? key : wildcard;
    const child = parent.next.get(name) ?? node();
    parent.next.set(name, child);
    return child;
  }
}

/** One setting for all: the defaults of the usual streaming implementation, without masks. */
export const defaultDrain: DrainSettings = { depth: 4, similarity: 0.4, children: 100, masks: [] };

const ip = /(?:\/)?\d+\.\d+\.\d+\.\d+(?::\d+)?:?/g;

/** The settings that the published benchmark chose for each system. */
export const tunedDrain: Readonly<Record<string, DrainSettings>> = {
  HDFS: { ...defaultDrain, similarity: 0.5, masks: [/blk_-?\d+/g, ip] },
  Hadoop: { ...defaultDrain, similarity: 0.5, masks: [/(?:\d+\.){3}\d+/g] },
  BGL: { ...defaultDrain, similarity: 0.5, masks: [/core\.\d+/g] },
  Linux: { ...defaultDrain, similarity: 0.39, depth: 6, masks: [/(?:\d+\.){3}\d+/g, /\d{2}:\d{2}:\d{2}/g] },
  OpenSSH: {
    ...defaultDrain,
    similarity: 0.6,
    depth: 5,
    masks: [/(?:\d+\.){3}\d+/g, /(?:[\w-]+\.){2,}[\w-]+/g],
  },
  HealthApp: { ...defaultDrain, similarity: 0.2, masks: [] },
  Apache: { ...defaultDrain, similarity: 0.5, masks: [/(?:\d+\.){3}\d+/g] },
  Android: {
    ...defaultDrain,
    similarity: 0.2,
    depth: 6,
    masks: [
      /(?:\/[\w-]+)+/g,
      /(?:[\w-]+\.){2,}[\w-]+/g,
      /\b-?\+?\d+\b|\b0[Xx][a-fA-F\d]+\b|\b[a-fA-F\d]{4,}\b/g,
    ],
  },
};
