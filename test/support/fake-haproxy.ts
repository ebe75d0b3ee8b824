import { rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";

export interface FakeServer {
  weight: number;
  /** `srv_op_state`: 0 stopped, 2 running. */
  state: number;
  /** `srv_admin_state` bits. */
  admin: number;
}

export interface FakeHaproxyFaults {
  /** Take lines that hold this text, carry them out, and never answer. */
  hangOn: string | null;
  /** Answer this many characters (below 0: all but so many) and close. */
  cutAt: number | null;
  /** Lines that hold this text are answered with the other. */
  refuse: { readonly on: string; readonly answer: string } | null;
  /** This HAProxy keeps no variables. */
  noVariables: boolean;
}

export interface FakeHaproxy {
  readonly path: string;
  readonly backend: string;
  readonly servers: Map<string, FakeServer>;
  readonly faults: FakeHaproxyFaults;
  /** Every command that arrived, in order. */
  readonly commands: readonly string[];
  stop(): Promise<void>;
  /** A new process on the same path: configured weights, no variables. */
  restart(): Promise<void>;
}

const columns = "be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight";

/** The words of HAProxy 2.6.12's runtime API, as far as weights and variables go, on a Unix socket at `path`. */
export async function startFakeHaproxy(
  path: string,
  configured: Readonly<Record<string, number>>,
): Promise<FakeHaproxy> {
  const backend = "be_shop";
  const servers = new Map<string, FakeServer>();
  const variables = new Map<string, string>();
  const commands: string[] = [];
  const faults: FakeHaproxyFaults = { hangOn: null, cutAt: null, refuse: null, noVariables: false };
  const sockets = new Set<Socket>();
  let server: Server;

  const boot = async (): Promise<void> => {
    servers.clear();
    variables.clear();
    for (const [name, weight] of Object.entries(configured))
      servers.set(name, { weight, state: 2, admin: 0 });
    rmSync(path, { force: true });
    server = createServer((socket) => {
      sockets.add(socket);
      socket.on("close", () => sockets.delete(socket));
      socket.on("error", () => undefined);
      socket.on("data", (chunk) => {
        serve(socket, chunk.toString().trimEnd());
      });
    });
    await new Promise<void>((resolve) => server.listen(path, resolve));
  };
  const setWeight = (name: string, weight: number): string => {
    const [where, server] = name.split("/");
    if (where !== backend) return "No such backend.\n\n";
    const found = servers.get(server ?? "");
    if (found === undefined) return "No such server.\n\n";
    if (!(weight >= 0 && weight <= 256))
      return "Absolute weight can only be between 0 and 256 inclusive.\n\n";
    found.weight = weight;
    return "\n";
  };
  const answer = (command: string): string => {
    commands.push(command);
    if (faults.refuse !== null && command.includes(faults.refuse.on)) return `${faults.refuse.answer}\n\n`;
    const words = command.split(" ");
    if (command.startsWith("set server ")) return setWeight(words[2] ?? "", Number(words[4]));
    if (command === "experimental-mode on") return "\n";
    if (command.startsWith("set var ")) {
      if (faults.noVariables) return "Unknown command: 'set'\n\n";
      variables.set(words[2] ?? "", words[3]?.slice(4, -1) ?? "");
      return "\n";
    }
    if (command.startsWith("get var ")) {
      const value = variables.get(words[2] ?? "");
      return value === undefined ? "Variable not found.\n\n" : `${words[2]}: type=str value=<${value}>\n`;
    }
    if (command === "show backend") return `# name\n${backend}\nbe_other\n\n`;
    if (command !== `show servers state ${backend}`) return "Can't find backend.\n\n";
    const rows = [...servers].map(
      ([name, { weight, state, admin }], at) =>
        `3 ${backend} ${at} ${name} 127.0.0.1 ${state} ${admin} ${weight} 1`,
    );
    return `${["1", `# ${columns}`, ...rows].join("\n")}\n\n`;
  };
  const serve = (socket: Socket, line: string): void => {
    const text = line.split(";").map(answer).join("");
    if (faults.hangOn !== null && line.includes(faults.hangOn)) return;
    socket.end(faults.cutAt === null ? text : text.slice(0, faults.cutAt));
  };
  const stop = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => {
        resolve();
      });
      for (const socket of sockets) socket.destroy();
    });
  await boot();
  return { path, backend, servers, faults, commands, stop, restart: boot };
}
