import type { ZodType } from "zod";
import type { Controller } from "#engine/ports.ts";
import type { Result } from "#model/result.ts";
import { createHaproxyController, haproxySchema, type HaproxyParameters } from "./haproxy.ts";
import { createWebhookController, webhookSchema, type WebhookParameters } from "./webhook.ts";

/** A kind of traffic controller: its word in the configuration, what it takes, and how one is made. */
export interface ControllerPlugin<Parameters> {
  readonly kind: string;
  readonly schema: ZodType<unknown, Parameters>;
  /** `say` is told in one line what was done where the percentages alone do not tell it. */
  readonly create: (
    parameters: Parameters,
    say?: (text: string) => void,
  ) => Result<Controller, { readonly message: string }>;
}

const webhook: ControllerPlugin<WebhookParameters> = {
  kind: "webhook",
  schema: webhookSchema,
  create: (parameters) => createWebhookController(parameters),
};

const haproxy: ControllerPlugin<HaproxyParameters> = {
  kind: "haproxy",
  schema: haproxySchema,
  create: (parameters, say) => createHaproxyController(parameters, say),
};

/** Every kind of controller: a new one is a file beside this, and a line here. */
export const controllerCatalog = { webhook, haproxy } as const;
