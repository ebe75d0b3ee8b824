import type { Random } from "#test/support/random.ts";
import { gammaAround1, wandering } from "./chance.ts";
import type { Side, World } from "./scenario.ts";

/** How much instances, their minutes and the shared minute differ: errors as factors, speed in ln. */
const errorNoise = { instances: 0.2, burst: 0.5, shock: 0.3 };
const speedNoise = { instances: 0.05, minute: 0.03, shock: 0.05 };
const memory = 0.9;

/** What chance does to one instance in one minute. */
export interface Noise {
  errorFactor(side: Side, instance: number, minute: number): number;
  /** Added to ln of durations. */
  shift(side: Side, instance: number, minute: number): number;
}

const none: Noise = { errorFactor: () => 1, shift: () => 0 };

/** Factors of mean 1 for instances, their minutes (bursts) and a shock that both arms share, for minutes counted from 0. */
export function noiseOf(world: World, random: Random, minutes: number): Noise {
  if (world.noise === "alike") return none;
  const lognormal = (deviation: number): number =>
    Math.exp(deviation * random.normal() - (deviation * deviation) / 2);
  const shock = wandering(random, minutes, errorNoise.shock, memory).map((z) =>
    Math.exp(z - errorNoise.shock ** 2 / 2),
  );
  const slow = world.durations
    ? wandering(random, minutes, speedNoise.shock, memory)
    : new Float64Array(minutes);
  const armOf = (instances: number) =>
    Array.from({ length: instances }, () => {
      const errors = lognormal(errorNoise.instances);
      const speed = speedNoise.instances * random.normal();
      return {
        errors: Float64Array.from({ length: minutes }, () => errors * gammaAround1(random, errorNoise.burst)),
        speed: Float64Array.from({ length: minutes }, () =>
          world.durations ? speed + speedNoise.minute * random.normal() : 0,
        ),
      };
    });
  const arms = { baseline: armOf(world.instances.baseline), canary: armOf(world.instances.canary) };
  return {
    errorFactor: (side, instance, minute) => arms[side][instance]!.errors[minute]! * shock[minute]!,
    shift: (side, instance, minute) => arms[side][instance]!.speed[minute]! + slow[minute]!,
  };
}
