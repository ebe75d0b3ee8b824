import { overflowOperation } from "#model/sample.ts";
import { slots, textIn } from "./attribute-slots.ts";
import { PairTable } from "./pair-table.ts";
import type { AttributeSlots, Interner, Text } from "./ports.ts";

/** Distinct names remembered between two emptyings of the table. */
const rememberedNames = 100_000;

/** An operation's name as a small integer; valid until `epoch` changes. */
export type OperationIndex = number;

/**
 * Names what was called, with few distinct names: `POST /pay`, `cart.Cart/AddItem`, `process orders`, else the span's name.
 * A raw path is never a name. Source: OpenTelemetry semantic conventions for HTTP, RPC and messaging span names, old
 * attribute names included. Each distinct combination is built once; after that it costs a look-up of numbers.
 */
export class OperationNames {
  /** Changes when indexes lost their meaning. */
  epoch = 0;
  private readonly names: string[] = [overflowOperation];
  private readonly byName = new Map<string, OperationIndex>();
  private readonly http = new PairTable();
  private readonly rpc = new PairTable();
  private readonly messaging = new PairTable();
  private readonly plain = new PairTable();
  private generation: number;

  private readonly interner: Interner;

  constructor(interner: Interner) {
    this.interner = interner;
    this.generation = interner.generation;
  }

  nameOf(index: OperationIndex): string {
    return this.names[index] ?? overflowOperation;
  }

  /** `spanName` is 0 for metric points. */
  of(attributes: AttributeSlots, spanName: Text): OperationIndex {
    if (this.generation !== this.interner.generation) this.clear();
    const { texts } = attributes;
    const rpcMethod = texts[slots.rpcMethod] ?? 0;
    if (rpcMethod !== 0) return this.ofRpc(texts[slots.rpcService] ?? 0, rpcMethod);
    const method = textIn(attributes, slots.httpMethod, slots.httpMethodOld);
    if (method !== 0) return this.ofHttp(attributes, method, spanName);
    const destination = texts[slots.messagingDestination] ?? 0;
    if (destination !== 0)
      return this.ofMessaging(textIn(attributes, slots.messagingType, slots.messagingOperation), destination);
    return this.ofName(spanName);
  }

  /** Empties the table; to be called between bodies once it is crowded. */
  clearIfCrowded(): void {
    if (this.names.length >= rememberedNames) this.clear();
  }

  private clear(): void {
    this.generation = this.interner.generation;
    this.epoch += 1;
    this.names.length = 1;
    this.byName.clear();
    for (const table of [this.http, this.rpc, this.messaging, this.plain]) table.clear();
  }

  /** Gives the name its index, and remembers it under the two texts that it was made of. */
  private add(table: PairTable, first: Text, second: Text, name: string): OperationIndex {
    const known = this.byName.get(name);
    if (known !== undefined) {
      if (table.size < rememberedNames) table.set(first, second, known);
      return known;
    }
    if (this.names.length >= rememberedNames) return 0;
    const index = this.names.push(name) - 1;
    this.byName.set(name, index);
    table.set(first, second, index);
    return index;
  }

  private ofHttp(attributes: AttributeSlots, method: Text, spanName: Text): OperationIndex {
    const route = attributes.texts[slots.httpRoute] ?? 0;
    if (route === 0 && spanName !== 0 && !this.isRawPath(attributes, spanName)) return this.ofName(spanName);
    const known = this.http.get(method, route);
    if (known >= 0) return known;
    const verb = this.interner.textOf(method).toUpperCase();
    const word = verb === "_OTHER" ? "HTTP" : verb;
    return this.add(this.http, method, route, route === 0 ? word : `${word} ${this.interner.textOf(route)}`);
  }

  private isRawPath(attributes: AttributeSlots, spanName: Text): boolean {
    const path = textIn(attributes, slots.urlPath, slots.httpTarget);
    return path !== 0 && this.interner.textOf(spanName).endsWith(this.interner.textOf(path));
  }

  private ofRpc(service: Text, method: Text): OperationIndex {
    const known = this.rpc.get(service, method);
    if (known >= 0) return known;
    const name = this.interner.textOf(method);
    return this.add(
      this.rpc,
      service,
      method,
      service === 0 ? name : `${this.interner.textOf(service)}/${name}`,
    );
  }

  private ofMessaging(deed: Text, destination: Text): OperationIndex {
    const known = this.messaging.get(deed, destination);
    if (known >= 0) return known;
    const name = this.interner.textOf(destination);
    return this.add(
      this.messaging,
      deed,
      destination,
      deed === 0 ? name : `${this.interner.textOf(deed)} ${name}`,
    );
  }

  private ofName(name: Text): OperationIndex {
    const known = this.plain.get(name, 0);
    return known >= 0 ? known : this.add(this.plain, name, 0, this.interner.textOf(name));
  }
}
