import type { AnalysisReport } from "#engine/asking.ts";
import type { Analysis, IntervalPoint } from "#model/analysis.ts";
import type { CommandRecord } from "#model/command.ts";
import { sayNumber } from "#engine/wording.ts";
import type { Instant } from "#model/time.ts";
import { drawWeights, sayPlan, sayWeight } from "./draw-weights.ts";
import { html, type Markup, type Piece } from "./html.ts";
import { moment } from "./moments.ts";
import { renderShell, type Assets } from "./shell.ts";
import { signalSections } from "./signal-rows.ts";
import { verdictTones } from "./tones.ts";

const endings = {
  promoted: "promoted",
  rolledBack: "rolled back",
  reported: "reported",
  superseded: "superseded",
} as const;

/** Steps are numbered only where there is a climb. What holds it is left out where the action says it already. */
function sayPhase({ phase, action }: Analysis, steps: number | null): string {
  switch (phase.phase) {
    case "moving":
      return steps === null ? "starting" : `moving to step ${phase.step + 1} of ${steps}`;
    case "watching":
      return steps === null ? "watching" : `watching step ${phase.step + 1} of ${steps}`;
    case "held":
      return action.text.includes(phase.why) ? "held" : `held: ${phase.why}`;
    case "ending":
      return `ending, ${endings[phase.as]}`;
    case "ended":
      return `ended, ${endings[phase.as]}`;
  }
}

function sayOpener(openedBy: string): string {
  if (openedBy === "auto") return "by itself";
  return openedBy === "api" ? "through the API" : `by ${openedBy}`;
}

function fact(name: string, value: Piece): Markup {
  return html`<div>
    <dt>${name}</dt>
    <dd>${value}</dd>
  </div>`;
}

function facts({ analysis, steps, score }: AnalysisReport, now: Instant): Markup {
  const phase = sayPhase(analysis, analysis.mode === "report" ? null : steps.length);
  return html`<dl class="facts">
    ${fact("Canary", analysis.canary.label)}${fact("Baseline", analysis.baseline.label)}
    ${fact("Phase", [phase, html` <span class="soft">since ${moment(analysis.phase.since, now)}</span>`])}
    ${fact("Last look", moment(analysis.verdict.at, now))}
    ${fact("Opened", [moment(analysis.opened, now), html` <span class="soft">${sayOpener(analysis.openedBy)}</span>`])}
    ${fact("Policy", `${analysis.policy}, version ${analysis.policyVersion}`)}
    ${score === null ? null : fact("Score", [`${score} of 100`, html` <span class="soft">50 = nothing known; it decides nothing</span>`])}
    ${fact("Attempt", analysis.attempt)} ${fact("Controller", analysis.controller ?? "none, report only")}
  </dl>`;
}

function staleNotice({ analysis }: AnalysisReport, now: Instant): Markup | null {
  if (analysis.phase.phase === "ended" || now <= analysis.verdict.validUntil) return null;
  return html`<p class="notice unsure">
    <b>This verdict is old.</b> It was valid until ${moment(analysis.verdict.validUntil, now)}: hold, do not
    go on.
  </p>`;
}

function hero(report: AnalysisReport, now: Instant): Markup {
  const { analysis, forecast } = report;
  const { verdict, action } = analysis;
  const { tone, sign, label, means } = verdictTones[verdict.word];
  const [first, ...others] = verdict.reasons;
  const plan = analysis.mode === "report" ? "" : sayPlan(report);
  return html`<section class="hero ${tone}" aria-labelledby="verdict">
    <div class="lead">
      <h1>
        <span class="service">${analysis.service}</span>
        <span class="soft">${analysis.environment === "" ? "no environment" : analysis.environment}</span>
      </h1>
      <p id="verdict" class="verdict" data-spoken="${analysis.service}: ${label}. ${first?.text ?? ""}">
        <span aria-hidden="true">${sign}</span> ${label}
        <span class="final">${verdict.terminal ? "final" : "so far"}</span>
      </p>
      <p class="means">${means}</p>
      <p class="reason">${first?.text ?? "No reason was given."}</p>
      ${
        others.length === 0
          ? null
          : html`<ul class="others">
              ${others.map(({ text }) => html`<li>${text}</li>`)}
            </ul>`
      }
      <p class="action"><b>Action</b> ${action.text}</p>
      ${forecast === null ? null : html`<p class="soft">${forecast.text}</p>`}
    </div>
    <div class="weight">
      <h2>Traffic</h2>
      ${drawWeights(report, now)}
      <p>${sayWeight(report, now)}</p>
      ${plan === "" ? null : html`<p class="soft">${plan}</p>`}
    </div>
  </section>`;
}

function historySection({ history }: AnalysisReport, now: Instant): Markup {
  if (history.length === 0) return html``;
  const rows = [...history].reverse().map(
    ({ at, word, text, actor }) =>
      html`<li>
        <span class="soft">${moment(at, now)}</span> <b>${word}</b> <span>${text}</span>
        <span class="soft">${actor}</span>
      </li>`,
  );
  return html`<section aria-labelledby="history">
    <h2 id="history">History</h2>
    <ol class="history">
      ${rows}
    </ol>
  </section>`;
}

const commandTones: Readonly<Record<CommandRecord["status"], string>> = {
  pending: "busy",
  sent: "busy",
  acknowledged: "busy",
  confirmed: "good",
  superseded: "unsure",
  rejected: "bad",
};

function commandRow(
  { command, status, attempts, createdAt, lastError }: CommandRecord,
  now: Instant,
): Markup {
  return html`<tr role="row">
    <td role="cell">${moment(createdAt, now)}</td>
    <th role="rowheader" scope="row">${command.kind}</th>
    <td role="cell">${sayNumber(command.canaryWeight)} %</td>
    <td role="cell">
      <span class="badge ${commandTones[status]}">${status}</span
      >${attempts > 1 ? html` <span class="soft">${attempts} tries</span>` : null}${lastError === null ? null : html`<br /><span class="error">${lastError}</span>`}
    </td>
    <td role="cell">${command.reason}</td>
  </tr>`;
}

function commandSection({ commands }: AnalysisReport, now: Instant): Markup {
  if (commands.length === 0) return html``;
  const newest = [...commands].sort((a, b) => b.command.generation - a.command.generation);
  return html`<section aria-labelledby="commands">
    <h2 id="commands">Commands</h2>
    <div class="scroll" tabindex="0" role="region" aria-labelledby="commands">
      <table role="table" class="plain commands">
        <thead role="rowgroup">
          <tr role="row">
            <th role="columnheader" scope="col">Asked</th>
            <th role="columnheader" scope="col">Command</th>
            <th role="columnheader" scope="col">Canary</th>
            <th role="columnheader" scope="col">Status</th>
            <th role="columnheader" scope="col">Reason</th>
          </tr>
        </thead>
        <tbody role="rowgroup">
          ${newest.map((record) => commandRow(record, now))}
        </tbody>
      </table>
    </div>
  </section>`;
}

function bySignal(points: readonly IntervalPoint[]): ReadonlyMap<string, readonly IntervalPoint[]> {
  const sorted = new Map<string, IntervalPoint[]>();
  for (const point of points) {
    const list = sorted.get(point.signal);
    if (list === undefined) sorted.set(point.signal, [point]);
    else list.push(point);
  }
  return sorted;
}

const legend =
  "The band is where the ratio of canary to baseline lies; 1.0x is no difference. Harm is shown once the whole band lies above the tolerance, and a signal is proven not worse once it lies below the margin. Errors are also proven good enough, whatever their ratio, where the canary's share lies below the policy's ceiling.";

/** What changes on the page: verdict and why on top, then the traffic, the signals, and what was done. */
export function renderAnalysisContent(report: AnalysisReport, now: Instant): Markup {
  const { analysis, notes, policyText } = report;
  const context = { intervals: bySignal(report.intervals), now };
  return html`${staleNotice(report, now)} ${hero(report, now)} ${facts(report, now)}
    <section aria-labelledby="signals">
      <h2 id="signals">Signals</h2>
      ${analysis.findings.length === 0 ? html`<p class="empty">Nothing has been compared yet.</p>` : html`<p class="soft legend">${legend}</p>`}
      ${signalSections(analysis.findings, context)}
    </section>
    ${historySection(report, now)} ${commandSection(report, now)}
    <section aria-labelledby="policy">
      <h2 id="policy">Policy and notes</h2>
      ${
        notes.length === 0
          ? null
          : html`<ul class="notes">
              ${notes.map((note) => html`<li>${note}</li>`)}
            </ul>`
      }
      <details id="fold-policy">
        <summary>Policy ${analysis.policy}, version ${analysis.policyVersion}</summary>
        <pre tabindex="0">${policyText}</pre>
      </details>
    </section>`;
}

/** The page of one analysis: why, in ten seconds. */
export function renderAnalysisPage(report: AnalysisReport, now: Instant, assets: Assets): string {
  const { analysis } = report;
  const path = encodeURIComponent(analysis.id);
  return renderShell(
    {
      title: `${verdictTones[analysis.verdict.word].label}: ${analysis.service} ${analysis.canary.label} – Haldane`,
      fragment: `/analyses/${path}/fragment`,
      events: `/v1/events?analysis=${path}`,
      main: renderAnalysisContent(report, now),
      now,
    },
    assets,
  );
}
