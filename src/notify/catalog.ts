import { createSlackChannel } from "./slack.ts";
import { createWebhookChannel } from "./webhook.ts";

/** Every kind of receiver: a new one is a file beside this, and a line here. */
export const channelCatalog = { webhook: createWebhookChannel, slack: createSlackChannel } as const;
