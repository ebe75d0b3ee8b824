import { err, ok, type Result } from "#model/result.ts";

/** Settings that the command line may give; null where it does not. They win over the environment, which wins over files. */
export interface Flags {
  readonly data: string | null;
  readonly host: string | null;
  readonly port: string | null;
  readonly otlpPort: string | null;
}

/** The variables that stand for keys of haldane.yaml, with the flag that says the same. */
export const settings = [
  { variable: "HALDANE_HOST", flag: "--host", name: "host", path: ["listen", "host"] },
  { variable: "HALDANE_PORT", flag: "--port", name: "port", path: ["listen", "port"] },
  { variable: "HALDANE_OTLP_PORT", flag: "--otlp-port", name: "otlpPort", path: ["listen", "otlpPort"] },
  { variable: "HALDANE_DATA", flag: "--data", name: "data", path: ["storage", "data"] },
] as const;

/** Holds the bearer token itself; in files the token is named by reference only. */
export const tokenVariable = "HALDANE_TOKEN";

type Environment = Readonly<Record<string, string | undefined>>;

interface Setting {
  readonly path: readonly [string, string];
  readonly value: unknown;
}

/**
 * A Kubernetes Service called "haldane" makes the kubelet set HALDANE_PORT=tcp://10.0.0.1:8080 in every pod of its
 * namespace (service links). Such a value was meant by nobody.
 */
function isServiceLink(value: string): boolean {
  return /^(tcp|udp|sctp):\/\//.test(value);
}

function parsePort(text: string): number | null {
  return /^\d{1,5}$/.test(text) && Number(text) <= 65_535 ? Number(text) : null;
}

/** Reads flags and variables; a value that does not fit is refused by the name of its flag or variable. */
export function readSettings(
  environment: Environment,
  flags: Flags,
): Result<readonly Setting[], readonly string[]> {
  const read: Setting[] = [];
  const faults: string[] = [];
  for (const { variable, flag, name, path } of settings) {
    const given = flags[name];
    const text = given ?? environment[variable];
    if (text === undefined || (given === null && (text === "" || isServiceLink(text)))) continue;
    const origin = given === null ? variable : flag;
    if (path[1] === "port" || path[1] === "otlpPort") {
      const port = parsePort(text);
      if (port === null) faults.push(`${origin}: "${text}" is no port; write 0 to 65535`);
      else read.push({ path, value: port });
    } else if (text === "") {
      faults.push(`${origin}: is empty`);
    } else {
      read.push({ path, value: text });
    }
  }
  if ((environment[tokenVariable] ?? "") !== "") {
    read.push({ path: ["listen", "token"], value: { env: tokenVariable } });
  }
  return faults.length > 0 ? err(faults) : ok(read);
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A configuration document with the settings in place of what it says; a part of the wrong shape is left for the schema to refuse. */
export function overlaySettings(document: unknown, read: readonly Setting[]): unknown {
  return read.reduce((whole, { path: [section, key], value }) => {
    if (!isMapping(whole)) return whole;
    const part = whole[section] ?? {};
    return isMapping(part) ? { ...whole, [section]: { ...part, [key]: value } } : whole;
  }, document);
}
