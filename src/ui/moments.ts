import { formatDuration, formatInstant, type Instant } from "#model/time.ts";
import { html, type Markup } from "./html.ts";

/** The time of day in UTC, with the date where it is not today's. */
export function sayMoment(at: Instant, now: Instant): string {
  const text = formatInstant(at);
  const clock = `${text.slice(11, 19)} UTC`;
  return text.slice(0, 10) === formatInstant(now).slice(0, 10) ? clock : `${text.slice(0, 10)} ${clock}`;
}

export function moment(at: Instant, now: Instant): Markup {
  return html`<time datetime="${formatInstant(at)}">${sayMoment(at, now)}</time>`;
}

/** "12 s ago", or "now" for what lies ahead by a clock's difference. */
export function sayAge(at: Instant, now: Instant): string {
  return now <= at ? "now" : `${formatDuration(now - at)} ago`;
}
