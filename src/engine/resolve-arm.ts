import type { Deployment } from "#model/deployment.ts";
import { err, ok, type Result } from "#model/result.ts";

/** A short commit is taken for a long one from this many characters on. */
const shortCommit = 7;

/** "checkout" names "shop/checkout" too; two full names must agree. */
export function sameService(asked: string, service: string): boolean {
  if (asked === service) return true;
  const nameOf = (text: string): string => text.slice(text.indexOf("/") + 1);
  return (!asked.includes("/") || !service.includes("/")) && nameOf(asked) === nameOf(service);
}

/** True where one of a deployment's aliases is the name asked for. */
export function hasAlias(deployment: Deployment, asked: string): boolean {
  return deployment.aliases.some(
    ({ kind, value }) =>
      value === asked ||
      (kind === "vcsRevision" &&
        Math.min(asked.length, value.length) >= shortCommit &&
        (value.startsWith(asked) || asked.startsWith(value))),
  );
}

export type ResolveError =
  | { readonly tag: "notSeen"; readonly message: string }
  | { readonly tag: "ambiguous"; readonly message: string };

/** The one deployment that a name means inside a service and environment. */
export function resolveArm(
  deployments: readonly Deployment[],
  where: { readonly service: string; readonly environment: string },
  asked: string,
): Result<Deployment, ResolveError> {
  const found = deployments.filter(
    (deployment) =>
      deployment.environment === where.environment &&
      sameService(where.service, deployment.service) &&
      hasAlias(deployment, asked),
  );
  const [first, second] = found;
  if (first === undefined) {
    return err({ tag: "notSeen", message: `no telemetry of ${where.service} ${asked} seen yet` });
  }
  if (second !== undefined) {
    return err({
      tag: "ambiguous",
      message: `"${asked}" names ${found.length} revisions of ${where.service}; ask by a name that only one has, such as its deployment id or pod-template hash`,
    });
  }
  return ok(first);
}
