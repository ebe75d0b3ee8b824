import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadConfiguration, loadPolicy, validateFiles } from "#config/load-configuration.ts";
import type { Flags } from "#config/settings.ts";
import { defaultConfiguration } from "#engine/configuration.ts";

const noFlags: Flags = { data: null, host: null, port: null, otlpPort: null };
let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "haldane-config-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function file(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

async function listening(environment: Record<string, string>, flags: Partial<Flags>, text?: string) {
  const files = text === undefined ? [] : [await file("listen.yaml", text)];
  const loaded = await loadConfiguration({ files, environment, flags: { ...noFlags, ...flags } });
  return loaded.ok ? loaded.value.configuration.listen : loaded.error;
}

const ports = "apiVersion: haldane/v1\nkind: Configuration\nlisten: { port: 1000, otlpPort: 2000 }\n";

describe("the start-up configuration", () => {
  test("no file, no variable and no flag is the default configuration", async () => {
    const loaded = await loadConfiguration({ files: [], environment: {}, flags: noFlags });
    expect(loaded.ok && loaded.value.configuration).toEqual(defaultConfiguration);
    expect(loaded.ok && [...loaded.value.policies.keys()]).toEqual(["default"]);
  });

  test("a flag wins over a variable, which wins over the file", async () => {
    const listen = await listening(
      { HALDANE_PORT: "3000", HALDANE_OTLP_PORT: "4000" },
      { port: "5000" },
      ports,
    );
    expect(listen).toMatchObject({ port: 5000, otlpPort: 4000 });
    expect(await listening({}, {}, ports)).toMatchObject({ port: 1000, otlpPort: 2000 });
  });

  test("a variable that a Kubernetes Service link set is not taken for a port", async () => {
    expect(await listening({ HALDANE_PORT: "tcp://10.0.0.7:8080" }, {})).toMatchObject({ port: 8080 });
  });

  test("a port that is none is refused by the name of its origin", async () => {
    expect(await listening({ HALDANE_PORT: "http" }, { otlpPort: "70000" })).toEqual([
      'HALDANE_PORT: "http" is no port; write 0 to 65535',
      '--otlp-port: "70000" is no port; write 0 to 65535',
    ]);
  });

  test("a policy named default takes the place of the built-in one", async () => {
    const path = await file("default.yaml", "apiVersion: haldane/v1\nkind: Policy\nalpha: 0.05\n");
    const loaded = await loadConfiguration({ files: [path], environment: {}, flags: noFlags });
    expect(loaded.ok && loaded.value.policies.get("default")?.alpha).toBe(0.05);
  });
});

describe("secrets", () => {
  const withSecret = (reference: string): string =>
    "apiVersion: haldane/v1\nkind: Configuration\ncontrollers:\n" +
    `  - { kind: webhook, name: router, url: "http://127.0.0.1:1/", secret: ${reference} }\n`;

  test("a secret is read from a variable, or from a file without its last line break", async () => {
    const secret = await file("secret", "whsec_abc\n");
    const fromFile = await file("a.yaml", withSecret(`{ file: "${secret}" }`));
    const fromVariable = await file("b.yaml", withSecret("{ env: ROUTER }"));
    const environment = { ROUTER: "whsec_def" };
    const first = await loadConfiguration({ files: [fromFile], environment, flags: noFlags });
    const second = await loadConfiguration({ files: [fromVariable], environment, flags: noFlags });
    expect(first.ok && first.value.controllerSecrets.get("router")).toBe("whsec_abc");
    expect(second.ok && second.value.controllerSecrets.get("router")).toBe("whsec_def");
  });

  test("a secret that is not there stops the start and names the reference", async () => {
    const path = await file("c.yaml", withSecret("{ env: NOT_SET }"));
    const loaded = await loadConfiguration({ files: [path], environment: {}, flags: noFlags });
    expect(loaded).toEqual({
      ok: false,
      error: ["controllers[0].secret: the environment variable NOT_SET is not set or empty"],
    });
  });

  test("the token variable holds the token itself", async () => {
    const loaded = await loadConfiguration({
      files: [],
      environment: { HALDANE_TOKEN: "t" },
      flags: noFlags,
    });
    expect(loaded.ok && loaded.value.token).toBe("t");
  });
});

describe("validating files", () => {
  test("each document of a good file is named", async () => {
    const path = await file("good.yaml", `${ports}---\napiVersion: haldane/v1\nkind: Policy\nname: web\n`);
    expect(await validateFiles([path])).toEqual({
      ok: true,
      value: [`${path}: Configuration is valid`, `${path}: Policy web is valid`],
    });
  });

  test("a file that is not there is refused by name", async () => {
    expect(await validateFiles([join(folder, "none.yaml")])).toEqual({
      ok: false,
      error: [`${join(folder, "none.yaml")}: cannot be read (ENOENT)`],
    });
  });

  test("a replay takes exactly one policy from a file", async () => {
    const one = await file("one.yaml", "apiVersion: haldane/v1\nkind: Policy\nname: web\n");
    const two = await file(
      "two.yaml",
      "apiVersion: haldane/v1\nkind: Policy\n---\napiVersion: haldane/v1\nkind: Policy\nname: b\n",
    );
    const loaded = await loadPolicy(one);
    expect(loaded.ok && loaded.value.name).toBe("web");
    expect(await loadPolicy(two)).toEqual({
      ok: false,
      error: [`${two}: one policy is needed; the file holds 2: default, b`],
    });
  });
});
