import type { ZodType } from "zod";
import type { Controller } from "#engine/ports.ts";
import type { Result } from "#model/result.ts";
import { createWebhookController, webhookSchema, type WebhookParameters } from "./webhook.ts";

/** A kind of traffic controller: its word in the configuration, what it takes, and how one is made. */
export interface ControllerPlugin<Parameters> {
  readonly kind: string;
  readonly schema: ZodType<unknown, Parameters>;
  readonly create: (parameters: Parameters) => Result<Controller, { readonly message: string }>;
}

const webhook: ControllerPlugin<WebhookParameters> = {
  kind: "webhook",
  schema: webhookSchema,
  create: (parameters) => createWebhookController(parameters),
};

/** Every kind of controller: a new one is a file beside this, and a line here. */
export const controllerCatalog = { webhook } as const;
