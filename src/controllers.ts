import { controllerCatalog } from "#control/catalog.ts";
import type { ControllerConfiguration } from "#engine/configuration.ts";
import type { Controller } from "#engine/ports.ts";
import { err, ok, type Result } from "#model/result.ts";

/** The configured controllers by name, with their secrets resolved. `log` is told what a driver has to tell, in one line. */
export function createControllers(
  configured: readonly ControllerConfiguration[],
  secrets: ReadonlyMap<string, string>,
  log: { info(text: string): void },
): Result<ReadonlyMap<string, Controller>, { readonly message: string }> {
  const controllers = new Map<string, Controller>();
  const say = (text: string): void => {
    log.info(text);
  };
  for (const each of configured) {
    const created = createController(each, secrets.get(each.name) ?? "", say);
    if (!created.ok) return err({ message: `controller ${each.name}: ${created.error.message}` });
    controllers.set(each.name, created.value);
  }
  return ok(controllers);
}

function createController(
  configured: ControllerConfiguration,
  secret: string,
  say: (text: string) => void,
): Result<Controller, { readonly message: string }> {
  switch (configured.kind) {
    case "webhook": {
      const { name, url, readUrl, timeout } = configured;
      const reading = readUrl === undefined ? {} : { readUrl };
      return controllerCatalog.webhook.create({ name, url, ...reading, secret, timeoutMs: timeout });
    }
    case "haproxy": {
      const { name, socket, allowRemote, backend, canaryServers, baselineServers, timeout } = configured;
      const arms = { backend, canaryServers, baselineServers };
      return controllerCatalog.haproxy.create(
        { name, socket, allowRemote, ...arms, timeoutMs: timeout },
        say,
      );
    }
  }
}
