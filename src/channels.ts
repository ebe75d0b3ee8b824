import { createCheckedLookup, refusedHost } from "#control/egress.ts";
import { parseSecret, signWebhook } from "#control/signature.ts";
import type { ReceiverSecrets } from "#config/load-configuration.ts";
import type { ReceiverConfiguration } from "#engine/configuration.ts";
import type { Channel } from "#engine/notifying.ts";
import type { Clock } from "#engine/ports.ts";
import { err, ok, type Result } from "#model/result.ts";
import { channelCatalog } from "#notify/catalog.ts";

/** Receivers often lie in the own network; metadata and link-local addresses are refused all the same. */
const allowPrivate = true;

/** The configured receivers by name, with their secrets resolved: signing and address rules are those of the controllers. */
export function createChannels(
  configured: readonly ReceiverConfiguration[],
  secrets: ReadonlyMap<string, ReceiverSecrets>,
  clock: Clock,
): Result<ReadonlyMap<string, Channel>, { readonly message: string }> {
  const channels = new Map<string, Channel>();
  for (const receiver of configured) {
    const created = createChannel(receiver, secrets.get(receiver.name), clock);
    if (!created.ok) return err({ message: `receiver ${receiver.name}: ${created.error.message}` });
    channels.set(receiver.name, created.value);
  }
  return ok(channels);
}

function createChannel(
  { kind, name, timeout }: ReceiverConfiguration,
  secrets: ReceiverSecrets | undefined,
  clock: Clock,
): Result<Channel, { readonly message: string }> {
  const shared = {
    name,
    url: secrets?.url ?? "",
    timeoutMs: timeout,
    egress: {
      lookup: createCheckedLookup(allowPrivate),
      refusedHost: (url: URL) => refusedHost(url, allowPrivate),
    },
    now: () => clock.now(),
  };
  if (kind === "slack") return channelCatalog.slack(shared);
  const key = parseSecret(secrets?.secret ?? "");
  if (!key.ok) return key;
  return channelCatalog.webhook({
    ...shared,
    sign: (message) => ({ ...signWebhook([key.value], message) }),
  });
}
