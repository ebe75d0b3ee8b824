import type { Channel, ChannelMessage } from "#engine/notifying.ts";
import type { NoticeEvent, Told } from "#model/notice.ts";
import { ok, type Result } from "#model/result.ts";
import type { Instant } from "#model/time.ts";
import { createPost, parseAddress, type Egress } from "./post.ts";
import { targetOf } from "./target.ts";

/** Characters of one sentence; Slack itself takes 3000 in a section. */
const sentenceMost = 400;
const nameMost = 120;

export interface SlackParameters {
  readonly name: string;
  /** The secret URL of an incoming webhook. */
  readonly url: string;
  readonly timeoutMs: number;
  readonly egress: Egress;
  readonly now: () => Instant;
}

/** What Slack and those that speak like it (Mattermost, Rocket.Chat, Discord's /slack) take. */
export interface SlackBody {
  readonly text: string;
  readonly blocks: readonly {
    readonly type: "section";
    readonly text: { readonly type: "mrkdwn"; readonly text: string };
  }[];
}

const words: Readonly<Record<Exclude<NoticeEvent, "stalled">, string>> = {
  promote: "Promote",
  rollback: "Rollback",
  inconclusive: "Inconclusive",
};

const marks: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };

/** Text on one line without the three characters that Slack reads as markup; never longer than `most` as it is sent. */
function plain(text: string, most: number): string {
  let short = "";
  for (const character of text.replace(/\s+/g, " ").trim()) {
    const written = marks[character] ?? character;
    if (short.length + written.length >= most) return `${short}…`;
    short += written;
  }
  return short;
}

function sentence(text: string, more = ""): string {
  const flat = plain(text.charAt(0).toUpperCase() + text.slice(1), sentenceMost) + more;
  return /[.!?…]$/.test(flat) || flat === "" ? flat : `${flat}.`;
}

function headline(event: NoticeEvent, told: Told): string {
  const where = told.environment === "" ? "" : ` in ${plain(told.environment, nameMost)}`;
  const what = `${plain(told.service, nameMost)} ${plain(told.canary, nameMost)}${where}`;
  if (event !== "stalled") return `${words[event]}: ${what}`;
  return `Not in force: ${told.stalled?.kind ?? "command"} of ${what}`;
}

function whyOf(event: NoticeEvent, told: Told): string {
  const { stalled } = told;
  if (event === "stalled" && stalled !== null) {
    const last = stalled.lastError === null ? "" : ` (last: ${stalled.lastError})`;
    const times = `${stalled.attempts} ${stalled.attempts === 1 ? "attempt" : "attempts"}`;
    return sentence(
      `controller ${stalled.controller} has not confirmed ${stalled.canaryWeight} % for the canary after ${times}${last}; still trying`,
    );
  }
  const [first] = told.reasons;
  const more = told.reasons.length > 1 ? ` (and ${told.reasons.length - 1} more)` : "";
  return sentence(first?.text ?? "no reason was given", more);
}

/** To be read in ten seconds: what was concluded for which service, why in one sentence, what is done, and where more is. */
export function slackBody({ event, told, url }: ChannelMessage): SlackBody {
  const head = headline(event, told);
  const why = whyOf(event, told);
  const done = event === "stalled" ? "" : ` ${sentence(told.action.text)}`;
  const versus = `against ${plain(told.baseline, nameMost)}`;
  return {
    text: `${head}. ${why}${done} ${url}`,
    blocks: [
      {
        type: "section",
        text: { type: "mrkdwn", text: `*${head}* ${versus}\n${why}${done}\n<${url}|Evidence>` },
      },
    ],
  };
}

/** Slack's incoming webhooks, and every receiver that takes the same body. The URL is the secret; nothing is signed. */
export function createSlackChannel(
  parameters: SlackParameters,
): Result<Channel, { readonly message: string }> {
  const { name, timeoutMs, egress, now } = parameters;
  const url = parseAddress(parameters.url);
  if (!url.ok) return url;
  const post = createPost({ url: url.value, timeoutMs, egress, now });
  return ok({
    name,
    target: targetOf(parameters.url),
    send: (message, signal) => post(JSON.stringify(slackBody(message)), {}, signal),
  });
}
