import { controllerCatalog } from "#control/catalog.ts";
import type { ControllerConfiguration } from "#engine/configuration.ts";
import type { Controller } from "#engine/ports.ts";
import { err, ok, type Result } from "#model/result.ts";

/** The configured controllers by name, with their secrets resolved. */
export function createControllers(
  configured: readonly ControllerConfiguration[],
  secrets: ReadonlyMap<string, string>,
): Result<ReadonlyMap<string, Controller>, { readonly message: string }> {
  const controllers = new Map<string, Controller>();
  for (const { kind, name, url, readUrl, timeout } of configured) {
    const created = controllerCatalog[kind].create({
      name,
      url,
      ...(readUrl === undefined ? {} : { readUrl }),
      secret: secrets.get(name) ?? "",
      timeoutMs: timeout,
    });
    if (!created.ok) return err({ message: `controller ${name}: ${created.error.message}` });
    controllers.set(name, created.value);
  }
  return ok(controllers);
}
