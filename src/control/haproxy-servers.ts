import type { ControllerError } from "#engine/ports.ts";
import { err, ok, type Result } from "#model/result.ts";
import type { ArmName, ArmServer } from "./haproxy-weights.ts";

/** A server of a backend, of either arm or of none. */
export type BackendServer = Omit<ArmServer, "arm">;

/** Bits of `srv_admin_state`: maintenance asked for, inherited, or for want of an address; drain asked for or inherited. */
const outOfService = 0x01 | 0x02 | 0x20 | 0x40 | 0x08 | 0x10;
/** The version of the columns of `show servers state`. */
const stateVersion = "1";

/** Reads the answer to `show servers state BACKEND`; null where it is none. Columns are found by name. */
export function parseServersState(text: string): readonly BackendServer[] | null {
  const [version, header = "", ...rows] = text.split("\n");
  if (version !== stateVersion || !header.startsWith("# ")) return null;
  const columns = header.slice(2).split(" ");
  const at = ["srv_name", "srv_op_state", "srv_admin_state", "srv_uweight"].map((name) =>
    columns.indexOf(name),
  );
  if (at.includes(-1)) return null;
  const servers: BackendServer[] = [];
  for (const row of rows) {
    const cells = row.split(" ");
    const [name = "", ...numbers] = at.map((column) => cells[column] ?? "");
    if (name === "" || !numbers.every((cell) => /^\d{1,9}$/.test(cell))) return null;
    const [state = 0, admin = 0, weight = 0] = numbers.map(Number);
    const inService = (admin & outOfService) === 0;
    servers.push({ name, weight, inService, up: inService && state !== 0 });
  }
  return servers;
}

export interface ArmNames {
  readonly backend: string;
  /** Names, or beginnings of names that end in `*`. */
  readonly canaryServers: readonly string[];
  readonly baselineServers: readonly string[];
}

function fits(pattern: string, name: string): boolean {
  return pattern.endsWith("*") ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
}

/** The servers of both arms; a name that fits none, or a server in both arms, is refused with what is known. */
export function pickArms(
  servers: readonly BackendServer[],
  names: ArmNames,
): Result<readonly ArmServer[], ControllerError> {
  const rejected = (message: string): Result<never, ControllerError> => err({ tag: "rejected", message });
  const picked: ArmServer[] = [];
  const arms: readonly (readonly [ArmName, readonly string[]])[] = [
    ["canary", names.canaryServers],
    ["baseline", names.baselineServers],
  ];
  for (const [arm, patterns] of arms) {
    const unknown = patterns.find((pattern) => !servers.some(({ name }) => fits(pattern, name)));
    if (unknown !== undefined) {
      const known = servers.map(({ name }) => name).join(", ") || "none";
      return rejected(
        `${arm}Servers: backend ${names.backend} has no server "${unknown}"; known: ${known.slice(0, 500)}`,
      );
    }
    const members = servers.filter(({ name }) => patterns.some((pattern) => fits(pattern, name)));
    picked.push(...members.map((server) => ({ ...server, arm })));
  }
  const seen = new Set<string>();
  for (const { name } of picked) {
    if (seen.has(name)) return rejected(`server ${name} of backend ${names.backend} is in both arms`);
    seen.add(name);
  }
  return ok(picked);
}
