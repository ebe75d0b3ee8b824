import { randomUUID } from "node:crypto";
import type { Release } from "#examples/shop/release.ts";
import type { ShownAnalysis } from "./haldane-client.ts";
import { type Ending, otherwise, type Scene } from "./scenes.ts";
import { environment, service, type Stage } from "./stage.ts";
import { type Event, findingsToShow, newLine } from "./story.ts";

/** Told with the milliseconds since the scene began. */
export type Teller = (elapsedMs: number, event: Event) => void;

export interface Played {
  readonly ending: Ending;
  /** Null where it ended as announced, else what was otherwise. */
  readonly otherwise: string | null;
  readonly elapsedMs: number;
}

const patienceMs = 150_000;
const lookMs = 1000;
const evidenceEveryMs = 5000;

/** What the teller has told last, so that only news is told. */
interface Told {
  weights: string;
  verdict: string;
  action: string;
  evidenceAt: number;
  /** What the evidence was when it was told last. */
  evidence: string;
  /** The router's counts when traffic was told last. */
  countsThen: Readonly<Record<string, number>>;
  silenced: boolean;
  weightSince: number | null;
  everPromote: boolean;
  readonly climbed: number[];
}

/** Plays one release from its start to its end and says whether it ended as announced. */
export async function playScene(
  stage: Stage,
  scene: Scene,
  versions: { readonly canary: string; readonly baseline: string },
  tell: Teller,
): Promise<Played> {
  const started = performance.now();
  const elapsed = (): number => performance.now() - started;
  const release: Release = { ...scene.fault, version: versions.canary };
  await stage.enter(release);
  tell(elapsed(), { tell: "note", text: `${versions.canary} is up and has no traffic yet` });
  const asked = { service, environment, ...versions };
  const id = await stage.haldane.open(asked, randomUUID());
  tell(elapsed(), { tell: "note", text: `live page  ${stage.haldane.url}/analyses/${id}` });

  const told: Told = {
    weights: "",
    verdict: "",
    action: "",
    evidenceAt: 0,
    evidence: "",
    countsThen: stage.router().counts,
    silenced: false,
    weightSince: null,
    everPromote: false,
    climbed: [],
  };
  let analysis = await stage.haldane.analysis(id);
  while (analysis.state === "open" && elapsed() < patienceMs) {
    const look = performance.now();
    const verdict = await stage.haldane.verdict(asked, lookMs);
    told.everPromote ||= verdict.verdict === "promote";
    await pause(lookMs / 2 - (performance.now() - look));
    analysis = await stage.haldane.analysis(id);
    told.everPromote ||= analysis.verdict.word === "promote";
    tellNews({ stage, scene, versions, analysis, told, elapsedMs: elapsed(), tell });
  }
  await pause(lookMs / 2);
  tellNews({ stage, scene, versions, analysis, told, elapsedMs: elapsed(), tell });
  const line = scene.name === "logs" ? newLine(analysis) : null;
  if (line !== null) tell(elapsed(), { tell: "note", text: line });
  const ending = endingOf(stage, versions.canary, analysis, told);
  if (analysis.state === "open")
    await stage.haldane.abort(id, "the scene took too long; the next one needs the way free");
  return { ending, otherwise: otherwise(scene.announced, ending), elapsedMs: elapsed() };
}

function endingOf(stage: Stage, canary: string, analysis: ShownAnalysis, told: Told): Ending {
  const { weights } = stage.router();
  return {
    as: analysis.state === "ended" ? analysis.phase.as : null,
    reasons: analysis.verdict.reasons,
    everPromote: told.everPromote,
    canaryWeight: weights.canary === canary ? weights.canaryWeight : 0,
    climbed: told.climbed,
  };
}

interface News {
  readonly stage: Stage;
  readonly scene: Scene;
  readonly versions: { readonly canary: string; readonly baseline: string };
  readonly analysis: ShownAnalysis;
  readonly told: Told;
  readonly elapsedMs: number;
  readonly tell: Teller;
}

function tellNews(news: News): void {
  const { analysis, told, elapsedMs, tell } = news;
  const { word, reasons } = analysis.verdict;
  const verdict = [word, ...reasons.map((reason) => reason.code)].join();
  if (verdict !== told.verdict) {
    tell(elapsedMs, { tell: "verdict", word, reasons: reasons.map((reason) => reason.text) });
    told.verdict = verdict;
  }
  if (analysis.action.kind !== told.action) {
    tell(elapsedMs, { tell: "action", text: analysis.action.text });
    told.action = analysis.action.kind;
  }
  tellWeights(news);
  silenceWhenDue(news);
  tellEvidence(news);
}

function tellWeights({ stage, versions, told, elapsedMs, tell }: News): void {
  const state = stage.router();
  const { canary, baseline, canaryWeight, baselineWeight, generation } = state.weights;
  const key = `${canary ?? ""} ${canaryWeight}`;
  if (canary !== versions.canary || key === told.weights) return;
  if (told.weights !== "") tellTraffic(told, state.atChange, { canary, elapsedMs, tell });
  tell(elapsedMs, { tell: "weights", canary, baseline, canaryWeight, baselineWeight, generation });
  told.weights = key;
  told.countsThen = state.atChange;
  told.weightSince ??= elapsedMs;
  told.climbed.push(canaryWeight);
}

function tellTraffic(
  told: Told,
  now: Readonly<Record<string, number>>,
  to: { readonly canary: string; readonly elapsedMs: number; readonly tell: Teller },
): void {
  const sum = (counts: Readonly<Record<string, number>>): number =>
    Object.values(counts).reduce((total, one) => total + one, 0);
  const requests = sum(now) - sum(told.countsThen);
  const toCanary = (now[to.canary] ?? 0) - (told.countsThen[to.canary] ?? 0);
  if (requests > 0) to.tell(to.elapsedMs, { tell: "traffic", canary: to.canary, requests, toCanary });
}

function silenceWhenDue({ stage, scene, versions, told, elapsedMs, tell }: News): void {
  const { silentAfterMs } = scene;
  if (silentAfterMs === null || told.silenced || told.weightSince === null) return;
  if (elapsedMs - told.weightSince < silentAfterMs) return;
  stage.silence(versions.canary);
  told.silenced = true;
  tell(elapsedMs, { tell: "note", text: `the exporters of ${versions.canary} stop now; it goes on serving` });
}

function tellEvidence({ stage, versions, analysis, told, elapsedMs, tell }: News): void {
  if (elapsedMs - told.evidenceAt < evidenceEveryMs && analysis.state === "open") return;
  told.evidenceAt = elapsedMs;
  const { counts } = stage.router();
  if (told.weights !== "" && analysis.state === "open") {
    tellTraffic(told, counts, { canary: versions.canary, elapsedMs, tell });
    told.countsThen = counts;
  }
  const shown = findingsToShow(analysis);
  const evidence = JSON.stringify(shown);
  if (evidence === told.evidence) return;
  told.evidence = evidence;
  for (const finding of shown) tell(elapsedMs, { tell: "finding", finding });
}

function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, durationMs)));
}
