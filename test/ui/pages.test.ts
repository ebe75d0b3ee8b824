import { describe, expect, it } from "vitest";
import { richNow, richReport, richServices, otherReports } from "#test/support/rich-report.ts";
import { createFakeAsking } from "#test/support/fake-asking.ts";
import { drawWeights, sayWeight } from "#ui/draw-weights.ts";
import { renderAnalysisPage } from "#ui/analysis-page.ts";
import { renderHomePage } from "#ui/home-page.ts";
import { createPages, pageAssets } from "#ui/pages.ts";

const hostile = `"><script>alert(1)</script><img src=x onerror='alert(2)'>`;

/** Every text of a value replaced, whatever its place: what telemetry could bring. */
function poisoned<T>(value: T, keep: ReadonlySet<string>): T {
  const walk = (one: unknown, key: string): unknown => {
    if (typeof one === "string") return keep.has(key) ? one : hostile;
    if (Array.isArray(one)) return one.map((entry) => walk(entry, key));
    if (typeof one !== "object" || one === null) return one;
    return Object.fromEntries(Object.entries(one).map(([name, entry]) => [name, walk(entry, name)]));
  };
  return walk(value, "") as T;
}

const words = new Set(["word", "phase", "as", "mode", "kind", "conclusion", "status", "code", "unit"]);

function expectHarmless(text: string): void {
  expect(text).toContain("&lt;script&gt;");
  expect(text.match(/<script/g)).toHaveLength(1);
  expect(text).not.toContain("<img");
  expect(text).not.toMatch(/\son\w+=["']/);
}

describe("the page of an analysis", () => {
  const text = renderAnalysisPage(richReport(), richNow, pageAssets);
  const plain = text.replace(/\s+/g, " ");

  it("begins with the verdict, its reason and what is done about it", () => {
    const order = ["Rollback <span", 'class="reason"', "the router has not confirmed yet", 'id="signals"'];
    const places = order.map((part) => plain.indexOf(part));
    expect(places.every((place) => place > 0)).toBe(true);
    expect(places).toEqual([...places].sort((a, b) => a - b));
  });

  it("shows harm first, and every finding once", () => {
    const names = [...plain.matchAll(/<span class="name">([^<]*)</g)].map(([, name]) => name);
    expect(names[0]).toBe("errors POST /pay");
    expect(names[1]).toBe("log pattern 9c24c6acab453816");
    expect(names.slice(2, 5)).toEqual(["latency p50", "errors", "latency p95"]);
    expect([...names].sort()).toEqual(
      richReport()
        .analysis.findings.map(({ signal }) => signal)
        .sort(),
    );
  });

  it("shows both rates with requests and instances, the margin's reason, and the failing command", () => {
    for (const part of ["2.1 %", "7,312 requests", "6 instances", "widened from 1.5", "ECONNREFUSED"]) {
      expect(plain).toContain(part);
    }
  });

  it("runs no text of telemetry", () => {
    expectHarmless(renderAnalysisPage(poisoned(richReport(), words), richNow, pageAssets));
  });

  it("has unique ids, and every reference to one is kept", () => {
    const ids = [...text.matchAll(/\sid="([^"]*)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const references = [...text.matchAll(/aria-labelledby="([^"]*)"/g)].flatMap(([, list = ""]) =>
      list.split(" "),
    );
    expect(references.filter((id) => !ids.includes(id))).toEqual([]);
  });

  it("has nothing inline that the content policy would refuse", () => {
    expect(text).not.toMatch(/\sstyle="|<style/);
    expect(text).not.toMatch(/<script(?![^>]*\ssrc=)/);
  });

  it("says when the verdict is past its time, and not once the analysis has ended", () => {
    const late = richNow + 600_000;
    expect(renderAnalysisPage(richReport(), late, pageAssets)).toContain("This verdict is old.");
    const ended = richReport({ phase: { phase: "ended", as: "rolledBack", since: richNow } });
    expect(renderAnalysisPage(ended, late, pageAssets)).not.toContain("This verdict is old.");
  });

  it("says beside the verdict what it asks of the reader", () => {
    expect(plain).toContain('<p class="means">take the canary back</p>');
  });

  it("tells of steps and of a plan only where traffic is moved", () => {
    const phase = { phase: "watching", step: 0, since: richNow } as const;
    const acting = renderAnalysisPage(richReport({ phase }), richNow, pageAssets);
    const reporting = renderAnalysisPage(
      richReport({ phase, mode: "report", weights: [] }),
      richNow,
      pageAssets,
    );
    expect(acting).toMatch(/watching step 1 of \d/);
    expect(acting).toContain("Plan: ");
    expect(reporting).not.toMatch(/watching step|Plan: /);
  });

  it("shows traffic that is not split as it was set apart from harm, in percent", () => {
    const split = richReport().analysis.findings.find(({ kind }) => kind === "split")!;
    const unit = "share of traffic";
    const off = {
      ...split,
      conclusion: "worse" as const,
      canary: { ...split.canary, unit },
      baseline: { ...split.baseline, unit },
    };
    const page = renderAnalysisPage(richReport({ findings: [off] }), richNow, pageAssets);
    expect(page).toContain('id="group-split"');
    expect(page).not.toContain('id="group-harm"');
    expect(page).toContain("<b>25 %</b>");
    expect(page).not.toContain(unit);
  });

  it("says where the ratio lies though the baseline shows 0, and that two zeros have none", () => {
    const worst = richReport().analysis.findings.find(({ signal }) => signal === "errors POST /pay")!;
    const zero = { ...worst.baseline, value: 0 };
    const open = { ...worst, effect: null, interval: [1.82, 148] as const, baseline: zero };
    const both = { ...open, interval: null, canary: { ...worst.canary, value: 0 } };
    const shown = (finding: typeof worst) =>
      renderAnalysisPage(richReport({ findings: [finding] }), richNow, pageAssets);
    expect(shown(open)).toMatch(/<b>at least 1\.82x<\/b\s*>/);
    expect(shown(open)).not.toContain("nothing to compare yet");
    expect(shown(both)).toContain("no ratio, as both sides show 0");
  });

  it("stands without findings, history, commands or weights", () => {
    const bare = {
      ...richReport({ findings: [], weights: [] }),
      history: [],
      commands: [],
      intervals: [],
      steps: [],
      notes: [],
      score: null,
      forecast: null,
    };
    const page = renderAnalysisPage(bare, richNow, pageAssets);
    expect(page).toContain("Nothing has been compared yet.");
    expect(page).toContain("No weight has been asked for yet.");
  });
});

describe("the drawing of weights", () => {
  it("draws the plan ahead while there is one, and none after the end", () => {
    const weights = richReport()
      .analysis.weights.slice(0, 2)
      .map((span, index) => (index === 1 ? { ...span, to: null } : span));
    const watching = richReport({
      terminal: null,
      weights,
      phase: { phase: "watching", step: 1, since: richNow - 60_000 },
    });
    expect(drawWeights(watching, richNow)?.text).toContain('class="plan"');
    expect(sayWeight(watching, richNow)).toMatch(/^25 % of the traffic goes to the canary/);
    expect(drawWeights(richReport(), richNow)?.text).not.toContain('class="plan"');
    expect(sayWeight(richReport(), richNow)).toMatch(/^0 %/);
  });
});

describe("the front page", () => {
  const overview = {
    analyses: [richReport(), ...otherReports()].map(({ analysis }) => analysis),
    services: richServices(),
  };

  it("tells why no analysis is open and what was not attributed", () => {
    const text = renderHomePage(overview, richNow, pageAssets);
    expect(text).toContain("only one version sends telemetry");
    expect(text).toContain("set OTEL_SERVICE_NAME");
    expect(text).toContain("Without a service name");
    expect(text.indexOf('id="open"')).toBeLessThan(text.indexOf('id="ended"'));
  });

  it("says what to do when nothing has come yet", () => {
    expect(renderHomePage({ analyses: [], services: [] }, richNow, pageAssets)).toContain(
      "OTEL_EXPORTER_OTLP_ENDPOINT",
    );
  });

  it("runs no text of telemetry", () => {
    expectHarmless(renderHomePage(poisoned(overview, words), richNow, pageAssets));
  });
});

describe("the served pages", () => {
  function served() {
    const asking = createFakeAsking();
    asking.put(richReport());
    asking.setServices(richServices());
    return createPages(asking, { now: () => richNow });
  }

  it.each(["/", "/fragment", "/analyses/an-rich", "/analyses/an-rich/fragment"])(
    "%s is HTML under a strict policy",
    async (path) => {
      const answer = await served().request(path);
      expect(answer.status).toBe(200);
      expect(answer.headers.get("content-type")).toContain("text/html");
      expect(answer.headers.get("content-security-policy")).toContain("script-src 'self'");
      expect(answer.headers.get("content-security-policy")).not.toContain("unsafe");
      expect(answer.headers.get("cache-control")).toBe("no-store");
    },
  );

  it("the fragment is what the page holds, so that a live update changes nothing else", async () => {
    const pages = served();
    const fragment = await (await pages.request("/analyses/an-rich/fragment")).text();
    expect(await (await pages.request("/analyses/an-rich")).text()).toContain(fragment);
  });

  it("script and style are cached under an address that follows their content", async () => {
    for (const path of [`/ui/style.css?v=${pageAssets.style}`, `/ui/live.js?v=${pageAssets.live}`]) {
      expect((await served().request(path)).headers.get("cache-control")).toContain("immutable");
    }
    expect(await (await served().request("/")).text()).toContain(`/ui/live.js?v=${pageAssets.live}`);
  });

  it("an analysis that is not there is a page that says so, with status 404 and no script's text", async () => {
    const answer = await served().request(`/analyses/${encodeURIComponent(hostile)}`);
    expect(answer.status).toBe(404);
    expectHarmless(await answer.text());
    expect((await served().request("/analyses/none/fragment")).status).toBe(404);
  });
});
