import { familyA } from "./family-a.ts";
import { familyB } from "./family-b.ts";
import { familyC } from "./family-c.ts";
import { familyG } from "./family-g.ts";
import { familyD, familyE, familyF, familyH } from "./family-rest.ts";
import type { Scenario } from "./scenario.ts";

/** Every scenario of the protocol. */
export const scenarios: readonly Scenario[] = [
  ...familyA,
  ...familyB,
  ...familyC,
  ...familyD,
  ...familyE,
  ...familyF,
  ...familyG,
  ...familyH,
];

export function scenarioOf(id: number): Scenario {
  const found = scenarios.find((scenario) => scenario.id === id);
  if (found === undefined) throw new Error(`no scenario ${id}`);
  return found;
}
