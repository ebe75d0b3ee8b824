import { createHash } from "node:crypto";
import { Hono, type Context } from "hono";
import type { Asking } from "#engine/asking.ts";
import type { Clock } from "#engine/ports.ts";
import { renderAnalysisContent, renderAnalysisPage } from "./analysis-page.ts";
import { renderHomeContent, renderHomePage, type Overview } from "./home-page.ts";
import { html } from "./html.ts";
import { liveScript } from "./live-script.ts";
import { renderShell, type Assets } from "./shell.ts";
import { styleSheet } from "./style-sheet.ts";

/** Most analyses on the front page, newest first. */
const listedOnPage = 100;

/** Only the pages' own style and script, and nothing inline. */
const policy =
  "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 12);
}

export const pageAssets: Assets = { style: digest(styleSheet), live: digest(liveScript) };

function overviewOf(asking: Asking): Overview {
  const analyses = asking.list({ service: null, environment: null, open: null, limit: listedOnPage });
  return { analyses, services: asking.services() };
}

function page(c: Context, text: string, status: 200 | 404 = 200): Response {
  return c.html(text, status, { "Content-Security-Policy": policy, "Cache-Control": "no-store" });
}

function asset(c: Context, text: string, type: string): Response {
  return c.body(text, 200, {
    "Content-Type": `${type}; charset=utf-8`,
    "Cache-Control": "public, max-age=31536000, immutable",
  });
}

function absent(id: string, now: number): string {
  const main = html`<h1 class="plain-title">There is no such analysis</h1>
    <p class="empty">Nothing is known under “${id}”. <a href="/">All analyses</a></p>`;
  return renderShell({ title: "Not found – Haldane", fragment: "", events: "", main, now }, pageAssets);
}

/** The pages as a Hono application, to be mounted at the root beside the API, whose event stream they listen to. */
export function createPages(asking: Asking, clock: Clock): Hono {
  const app = new Hono();
  app.get("/", (c) => page(c, renderHomePage(overviewOf(asking), clock.now(), pageAssets)));
  app.get("/fragment", (c) => page(c, renderHomeContent(overviewOf(asking), clock.now()).text));
  app.get("/analyses/:id", (c) => {
    const id = c.req.param("id");
    const report = asking.report(id);
    if (report === null) return page(c, absent(id, clock.now()), 404);
    return page(c, renderAnalysisPage(report, clock.now(), pageAssets));
  });
  app.get("/analyses/:id/fragment", (c) => {
    const report = asking.report(c.req.param("id"));
    if (report === null) return page(c, "", 404);
    return page(c, renderAnalysisContent(report, clock.now()).text);
  });
  app.get("/ui/style.css", (c) => asset(c, styleSheet, "text/css"));
  app.get("/ui/live.js", (c) => asset(c, liveScript, "text/javascript"));
  return app;
}
