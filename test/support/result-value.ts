import type { Result } from "#model/result.ts";

/** The value of a result that a test expects to be one; anything else fails the test with the error. */
export function value<T>(result: Result<T, { readonly message?: string; readonly tag?: string }>): T {
  if (result.ok) return result.value;
  throw new Error(result.error.message ?? result.error.tag);
}
