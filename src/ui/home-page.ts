import type { ServiceView, VersionView } from "#engine/asking.ts";
import type { Analysis } from "#model/analysis.ts";
import { sayCount, sayNumber } from "#engine/wording.ts";
import type { Instant } from "#model/time.ts";
import { html, type Markup } from "./html.ts";
import { moment, sayAge } from "./moments.ts";
import { renderShell, type Assets } from "./shell.ts";
import { verdictTones } from "./tones.ts";

export interface Overview {
  /** Newest first. */
  readonly analyses: readonly Analysis[];
  readonly services: readonly ServiceView[];
}

function sayEnvironment(environment: string): string {
  return environment === "" ? "no environment" : environment;
}

function weightBar({ weights, mode }: Analysis): Markup {
  const weight = weights.at(-1)?.canaryWeight;
  if (mode === "report" || weight === undefined) return html`<p class="soft">report only</p>`;
  const width = Math.min(Math.max(weight, 0), 100);
  return html`<p>${sayNumber(weight)} % <span class="soft">of the traffic</span></p>
    <svg class="bar" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
      <rect class="whole" width="100" height="4" />
      <rect class="part" width="${width}" height="4" />
    </svg>`;
}

function analysisItem(analysis: Analysis, now: Instant): Markup {
  const { verdict, action } = analysis;
  const { tone, sign, label } = verdictTones[verdict.word];
  const state = analysis.phase.phase === "ended" ? "ended" : analysis.phase.phase;
  return html`<li class="card ${tone}">
    <p class="word"><span aria-hidden="true">${sign}</span> ${label} <span class="final">${state}</span></p>
    <div class="about">
      <h3>
        <a href="/analyses/${encodeURIComponent(analysis.id)}">${analysis.service}</a>
        <span class="soft">${sayEnvironment(analysis.environment)}</span>
      </h3>
      <p class="arms">
        ${analysis.canary.label}
        <span class="soft">against ${analysis.baseline.label}, opened</span> ${moment(analysis.opened, now)}
      </p>
      <p class="why">${verdict.reasons[0]?.text ?? ""}</p>
      <p class="soft">${action.text}</p>
    </div>
    <div class="weight">${weightBar(analysis)}</div>
  </li>`;
}

function analysisSection(title: string, id: string, analyses: readonly Analysis[], now: Instant): Markup {
  if (analyses.length === 0) return html``;
  return html`<section aria-labelledby="${id}">
    <h2 id="${id}">${title} <span class="count">${analyses.length}</span></h2>
    <ul class="cards">
      ${analyses.map((analysis) => analysisItem(analysis, now))}
    </ul>
  </section>`;
}

function versionRow(version: VersionView, now: Instant): Markup {
  const aliases = version.aliases.filter(({ value }) => value !== version.label);
  return html`<tr>
    <th scope="row">
      ${version.label}${aliases.map(({ kind, value }) => html`<br /><span class="soft">${kind} ${value}</span>`)}
    </th>
    <td>
      ${sayNumber(version.instances)}${version.unidentifiedInstances ? html`<br /><span class="soft">no instance identity</span>` : null}
    </td>
    <td>${sayNumber(version.requestsLastMinute)}</td>
    <td>${sayAge(version.lastSeen, now)}</td>
    <td class="names">${version.signals.join(", ")}</td>
  </tr>`;
}

function versionTable(versions: readonly VersionView[], now: Instant, label: string): Markup {
  if (versions.length === 0) return html``;
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${label}">
    <table class="plain">
      <thead>
        <tr>
          <th scope="col">Version</th>
          <th scope="col">Instances</th>
          <th scope="col">Requests/min</th>
          <th scope="col">Last seen</th>
          <th scope="col" class="names">Signals</th>
        </tr>
      </thead>
      <tbody>
        ${versions.map((version) => versionRow(version, now))}
      </tbody>
    </table>
  </div>`;
}

function serviceItem(view: ServiceView, now: Instant): Markup {
  const name = view.service === "" ? "Without a service name" : view.service;
  const { openAnalyses } = view;
  return html`<article class="service-card">
    <h3>${name} <span class="soft">${sayEnvironment(view.environment)}</span></h3>
    ${view.whyNoAnalysis === null ? null : html`<p>No analysis is open: ${view.whyNoAnalysis}.</p>`}
    ${openAnalyses.length === 0 ? null : html`<p>Open: ${openAnalyses.map((id, index) => html`${index === 0 ? "" : ", "}<a href="/analyses/${encodeURIComponent(id)}">${id}</a>`)}</p>`}
    ${versionTable(view.versions, now, `Versions of ${name}`)}
    ${
      view.tallies.length === 0
        ? null
        : html`<ul class="tallies">
            ${view.tallies.map((tally) => html`<li><b>${sayNumber(tally.count)}</b> <code>${tally.name}</code> <span>${tally.why}</span></li>`)}
          </ul>`
    }
  </article>`;
}

const emptyText = html`<p class="empty">
  No telemetry has come yet. Point an OTLP/HTTP exporter at Haldane: set
  <code>OTEL_EXPORTER_OTLP_ENDPOINT</code> to its OTLP port, and <code>OTEL_SERVICE_NAME</code> and
  <code>service.version</code> on your services.
</p>`;

/** What changes on the front page. */
export function renderHomeContent({ analyses, services }: Overview, now: Instant): Markup {
  const open = analyses.filter(({ phase }) => phase.phase !== "ended");
  const ended = analyses.filter(({ phase }) => phase.phase === "ended");
  const summary = `${open.length === 1 ? "1 analysis" : `${open.length} analyses`} open, ${sayCount(services.length, "service")} seen`;
  return html`<h1 class="plain-title">Releases <span class="soft">${summary}</span></h1>
    ${analyses.length === 0 ? html`<p class="empty">No analysis has been opened. One opens by itself when two versions of a service send telemetry at once.</p>` : null}
    ${analysisSection("Open", "open", open, now)} ${analysisSection("Ended", "ended", ended, now)}
    <section aria-labelledby="services">
      <h2 id="services">Services</h2>
      ${services.length === 0 ? emptyText : services.map((view) => serviceItem(view, now))}
    </section>`;
}

/** The front page: analyses and services. */
export function renderHomePage(overview: Overview, now: Instant, assets: Assets): string {
  return renderShell(
    {
      title: "Releases – Haldane",
      fragment: "/fragment",
      events: "/v1/events",
      main: renderHomeContent(overview, now),
      now,
    },
    assets,
  );
}
