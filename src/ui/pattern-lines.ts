import type { Finding, PatternLine, PatternShown } from "#model/finding.ts";
import type { Instant } from "#model/time.ts";
import { html, type Markup } from "./html.ts";
import { moment } from "./moments.ts";

function lineItem({ at, instance, traceId, line }: PatternLine, now: Instant): Markup {
  return html`<li>
    <span class="soft"
      >${moment(at, now)}${instance === "" ? null : html` on ${instance}`}${traceId === null ? null : html`, trace <code>${traceId}</code>`}</span
    >
    <pre tabindex="0">${line}</pre>
  </li>`;
}

/** What a log pattern says, beside the sentence of its finding: template, example lines, and why it weighs what it does. */
export function patternBlock(pattern: PatternShown, now: Instant): Markup {
  const { template, failures, exception, lines, weighed, firstSeen } = pattern;
  const named = [...(exception === null ? [] : [exception]), ...failures];
  return html`<div class="pattern">
    <pre tabindex="0">${template}</pre>
    <p class="soft">
      First seen ${moment(firstSeen, now)}${named.length === 0 ? null : html`; ${named.join(", ")}`}.
      ${weighed}.
    </p>
    ${
      lines.length === 0
        ? null
        : html`<p class="soft">Lines of the ${lines[0]?.arm ?? "canary"}, redacted:</p>
            <ol class="lines">
              ${lines.map((line) => lineItem(line, now))}
            </ol>`
    }
  </div>`;
}

/** Where there is no ratio because one side never shows the pattern; null for any other finding. */
export function sayOneSided({ pattern }: Finding): string | null {
  if (pattern?.change === "new") return "new: the baseline never shows it";
  return pattern?.change === "gone" ? "gone: the canary never shows it" : null;
}
