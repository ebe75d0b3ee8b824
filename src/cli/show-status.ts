import { setTimeout as pause } from "node:timers/promises";
import type { z } from "zod";
import { err, ok, type Result } from "#model/result.ts";
import { openServer, type Server } from "./ask-server.ts";
import { exitCodes } from "./exit-codes.ts";
import { analysesAnswer, reportAnswer, servicesAnswer } from "./status-answers.ts";
import { analysesText, reportText, servicesText } from "./status-text.ts";
import type { Terminal } from "./terminal.ts";

export interface StatusRequest {
  /** Null: all analyses and services. */
  readonly id: string | null;
  readonly watch: boolean;
  readonly url: string;
  readonly token: string | null;
  readonly output: "text" | "json";
}

/** Time between two questions of a watch. A poll computes nothing on the server. */
const watchEveryMs = 1000;

interface Shown {
  readonly text: string;
  readonly ended: boolean;
}

async function ask<S extends z.ZodType>(
  server: Server,
  path: string,
  schema: S,
): Promise<Result<z.output<S>, string>> {
  const answer = await server.get(path);
  if (!answer.ok) return answer;
  const parsed = schema.safeParse(answer.value);
  return parsed.success ? ok(parsed.data) : err(`${path} answered in a form that this version does not know`);
}

function json(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}

async function look(server: Server, { id, output }: StatusRequest): Promise<Result<Shown, string>> {
  if (id !== null) {
    const path = `/v1/analyses/${encodeURIComponent(id)}`;
    if (output === "json") {
      const raw = await server.get(path);
      if (!raw.ok) return raw;
      return ok({ text: json(raw.value), ended: reportAnswer.safeParse(raw.value).data?.state === "ended" });
    }
    const report = await ask(server, path, reportAnswer);
    if (!report.ok) return report;
    return ok({ text: reportText(report.value), ended: report.value.state === "ended" });
  }
  if (output === "json") {
    const [analyses, services] = [await server.get("/v1/analyses"), await server.get("/v1/services")];
    if (!analyses.ok) return analyses;
    if (!services.ok) return services;
    return ok({ text: json({ ...Object(analyses.value), ...Object(services.value) }), ended: false });
  }
  const analyses = await ask(server, "/v1/analyses", analysesAnswer);
  if (!analyses.ok) return analyses;
  const services = await ask(server, "/v1/services", servicesAnswer);
  if (!services.ok) return services;
  return ok({
    text: `${analysesText(analyses.value.analyses)}\n${servicesText(services.value)}`,
    ended: false,
  });
}

/** Prints what a server says once, or at every change until the analysis ends or the terminal asks to stop. */
export async function showStatus(request: StatusRequest, terminal: Terminal): Promise<number> {
  const opened = openServer(request.url, request.token);
  if (!opened.ok) {
    terminal.error(`haldane: ${opened.error}\n`);
    return exitCodes.usage;
  }
  const server = opened.value;
  const stop = new AbortController();
  if (request.watch) {
    void terminal.stopRequested().then(() => {
      stop.abort();
    });
  }
  try {
    let last = "";
    for (;;) {
      const shown = await look(server, request);
      if (!shown.ok) {
        terminal.error(`haldane: ${shown.error}\n`);
        return exitCodes.internal;
      }
      if (shown.value.text !== last)
        terminal.out(last === "" || request.output === "json" ? shown.value.text : `\n${shown.value.text}`);
      last = shown.value.text;
      if (!request.watch || shown.value.ended) return exitCodes.done;
      await pause(watchEveryMs, undefined, { signal: stop.signal }).catch(() => undefined);
      if (stop.signal.aborted) return exitCodes.done;
    }
  } finally {
    await server.close();
  }
}
