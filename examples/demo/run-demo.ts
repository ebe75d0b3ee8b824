import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Children } from "./children.ts";
import type { Paint } from "./paint.ts";
import { type Played, playScene } from "./play.ts";
import type { Scene } from "./scenes.ts";
import { type Setting, setStage, type Stage } from "./stage.ts";
import { clock, storyLines } from "./story.ts";

export interface DemoOptions {
  readonly scenes: readonly Scene[];
  readonly setting: Omit<Setting, "scratch">;
  readonly children: Children;
  /** Aborted on Ctrl-C and when a process of the demo dies; its reason is told. */
  readonly stopped: AbortSignal;
  readonly write: (line: string) => void;
  readonly paint: Paint;
  /** The stable version serves alone for this long before the first release. */
  readonly warmUpMs: number;
  /** Between two releases. */
  readonly settleMs: number;
}

/** Plays the scenes in order and gives the exit code: 0 where each ended as announced, 130 where it was stopped, else 1. */
export async function runDemo(options: DemoOptions): Promise<number> {
  const { children, stopped, write } = options;
  const scratch = await mkdtemp(join(tmpdir(), "haldane-demo-"));
  let stage: Stage | null = null;
  const abandoned = new Promise<never>((_, reject) => {
    stopped.addEventListener("abort", () => {
      reject(stopped.reason instanceof Error ? stopped.reason : new Error(String(stopped.reason)));
    });
  });
  try {
    const played = (async () => {
      stage = await setStage(
        children,
        { ...options.setting, scratch },
        { version: "v1", failing: {}, slower: {}, unsent: {} },
      );
      return playAll(stage, options);
    })();
    return (await Promise.race([played, abandoned])) ? 0 : 1;
  } catch (failure) {
    write("");
    write(failure instanceof Error ? failure.message : String(failure));
    if (!isRequest(failure)) tellWhy(children, stage, write);
    return isRequest(failure) ? 130 : 1;
  } finally {
    await children.stopAll();
    await rm(scratch, { recursive: true, force: true });
  }
}

function isRequest(failure: unknown): boolean {
  return failure instanceof Error && failure.message === "stopped on request";
}

const howToRead = [
  "evidence lines: canary against baseline, where the ratio of the two lies, its limit, and the proof so far;",
  "errors are also good enough, whatever their ratio, where the canary's share is proven below the policy's ceiling",
];

/** Plays scene after scene; a promoted release is the stable one of the next scene. */
async function playAll(stage: Stage, options: DemoOptions): Promise<boolean> {
  const { write, paint, scenes, warmUpMs, settleMs } = options;
  const { ratePerSecond, instancesPerVersion } = options.setting;
  write(`${paint.strong("Haldane demo")}   live page ${stage.haldane.url}/`);
  write(
    `${ratePerSecond} requests/s to ${instancesPerVersion} instances of the shop; policy examples/demo-policy.yaml`,
  );
  for (const line of howToRead) write(paint.faint(line));
  write(paint.faint(`${warmUpMs / 1000} s of v1 alone, so that there is something to compare with`));
  await pause(warmUpMs);
  let stable = "v1";
  const lines: string[] = [];
  let asAnnounced = true;
  for (const [at, scene] of scenes.entries()) {
    const canary = `v${at + 2}`;
    write("");
    write(
      paint.strong(`${at + 1} of ${scenes.length}  ${scene.name}: ${canary} after ${stable}: ${scene.title}`),
    );
    write(paint.faint(`announced: ${scene.announced.text}`));
    const played = await playScene(stage, scene, { canary, baseline: stable }, (elapsedMs, event) => {
      for (const line of storyLines(elapsedMs, event, paint)) write(line);
    });
    const line = endLine(scene, played, paint);
    write(line);
    lines.push(line);
    if (played.otherwise !== null) {
      asAnnounced = false;
      tellWhy(options.children, stage, write);
    }
    const promoted = played.ending.as === "promoted";
    await stage.leave(promoted ? stable : canary);
    if (promoted) stable = canary;
    if (at + 1 < scenes.length) await pause(settleMs);
  }
  write("");
  for (const line of lines) write(line);
  write(loadLine(stage));
  return asAnnounced;
}

function endLine(scene: Scene, played: Played, paint: Paint): string {
  const head = `${scene.name.padEnd(8)}${clock(played.elapsedMs)}  `;
  const { otherwise } = played;
  return otherwise === null
    ? `${head}${paint.good("as announced")}: ${scene.announced.text}`
    : `${head}${paint.bad("otherwise")}: ${otherwise}`;
}

function loadLine(stage: Stage): string {
  const counts = stage.load();
  if (counts === null) return "the load said nothing";
  return `load: ${counts.sent} requests sent, ${counts.failed} of them failed, ${counts.shed} more were due and not sent`;
}

/** Everything useful when something went otherwise: what the processes said last, and the last report as it came. */
function tellWhy(children: Children, stage: Stage | null, write: (line: string) => void): void {
  for (const child of children.all().filter((one) => one.tail().length > 0)) {
    write(`--- last output of ${child.name}`);
    for (const line of child.tail()) write(`    ${line}`);
  }
  if (stage !== null && stage.haldane.lastReport() !== "") {
    write("--- last report of the analysis");
    write(stage.haldane.lastReport());
  }
}

function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}
