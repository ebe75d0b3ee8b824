import {
  readAttributes,
  type AttributeSlots,
  type Interner,
  type ReadAttribute,
  type Text,
} from "./ports.ts";

/** Slot of an attribute in the arrays of a record. */
export function slotOf(name: ReadAttribute): number {
  return readAttributes.indexOf(name);
}

export const slots = {
  httpMethod: slotOf("http.request.method"),
  httpMethodOld: slotOf("http.method"),
  httpRoute: slotOf("http.route"),
  httpTarget: slotOf("http.target"),
  urlPath: slotOf("url.path"),
  httpStatus: slotOf("http.response.status_code"),
  httpStatusOld: slotOf("http.status_code"),
  errorType: slotOf("error.type"),
  userAgent: slotOf("user_agent.original"),
  userAgentOld: slotOf("http.user_agent"),
  rpcSystem: slotOf("rpc.system"),
  rpcSystemName: slotOf("rpc.system.name"),
  rpcService: slotOf("rpc.service"),
  rpcMethod: slotOf("rpc.method"),
  rpcGrpcStatus: slotOf("rpc.grpc.status_code"),
  rpcStatus: slotOf("rpc.response.status_code"),
  messagingSystem: slotOf("messaging.system"),
  messagingType: slotOf("messaging.operation.type"),
  messagingOperation: slotOf("messaging.operation"),
  messagingDestination: slotOf("messaging.destination.name"),
} as const;

/** The string in the first slot that has one, 0 where none has. */
export function textIn(attributes: AttributeSlots, slot: number, otherwise: number): Text {
  const text = attributes.texts[slot] ?? 0;
  return text === 0 ? (attributes.texts[otherwise] ?? 0) : text;
}

/** The number in a slot, read from text where a sender gives it so; NaN where there is none. */
export function numberIn(attributes: AttributeSlots, slot: number, interner: Interner): number {
  const number = attributes.numbers[slot] ?? NaN;
  if (!Number.isNaN(number)) return number;
  const text = attributes.texts[slot] ?? 0;
  return text === 0 ? NaN : Number.parseInt(interner.textOf(text), 10);
}
