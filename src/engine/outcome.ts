import { numberIn, slots } from "./attribute-slots.ts";
import type { AttributeSlots, Interner } from "./ports.ts";

/** How a served call ended: `clientError` is the caller's fault (4xx and the like) and never an error of the service. */
export type Outcome = "fine" | "error" | "clientError";

/** gRPC codes that are the server's fault: OpenTelemetry semantic conventions for gRPC, server spans. */
const serverCodes = new Map<string, number>([
  ["UNKNOWN", 2],
  ["DEADLINE_EXCEEDED", 4],
  ["UNIMPLEMENTED", 12],
  ["INTERNAL", 13],
  ["UNAVAILABLE", 14],
  ["DATA_LOSS", 15],
]);
const serverCodeNumbers: ReadonlySet<number> = new Set(serverCodes.values());

/** The other names of gRPC codes; what is neither here nor above is some other system's word. */
const callerCodes: ReadonlySet<string> = new Set([
  "CANCELLED",
  "CANCELED",
  "INVALID_ARGUMENT",
  "NOT_FOUND",
  "ALREADY_EXISTS",
  "PERMISSION_DENIED",
  "RESOURCE_EXHAUSTED",
  "FAILED_PRECONDITION",
  "ABORTED",
  "OUT_OF_RANGE",
  "UNAUTHENTICATED",
]);

function ofHttp(code: number, failed: boolean): Outcome {
  if (code >= 500) return "error";
  if (code >= 400) return "clientError";
  return failed ? "error" : "fine";
}

function ofRpcCode(code: number, failed: boolean): Outcome {
  if (code === 0) return failed ? "error" : "fine";
  return serverCodeNumbers.has(code) ? "error" : "clientError";
}

function ofRpcText(text: string, failed: boolean): Outcome {
  const code = Number(text);
  if (Number.isInteger(code) && code >= 0 && code <= 16) return ofRpcCode(code, failed);
  const word = text.toUpperCase();
  if (serverCodes.has(word)) return "error";
  if (callerCodes.has(word)) return "clientError";
  return failed ? "error" : "fine";
}

/**
 * Reads the outcome off the record's own attributes; `failed` is what it says besides (span status ERROR; `error.type` of a
 * metric point). An HTTP or RPC code, where there is one, decides about whose fault it was. `error.type` that is itself
 * an HTTP code counts as that code.
 */
export function outcomeOf(attributes: AttributeSlots, interner: Interner, failed: boolean): Outcome {
  const http = numberIn(attributes, slots.httpStatus, interner);
  if (!Number.isNaN(http)) return ofHttp(http, failed);
  const httpOld = numberIn(attributes, slots.httpStatusOld, interner);
  if (!Number.isNaN(httpOld)) return ofHttp(httpOld, failed);
  const grpc = numberIn(attributes, slots.rpcGrpcStatus, interner);
  if (!Number.isNaN(grpc)) return ofRpcCode(grpc, failed);
  const rpcNumber = attributes.numbers[slots.rpcStatus] ?? NaN;
  if (!Number.isNaN(rpcNumber)) return ofRpcCode(rpcNumber, failed);
  const rpcText = attributes.texts[slots.rpcStatus] ?? 0;
  if (rpcText !== 0) return ofRpcText(interner.textOf(rpcText), failed);
  const type = numberIn(attributes, slots.errorType, interner);
  if (type >= 400 && type < 600) return ofHttp(type, failed);
  return failed ? "error" : "fine";
}

/** True where a metric point says that its calls failed in some way. */
export function pointFailed(attributes: AttributeSlots): boolean {
  const text = attributes.texts[slots.errorType] ?? 0;
  const number = attributes.numbers[slots.errorType] ?? NaN;
  return text !== 0 || !Number.isNaN(number);
}
