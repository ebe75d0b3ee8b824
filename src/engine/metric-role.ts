import { PairTable } from "./pair-table.ts";
import type { Interner, Text } from "./ports.ts";

/** Seconds in one unit of time, by UCUM names as senders write them. */
const secondsIn: ReadonlyMap<string, number> = new Map([
  ["s", 1],
  ["ms", 1e-3],
  ["us", 1e-6],
  ["µs", 1e-6],
  ["ns", 1e-9],
]);

/** Durations of served requests, with the unit that the conventions give where the sender states none. */
const durationUnits: ReadonlyMap<string, string> = new Map([
  ["http.server.request.duration", "s"],
  ["http.server.duration", "ms"],
  ["rpc.server.call.duration", "s"],
  ["rpc.server.duration", "ms"],
]);

/** What a metric is used for; null where it is not used at all. */
export interface MetricRole {
  readonly metric: string;
  readonly unit: string;
  /** Set where it counts and times requests: seconds in one of its units, null where the unit is unknown. */
  readonly requests: { readonly secondsPerUnit: number | null } | null;
  /** A policy names it. */
  readonly named: boolean;
}

/** Names with units remembered between two emptyings of the table. */
const rememberedRoles = 100_000;

/** Decides once per name and unit what a metric is for. */
export class MetricRoles {
  /** Places in the list of roles, by name and unit. */
  private readonly places = new PairTable();
  private readonly roles: (MetricRole | null)[] = [];
  private generation: number;

  private readonly interner: Interner;
  private named: ReadonlySet<string>;

  constructor(interner: Interner, named: ReadonlySet<string>) {
    this.interner = interner;
    this.named = named;
    this.generation = interner.generation;
  }

  setNamed(named: ReadonlySet<string>): void {
    this.named = named;
    this.forget();
  }

  of(metric: Text, unit: Text): MetricRole | null {
    if (this.generation !== this.interner.generation || this.roles.length > rememberedRoles) this.forget();
    const place = this.places.get(metric, unit);
    const known = this.roles[place];
    if (known !== undefined) return known;
    const role = this.decide(this.interner.textOf(metric), unit === 0 ? "" : this.interner.textOf(unit));
    this.places.set(metric, unit, this.roles.push(role) - 1);
    return role;
  }

  private forget(): void {
    this.generation = this.interner.generation;
    this.places.clear();
    this.roles.length = 0;
  }

  private decide(metric: string, unit: string): MetricRole | null {
    const defaultUnit = durationUnits.get(metric) ?? (/^rpc\.server\..*duration$/.test(metric) ? "s" : null);
    const named = this.named.has(metric);
    if (defaultUnit === null) return named ? { metric, unit, requests: null, named } : null;
    const secondsPerUnit = secondsIn.get(unit === "" ? defaultUnit : unit) ?? null;
    return { metric, unit: unit === "" ? defaultUnit : unit, requests: { secondsPerUnit }, named };
  }
}
