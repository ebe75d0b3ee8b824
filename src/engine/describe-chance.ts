import type { Policy } from "./policy.ts";
import type { Chance, EngineState, Signal } from "./signal.ts";
import { sayShare } from "./wording.ts";

/** Dispersion from which bursts are worth a note. */
const noteworthyBursts = 1.5;

/** How the service as a whole is taken to vary between equal versions, and where that is from. */
export function describeChance({ signals }: EngineState, policy: Policy): readonly string[] {
  const known = (kind: Signal["kind"]): Chance | null => {
    const state = signals.find(({ signal }) => signal.kind === kind && signal.operation === "");
    return state === undefined || state.test === "unusable" ? null : state.chance;
  };
  const errors = known("errors");
  const latency = known("latency");
  const say = (chance: Chance | null, spread: number): string =>
    sayShare(Number((chance?.tau ?? spread).toPrecision(2)));
  const degrees = Math.max(errors?.degrees ?? 0, latency?.degrees ?? 0);
  const from =
    degrees > 10
      ? `the policy's spread and the baseline's own instances before the canary came, as a t distribution with up to ${degrees} degrees of freedom`
      : "a prior, widened by a t distribution with 10 degrees of freedom";
  const bursts = errors === null || errors.phi < noteworthyBursts ? null : errors.phi.toPrecision(2);
  return [
    `Healthy instances are taken to differ by about ${say(errors, policy.errors.spread)} in error share and ${say(latency, policy.latency.spread)} in speed (${from}).`,
    ...(bursts === null
      ? []
      : [
          `Errors of the baseline came in bursts before the canary did: ${bursts} of them count as one, so verdicts on errors take longer.`,
        ]),
  ];
}
