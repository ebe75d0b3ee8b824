import type { Deployment, Instance } from "#model/deployment.ts";
import { aliasesFromJson, traitsFromJson } from "./stored-json.ts";

export interface DeploymentRow {
  readonly id: number;
  readonly service: string;
  readonly environment: string;
  readonly aliases: string;
  readonly first_seen: number;
  readonly last_seen: number;
  readonly earliest_start: number | null;
}

export interface InstanceRow {
  readonly id: number;
  readonly deployment_id: number;
  readonly name: string;
  readonly identified: number;
  readonly started: number | null;
  readonly traits: string;
  readonly first_seen: number;
  readonly last_seen: number;
}

export function deploymentOf(row: DeploymentRow): Deployment {
  return {
    id: row.id,
    service: row.service,
    environment: row.environment,
    aliases: aliasesFromJson(row.aliases),
    firstSeen: row.first_seen,
    lastSeen: row.last_seen,
    earliestStart: row.earliest_start,
  };
}

export function instanceOf(row: InstanceRow): Instance {
  return {
    id: row.id,
    deploymentId: row.deployment_id,
    name: row.name,
    identified: row.identified === 1,
    started: row.started,
    traits: traitsFromJson(row.traits),
    firstSeen: row.first_seen,
    lastSeen: row.last_seen,
  };
}
