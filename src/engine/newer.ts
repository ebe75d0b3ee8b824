import { deploymentLabel, type Deployment } from "#model/deployment.ts";

interface SemanticVersion {
  readonly numbers: readonly [number, number, number];
  readonly pre: readonly string[];
}

const semanticVersion = /^v?(\d+)\.(\d+)(?:\.(\d+))?(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?$/;

function parseVersion(text: string): SemanticVersion | null {
  const match = semanticVersion.exec(text);
  if (match === null) return null;
  const part = (i: number): number => Number(match[i] ?? "0");
  return { numbers: [part(1), part(2), part(3)], pre: match[4] === undefined ? [] : match[4].split(".") };
}

function comparePreIdentifiers(a: string, b: string): number {
  const aNumber = /^\d+$/.test(a);
  const bNumber = /^\d+$/.test(b);
  if (aNumber && bNumber) return Number(a) - Number(b);
  if (aNumber !== bNumber) return aNumber ? -1 : 1;
  return compareText(a, b);
}

function comparePre(a: readonly string[], b: readonly string[]): number {
  if (a.length === 0 || b.length === 0) return b.length - a.length;
  for (let i = 0; i < Math.min(a.length, b.length); i += 1) {
    const order = comparePreIdentifiers(a[i] ?? "", b[i] ?? "");
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** Semantic Versioning 2.0 precedence, a leading "v" and a missing patch allowed; null where one of the two is no such version. */
export function compareVersions(a: string, b: string): number | null {
  const x = parseVersion(a);
  const y = parseVersion(b);
  if (x === null || y === null) return null;
  for (let i = 0; i < 3; i += 1) {
    const order = (x.numbers[i] ?? 0) - (y.numbers[i] ?? 0);
    if (order !== 0) return order;
  }
  return comparePre(x.pre, y.pre);
}

/**
 * Positive where `a` is the higher version by its name: semantic version where both are one, else text, with runs of digits
 * compared as numbers, so that v10 comes after v9.
 */
export function compareNames(a: string, b: string): number {
  const bySemantics = compareVersions(a, b);
  if (bySemantics !== null && bySemantics !== 0) return bySemantics;
  const parts = (text: string): readonly string[] => text.match(/\d+|\D+/g) ?? [];
  const [x, y] = [parts(a), parts(b)];
  for (let i = 0; i < Math.min(x.length, y.length); i += 1) {
    const [left = "", right = ""] = [x[i], y[i]];
    const numbers = /^\d/.test(left) && /^\d/.test(right) ? Number(left) - Number(right) : 0;
    if (numbers !== 0) return numbers;
    if (left !== right) return compareText(left, right);
  }
  return x.length - y.length;
}

/**
 * Positive where `a` is the newer revision (decision 3): the later earliest instance start where both tell one, then the later
 * first event, then the higher name.
 */
export function compareAge(a: Deployment, b: Deployment): number {
  if (a.earliestStart !== null && b.earliestStart !== null && a.earliestStart !== b.earliestStart)
    return a.earliestStart - b.earliestStart;
  if (a.firstSeen !== b.firstSeen) return a.firstSeen - b.firstSeen;
  return compareNames(deploymentLabel(a), deploymentLabel(b));
}
