import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createPages } from "#ui/pages.ts";
import { chromiumPath, openTab, type Screen, type Tab } from "#test/support/chromium.ts";
import { createFakeApi, type FakeApi } from "#test/support/fake-api.ts";
import { listening } from "#test/support/listening.ts";
import { otherReports, richNow, richReport, richServices } from "#test/support/rich-report.ts";

const inCi = process.env["CI"] !== undefined;
if (chromiumPath === null && !inCi) {
  console.warn(
    "SKIPPED: the pages were not looked at in a browser: no Chromium here; set CHROMIUM to its path",
  );
}

const live = "document.getElementById('live').textContent.startsWith('Live')";
const screens: readonly Screen[] = [1280, 360].flatMap((width) =>
  (["light", "dark"] as const).map((scheme) => ({ width, height: 800, scheme })),
);

/** Contrast of each text on its background after WCAG 2, for every element that holds text; the failures. */
const lowContrast = `(() => {
  const parse = (color) => (color.match(/[\\d.]+/g) ?? []).map(Number);
  const luminance = (rgb) => {
    const [r, g, b] = rgb.map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const background = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const [r, g, b, a = 1] = parse(getComputedStyle(at).backgroundColor);
      if (a > 0) return [r, g, b];
    }
    return [255, 255, 255];
  };
  const holdsText = (element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== "");
  const shown = [...document.querySelectorAll("body *")].filter((one) => holdsText(one) && one.checkVisibility());
  return shown.flatMap((element) => {
    const style = getComputedStyle(element);
    const color = parse(element instanceof SVGElement ? style.fill : style.color).slice(0, 3);
    const [high, low] = [luminance(color), luminance(background(element))].sort((a, b) => b - a);
    const ratio = (high + 0.05) / (low + 0.05);
    return ratio < 4.5 ? [element.textContent.trim().slice(0, 40) + " " + ratio.toFixed(2)] : [];
  });
})()`;

describe.skipIf(chromiumPath === null && !inCi)("in a browser", () => {
  let api: FakeApi;
  let server: Awaited<ReturnType<typeof listening>>;
  let tab: Tab;

  beforeAll(async () => {
    if (chromiumPath === null) throw new Error("no Chromium: the pages must be looked at here; set CHROMIUM");
    api = createFakeApi({ limits: { heartbeatMs: 100 } });
    for (const report of [...otherReports(), richReport()]) api.asking.put(report);
    api.asking.setServices(richServices());
    api.app.route("/", createPages(api.asking, { now: () => richNow }));
    server = await listening(api.app);
    tab = await openTab(chromiumPath);
  });
  afterAll(async () => {
    await tab.close();
    api.stop.abort();
    await server.close();
  });

  for (const screen of screens) {
    for (const path of ["/", "/analyses/an-rich", "/analyses/an-held", "/analyses/none"]) {
      it(`${path} fits ${screen.width} pixels and is legible in the ${screen.scheme}`, async () => {
        await tab.show(screen);
        await tab.open(server.origin + path);
        await tab.evaluate("document.querySelectorAll('details').forEach((fold) => { fold.open = true; })");
        expect(await tab.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(screen.width);
        expect(await tab.evaluate(lowContrast)).toEqual([]);
        const picture = await tab.screenshot();
        expect(picture.length).toBeGreaterThan(5000);
      });
    }
  }

  it("the check of contrast finds pale text", async () => {
    await tab.open(`${server.origin}/`);
    await tab.evaluate("document.querySelector('h1').style.color = 'rgb(150,150,150)'");
    await tab.evaluate("document.body.style.backgroundColor = 'rgb(170,170,170)'");
    expect((await tab.evaluate(lowContrast)) as string[]).not.toEqual([]);
  });

  it("the names of limits stay inside their drawing", async () => {
    await tab.open(`${server.origin}/analyses/an-rich`);
    const outside = `[...document.querySelectorAll("svg text")].filter((text) => {
      const own = text.getBoundingClientRect(), frame = text.ownerSVGElement.getBoundingClientRect();
      return own.right > frame.right + 1 || own.left < frame.left - 1 || own.bottom > frame.bottom + 1;
    }).map((text) => text.textContent.trim())`;
    expect(await tab.evaluate(outside)).toEqual([]);
  });

  it("a commit changes the page in place: folds and scroll stay, the verdict is spoken", async () => {
    await tab.show({ width: 1280, height: 600, scheme: "light" });
    await tab.open(`${server.origin}/analyses/an-held`);
    await tab.until(live);
    await tab.evaluate("document.getElementById('fold-policy').open = true; window.scrollTo(0, 300)");
    api.asking.move("an-held", ({ verdict }) => ({ verdict: { ...verdict, word: "promote" } }));
    await tab.until("document.getElementById('verdict').textContent.includes('Promote')");
    expect(await tab.evaluate("document.getElementById('fold-policy').open")).toBe(true);
    expect(await tab.evaluate("window.scrollY")).toBe(300);
    expect(await tab.evaluate("document.getElementById('spoken').textContent")).toContain("Promote");
  });

  it("the first stop of the keyboard leads to the content", async () => {
    await tab.open(`${server.origin}/`);
    await tab.press("Tab");
    expect(await tab.evaluate("document.activeElement.textContent")).toBe("Skip to content");
  });

  it("the pages log no error: the content policy refuses nothing of theirs", () => {
    const ours = tab.errors.filter((text) => !text.includes("404"));
    expect(ours).toEqual([]);
  });

  it("a lost stream is said in words", async () => {
    await tab.open(`${server.origin}/analyses/an-rich`);
    await tab.until(live);
    api.stop.abort();
    await server.close();
    await tab.until("!document.getElementById('lost').hidden");
    expect(await tab.evaluate("document.getElementById('lost').textContent")).toContain("may be old");
  });
});
