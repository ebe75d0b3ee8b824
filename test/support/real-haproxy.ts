import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Agent, request } from "undici";

const places = [process.env["HAPROXY"] ?? "", "/usr/sbin/haproxy", "/usr/local/sbin/haproxy"];

/** HAProxy of this machine, or null. */
export const haproxyPath: string | null = places.find((place) => place !== "" && existsSync(place)) ?? null;

export interface RealHaproxy {
  /** The stats socket, a path and the same on loopback. */
  readonly socket: string;
  /** Sends requests one after another and counts those that each server answered; an answer other than 200 counts under its status. */
  count(requests: number): Promise<ReadonlyMap<string, number>>;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Ends HAProxy and the servers behind it. */
  close(): Promise<void>;
}

function configurationOf(folder: string, servers: Readonly<Record<string, number>>): string {
  const lines = Object.entries(servers).map(
    ([name, weight]) => `  server ${name} unix@${folder}/${name} weight ${weight}`,
  );
  return `global
  stats socket ${folder}/admin mode 600 level admin
defaults
  mode http
  timeout connect 2s
  timeout client 10s
  timeout server 10s
frontend shop
  bind unix@${folder}/front
  default_backend be_shop
backend be_shop
  balance roundrobin
${lines.join("\n")}
`;
}

function listen(path: string, name: string): Promise<Server> {
  const server = createServer((_, response) => response.end(name));
  return new Promise((resolve) =>
    server.listen(path, () => {
      resolve(server);
    }),
  );
}

/** A real HAProxy with servers that answer their own name, all on Unix sockets in a folder of their own. */
export async function openRealHaproxy(
  binary: string,
  weights: Readonly<Record<string, number>>,
): Promise<RealHaproxy> {
  const folder = mkdtempSync(join(tmpdir(), "haldane-hap-"));
  const file = join(folder, "haproxy.cfg");
  writeFileSync(file, configurationOf(folder, weights));
  const servers = await Promise.all(Object.keys(weights).map((name) => listen(join(folder, name), name)));
  const agent = new Agent({ connect: { socketPath: join(folder, "front") } });
  let child: ChildProcess | null = null;
  let ended: Promise<unknown> = Promise.resolve();

  const ask = async (): Promise<string> => {
    const { statusCode, body } = await request("http://shop/", { dispatcher: agent });
    const text = await body.text();
    return statusCode === 200 ? text : String(statusCode);
  };
  const stop = async (): Promise<void> => {
    child?.kill("SIGTERM");
    const late = setTimeout(() => child?.kill("SIGKILL"), 3000);
    await ended;
    clearTimeout(late);
    child = null;
  };
  const start = async (): Promise<void> => {
    const started = spawn(binary, ["-db", "-f", file], { stdio: ["ignore", "ignore", "pipe"] });
    let complaint = "";
    started.stderr.on("data", (chunk) => (complaint += String(chunk)));
    child = started;
    ended = new Promise((resolve) => started.once("exit", resolve));
    for (;;) {
      if (started.exitCode !== null) throw new Error(`HAProxy ended at its start: ${complaint}`);
      const answered = await ask().catch(() => null);
      if (answered !== null) return;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  await start();
  return {
    socket: join(folder, "admin"),
    start,
    stop,
    count: async (requests) => {
      const counts = new Map<string, number>();
      for (let sent = 0; sent < requests; sent += 1) {
        const name = await ask();
        counts.set(name, (counts.get(name) ?? 0) + 1);
      }
      return counts;
    },
    close: async () => {
      await stop();
      await agent.close();
      for (const server of servers) {
        server.close();
        server.closeAllConnections();
      }
      rmSync(folder, { recursive: true });
    },
  };
}
