import { logAttributes } from "#engine/log-content.ts";
import {
  readAttributes,
  type AttributeSlots,
  type AttributeValue,
  type Interner,
  type LogView,
  type Observer,
  type PointView,
  type RejectReason,
  type SpanView,
} from "#engine/ports.ts";
import { BoundedInterner } from "#model/interner.ts";

type Attributes = Readonly<Record<string, AttributeValue>>;

/** A record as it was told, with texts resolved and arrays cut to their length. */
export type Told =
  | {
      readonly told: "span";
      readonly resource: Attributes;
      readonly attributes: Attributes;
      readonly view: object;
    }
  | {
      readonly told: "point";
      readonly resource: Attributes;
      readonly attributes: Attributes;
      readonly view: object;
    }
  | { readonly told: "log"; readonly resource: Attributes; readonly view: object }
  | {
      readonly told: "reject";
      readonly signal: string;
      readonly reason: RejectReason;
      readonly count: number;
    };

/** An observer that keeps a copy of everything. With a generation, resource handles outlive the body. */
export class RecordingObserver implements Observer {
  readonly interner: Interner = new BoundedInterner();
  readonly told: Told[] = [];
  /** How often a resource was told. */
  resources: Attributes[] = [];
  readonly resourceGeneration?: number;

  constructor(generation?: number) {
    if (generation !== undefined) this.resourceGeneration = generation;
  }

  resource(attributes: ReadonlyMap<string, AttributeValue>): number {
    return this.resources.push(Object.fromEntries(attributes)) - 1;
  }

  span(span: SpanView): void {
    const { attributes, resource, name, ...rest } = span;
    this.told.push({
      told: "span",
      resource: this.resources[resource]!,
      attributes: this.#attributes(attributes),
      view: { ...rest, name: this.interner.textOf(name) },
    });
  }

  point(point: PointView): void {
    const { attributes, resource, metric, unit, bounds, boundsLength, counts, countsLength, ...rest } = point;
    this.told.push({
      told: "point",
      resource: this.resources[resource]!,
      attributes: this.#attributes(attributes),
      view: {
        ...rest,
        metric: this.interner.textOf(metric),
        unit: this.interner.textOf(unit),
        bounds: [...bounds.subarray(0, boundsLength)],
        counts: [...counts.subarray(0, countsLength)],
      },
    });
  }

  log(log: LogView): void {
    const { resource, content, ...rest } = log;
    const attributes = logAttributes.map((name) => [name, content.attribute(name)] as const);
    const said = {
      body: content.body(),
      level: content.level(),
      scope: content.scope(),
      event: content.event(),
      traceId: content.traceId(),
      attributes: Object.fromEntries(attributes.filter(([, text]) => text !== "")),
    };
    this.told.push({ told: "log", resource: this.resources[resource]!, view: { ...rest, said } });
  }

  reject(signal: "span" | "point" | "log", reason: RejectReason, count: number): void {
    this.told.push({ told: "reject", signal, reason, count });
  }

  #attributes(slots: AttributeSlots): Attributes {
    return Object.fromEntries(
      readAttributes.flatMap((name, slot): (readonly [string, AttributeValue])[] => {
        const text = slots.texts[slot]!;
        const number = slots.numbers[slot]!;
        if (text !== 0) return [[name, this.interner.textOf(text)]];
        return Number.isNaN(number) ? [] : [[name, number]];
      }),
    );
  }
}
