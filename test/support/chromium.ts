import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";

const places = [
  process.env["CHROMIUM"] ?? "",
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
];

/** The browser of this machine, or null. */
export const chromiumPath: string | null = places.find((place) => place !== "" && existsSync(place)) ?? null;

const flags = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--remote-debugging-pipe",
];

export interface Screen {
  readonly width: number;
  readonly height: number;
  readonly scheme: "light" | "dark";
}

/** One tab of a headless browser, driven over a pipe. */
export interface Tab {
  show(screen: Screen): Promise<void>;
  open(url: string): Promise<void>;
  /** The value of an expression in the page, as JSON. */
  evaluate(expression: string): Promise<unknown>;
  /** Looks at an expression until it is true; the test's time-out is the limit. */
  until(expression: string): Promise<void>;
  press(key: string): Promise<void>;
  screenshot(): Promise<Buffer>;
  /** Texts of errors that the page logged. */
  readonly errors: readonly string[];
  close(): Promise<void>;
}

interface Answer {
  readonly id?: number;
  readonly method?: string;
  readonly params?: { readonly entry?: { level: string; text: string }; exceptionDetails?: { text: string } };
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly message: string };
}

type Send = (method: string, params?: object, sessionId?: string) => Promise<Record<string, unknown>>;

/** Messages of the debugging protocol: JSON, each ended by a zero byte. */
function speak(input: Writable, output: Readable, heard: (answer: Answer) => void): Send {
  const waiting = new Map<number, (answer: Answer) => void>();
  let last = 0;
  let text = "";
  output.setEncoding("utf8");
  output.on("data", (chunk: string) => {
    const messages = (text + chunk).split("\0");
    text = messages.pop() ?? "";
    for (const message of messages) {
      const answer = JSON.parse(message) as Answer;
      if (answer.id === undefined) heard(answer);
      else waiting.get(answer.id)?.(answer);
    }
  });
  return (method, params = {}, sessionId) =>
    new Promise((resolve, reject) => {
      last += 1;
      waiting.set(last, (answer) => {
        if (answer.error === undefined) resolve(answer.result ?? {});
        else reject(new Error(`${method}: ${answer.error.message}`));
      });
      input.write(`${JSON.stringify({ id: last, method, params, sessionId })}\0`);
    });
}

export async function openTab(path: string): Promise<Tab> {
  const profile = mkdtempSync(join(tmpdir(), "haldane-browser-"));
  const child = spawn(path, [...flags, `--user-data-dir=${profile}`], {
    stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"],
  });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const errors: string[] = [];
  let loaded: () => void = () => undefined;
  const send = speak(child.stdio[3] as Writable, child.stdio[4] as Readable, ({ method, params }) => {
    if (method === "Page.loadEventFired") loaded();
    if (method === "Log.entryAdded" && params?.entry?.level === "error") errors.push(params.entry.text);
    if (method === "Runtime.exceptionThrown") errors.push(params?.exceptionDetails?.text ?? "exception");
  });
  const { targetId } = await send("Target.createTarget", { url: "about:blank" });
  const { sessionId } = await send("Target.attachToTarget", { targetId, flatten: true });
  const tell: Send = (method, params) => send(method, params, sessionId as string);
  for (const domain of ["Page", "Runtime", "Log"]) await tell(`${domain}.enable`);

  async function evaluate(expression: string): Promise<unknown> {
    const { result } = await tell("Runtime.evaluate", {
      expression,
      returnByValue: true,
      awaitPromise: true,
    });
    return (result as { value?: unknown }).value;
  }

  return {
    errors,
    evaluate,
    async show({ width, height, scheme }) {
      const mobile = width < 500;
      await tell("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: 1, mobile });
      const features = [{ name: "prefers-color-scheme", value: scheme }];
      await tell("Emulation.setEmulatedMedia", { features });
    },
    async open(url) {
      const isLoaded = new Promise<void>((resolve) => (loaded = resolve));
      await tell("Page.navigate", { url });
      await isLoaded;
    },
    async until(expression) {
      while ((await evaluate(expression)) !== true) await new Promise((resolve) => setTimeout(resolve, 10));
    },
    async press(key) {
      await tell("Input.dispatchKeyEvent", { type: "rawKeyDown", key, code: key, windowsVirtualKeyCode: 9 });
      await tell("Input.dispatchKeyEvent", { type: "keyUp", key, code: key, windowsVirtualKeyCode: 9 });
    },
    async screenshot() {
      const { data } = await tell("Page.captureScreenshot", { captureBeyondViewport: false });
      return Buffer.from(data as string, "base64");
    },
    async close() {
      await send("Browser.close").catch(() => child.kill("SIGKILL"));
      await ended;
      rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
    },
  };
}
