import { slots, textIn } from "./attribute-slots.ts";
import type { AttributeSlots, Interner } from "./ports.ts";
import { TextJudgements } from "./text-judgements.ts";

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

/** Tells probes from traffic; each distinct text is judged once. */
export class ProbeFilter {
  private readonly routes: TextJudgements;
  private readonly agents: TextJudgements;
  private readonly services: TextJudgements;
  private readonly methods: TextJudgements;
  private generation: number;

  private readonly interner: Interner;

  constructor(interner: Interner, list: ProbeList) {
    this.interner = interner;
    this.generation = interner.generation;
    const routes = new Set(list.routes);
    const rpcServices = new Set(list.rpcServices);
    const judged = (judge: (text: string) => boolean): TextJudgements =>
      new TextJudgements((text) => judge(interner.textOf(text)));
    this.routes = judged((route) => routes.has(barePath(route)));
    this.agents = judged((agent) => list.agents.some((start) => agent.startsWith(start)));
    this.services = judged((service) => rpcServices.has(service));
    this.methods = judged((method) => rpcServices.has(beforeSlash(method)));
  }

  isProbe(attributes: AttributeSlots): boolean {
    this.forgetStale();
    const route = attributes.texts[slots.httpRoute] ?? 0;
    const path = route === 0 ? textIn(attributes, slots.urlPath, slots.httpTarget) : route;
    if (path !== 0 && this.routes.of(path)) return true;
    const agent = textIn(attributes, slots.userAgent, slots.userAgentOld);
    if (agent !== 0 && this.agents.of(agent)) return true;
    const method = attributes.texts[slots.rpcMethod] ?? 0;
    const service = attributes.texts[slots.rpcService] ?? 0;
    if (service !== 0) return this.services.of(service);
    return method !== 0 && this.methods.of(method);
  }

  private forgetStale(): void {
    if (this.generation === this.interner.generation) return;
    this.generation = this.interner.generation;
    for (const judged of [this.routes, this.agents, this.services, this.methods]) judged.forget();
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
