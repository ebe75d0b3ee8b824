import { slots, textIn } from "./attribute-slots.ts";
import type { AttributeSlots, Interner, Text } from "./ports.ts";

/** Requests that ask whether a service lives, not what it does (decision 9). Left out of shares, durations and split. */
export interface ProbeList {
  /** Routes, or paths where there is no route; compared without a trailing slash. */
  readonly routes: readonly string[];
  /** Beginnings of user agents. */
  readonly agents: readonly string[];
  /** RPC services. */
  readonly rpcServices: readonly string[];
}

export const defaultProbes: ProbeList = {
  routes: [
    "/health",
    "/healthz",
    "/health/live",
    "/health/ready",
    "/healthcheck",
    "/livez",
    "/live",
    "/liveness",
    "/readyz",
    "/ready",
    "/readiness",
    "/startupz",
    "/metrics",
    "/-/healthy",
    "/-/ready",
    "/actuator/health",
    "/actuator/health/liveness",
    "/actuator/health/readiness",
    "/actuator/prometheus",
    "/q/health",
    "/q/health/live",
    "/q/health/ready",
  ],
  agents: [
    "kube-probe/",
    "GoogleHC/",
    "ELB-HealthChecker/",
    "Amazon-Route53-Health-Check-Service",
    "Prometheus/",
    "Blackbox Exporter/",
    "Consul Health Check",
    "Envoy/HC",
  ],
  rpcServices: ["grpc.health.v1.Health"],
};

const rememberedTexts = 100_000;

/** Tells probes from traffic; each distinct text is judged once. */
export class ProbeFilter {
  private readonly routes: ReadonlySet<string>;
  private readonly rpcServices: ReadonlySet<string>;
  private readonly routeTexts = new Map<Text, boolean>();
  private readonly agentTexts = new Map<Text, boolean>();
  private generation: number;

  private readonly interner: Interner;
  private readonly list: ProbeList;

  constructor(interner: Interner, list: ProbeList) {
    this.interner = interner;
    this.list = list;
    this.routes = new Set(list.routes);
    this.rpcServices = new Set(list.rpcServices);
    this.generation = interner.generation;
  }

  isProbe(attributes: AttributeSlots): boolean {
    this.forgetStale();
    const route = attributes.texts[slots.httpRoute] ?? 0;
    const path = route === 0 ? textIn(attributes, slots.urlPath, slots.httpTarget) : route;
    if (path !== 0 && this.remembered(this.routeTexts, path)) return true;
    const agent = textIn(attributes, slots.userAgent, slots.userAgentOld);
    if (agent !== 0 && this.remembered(this.agentTexts, agent)) return true;
    const method = attributes.texts[slots.rpcMethod] ?? 0;
    const service = attributes.texts[slots.rpcService] ?? 0;
    if (service !== 0) return this.rpcServices.has(this.interner.textOf(service));
    return method !== 0 && this.rpcServices.has(beforeSlash(this.interner.textOf(method)));
  }

  private remembered(texts: Map<Text, boolean>, text: Text): boolean {
    const known = texts.get(text);
    if (known !== undefined) return known;
    const value = this.interner.textOf(text);
    const probe =
      texts === this.routeTexts
        ? this.routes.has(barePath(value))
        : this.list.agents.some((agent) => value.startsWith(agent));
    texts.set(text, probe);
    return probe;
  }

  private forgetStale(): void {
    const full = this.routeTexts.size > rememberedTexts || this.agentTexts.size > rememberedTexts;
    if (this.generation === this.interner.generation && !full) return;
    this.generation = this.interner.generation;
    this.routeTexts.clear();
    this.agentTexts.clear();
  }
}

function beforeSlash(method: string): string {
  const slash = method.lastIndexOf("/");
  return slash < 0 ? "" : method.slice(0, slash);
}

function barePath(target: string): string {
  const query = target.indexOf("?");
  const path = query < 0 ? target : target.slice(0, query);
  return path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path;
}
