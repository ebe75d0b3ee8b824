/**
 * Work in steps that take a few milliseconds each: whoever runs it may answer something else between two of them. The steps read no clock
 * and wait for nothing, so run at once or with pauses they give the same, as long as what they were given stands.
 */
export type Steps<T> = Generator<undefined, T, undefined>;

/** Runs all steps without a pause. */
export function allAtOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}
