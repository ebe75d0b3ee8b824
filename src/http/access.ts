import { createHash, timingSafeEqual } from "node:crypto";
import type { Context, MiddlewareHandler } from "hono";
import { problem } from "./problem.ts";

/** Paths that a supervisor asks without credentials. */
const openPaths: ReadonlySet<string> = new Set(["/livez", "/readyz"]);
const readingMethods: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

export interface Access {
  readonly token: string | null;
  /** Whether the listener is bound to loopback only. */
  readonly loopback: boolean;
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

/** The secret that a request carries: a bearer token, or the password of Basic, which is how a browser asks for one. */
function sentSecret(authorization: string, reading: boolean): string | null {
  const [, scheme = "", value = ""] = /^(\S+) +(\S+) *$/.exec(authorization) ?? [];
  if (scheme.toLowerCase() === "bearer") return value;
  // A browser adds Basic to requests that other sites cause, so it may read and never change.
  if (scheme.toLowerCase() !== "basic" || !reading) return null;
  const decoded = Buffer.from(value, "base64").toString("utf8");
  return decoded.slice(decoded.indexOf(":") + 1);
}

function isLoopbackName(c: Context): boolean {
  const { hostname } = new URL(c.req.url);
  return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(hostname);
}

/** Why a change is refused although no token is asked for, or null. A page of another site can reach loopback under its own name. */
function refusalWithoutToken(c: Context, loopback: boolean): string | null {
  if (!loopback) {
    return "Haldane listens beyond loopback and has no token, so it serves reads only. Set listen.token in haldane.yaml (a reference to an environment variable or a file), or listen on 127.0.0.1.";
  }
  if (!isLoopbackName(c)) {
    return "Without a token, changes are taken only under a loopback name (localhost, 127.0.0.1, [::1]). Use one of these, or set listen.token in haldane.yaml.";
  }
  return null;
}

/**
 * Who may ask: with a token every route but the two probes needs it (compared in constant time);
 * without one reads are open, and changes are taken over loopback only.
 */
export function createAccess({ token, loopback }: Access): MiddlewareHandler {
  if (token === "") throw new Error("the token is empty; give one, or null for none");
  const expected = token === null ? null : digest(token);
  return async (c, next) => {
    if (openPaths.has(c.req.path)) return next();
    const reading = readingMethods.has(c.req.method);
    if (expected === null) {
      const refusal = reading ? null : refusalWithoutToken(c, loopback);
      return refusal === null ? next() : problem(c, "read-only", { detail: refusal });
    }
    const secret = sentSecret(c.req.header("authorization") ?? "", reading);
    if (secret !== null && timingSafeEqual(digest(secret), expected)) return next();
    c.header("WWW-Authenticate", 'Bearer realm="haldane"');
    if (reading && (c.req.header("accept") ?? "").includes("text/html")) {
      c.header("WWW-Authenticate", 'Basic realm="haldane", charset="UTF-8"', { append: true });
    }
    return problem(c, "unauthorized", {
      detail:
        "Send the header 'Authorization: Bearer <token>' with the token of this Haldane (listen.token).",
    });
  };
}
