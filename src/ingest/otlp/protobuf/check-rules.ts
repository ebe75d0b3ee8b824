import { requestPlans, type FieldPlan, type MessagePlan } from "#ingest/otlp/schema.ts";

/** What the check does with a field, by message and tag: the low bits of a rule. */
export const act = {
  varint: 0,
  eightBytes: 1,
  bytes: 2,
  fourBytes: 3,
  message: 4,
  packedVarints: 5,
  packedEights: 6,
  /** Refused: a group, or a wire type that does not fit the field. */
  refuse: 7,
} as const;
export const actMask = 7;
/** An occurrence is one span, data point or log record. */
export const isRecord = 8;
/** A message that can be there once. */
export const isOnce = 16;
/** The message is a KeyValue. */
export const isPair = 32;
/** The message is an AnyValue: one level deeper. */
export const isValue = 64;
export const messageShift = 7;

/** Tags below this have a rule of their own: field numbers up to 31. */
export const ruledTags = 256;

/** The schema as one table of small integers: rule of a tag in message m is `rules[m * ruledTags + tag]`. */
export interface CheckRules {
  readonly rules: Int32Array;
  readonly messages: readonly MessagePlan[];
}

const wireActs: Readonly<Record<number, number>> = {
  0: act.varint,
  1: act.eightBytes,
  2: act.bytes,
  5: act.fourBytes,
};

function ruleOf(field: FieldPlan | undefined, tag: number, messages: readonly MessagePlan[]): number {
  const wire = tag & 7;
  const plain = wireActs[wire] ?? act.refuse;
  if (tag < 8) return act.refuse;
  if (field === undefined) return plain;
  if (field.packable && wire === 2) return field.wire === 0 ? act.packedVarints : act.packedEights;
  if (wire !== field.wire) return act.refuse;
  if (field.message === null) return plain;
  return (
    act.message +
    (field.isRecord ? isRecord : 0) +
    (field.repeated ? 0 : isOnce) +
    (field.message.name === "KeyValue" ? isPair : 0) +
    (field.message.nests ? isValue : 0) +
    (messages.indexOf(field.message) << messageShift)
  );
}

function reachable(): readonly MessagePlan[] {
  const messages = new Set<MessagePlan>(Object.values(requestPlans));
  for (const plan of messages) {
    for (const field of plan.byName.values()) if (field.message !== null) messages.add(field.message);
  }
  return [...messages];
}

function compiled(): CheckRules {
  const messages = reachable();
  const rules = new Int32Array(messages.length * ruledTags);
  messages.forEach((plan, index) => {
    for (let tag = 0; tag < ruledTags; tag += 1)
      rules[index * ruledTags + tag] = ruleOf(plan.byNumber[tag >> 3], tag, messages);
  });
  return { rules, messages };
}

export const checkRules = compiled();
