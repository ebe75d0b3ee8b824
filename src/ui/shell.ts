import type { Instant } from "#model/time.ts";
import { html, type Markup } from "./html.ts";
import { moment } from "./moments.ts";

/** Digests in the addresses of script and style, so that both can be cached for good. */
export interface Assets {
  readonly style: string;
  readonly live: string;
}

export interface PageParts {
  readonly title: string;
  /** Where the page's content alone is fetched, and where its events come from. */
  readonly fragment: string;
  readonly events: string;
  readonly main: Markup;
  readonly now: Instant;
}

/** The whole document around a page's content. */
export function renderShell({ title, fragment, events, main, now }: PageParts, assets: Assets): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title}</title>
        <link rel="icon" href="data:," />
        <link rel="stylesheet" href="/ui/style.css?v=${assets.style}" />
        <script src="/ui/live.js?v=${assets.live}" defer></script>
      </head>
      <body data-fragment="${fragment}" data-events="${events}">
        <a class="skip" href="#main">Skip to content</a>
        <header class="top">
          <a class="brand" href="/">Haldane</a>
          <p id="live" class="soft">As of ${moment(now, now)}</p>
        </header>
        <p id="lost" class="notice bad" role="alert" hidden></p>
        <main id="main" tabindex="-1">${main}</main>
        <p id="spoken" class="hidden" role="status"></p>
      </body>
    </html> `.text;
}
