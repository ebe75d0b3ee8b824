import type { Message } from "#analyzers/logs/message.ts";
import { plainSource, type Miner } from "#analyzers/logs/miner.ts";

/** Gives a message to the miner under the source that it names; the number of its line. */
export function mineMessage(miner: Miner, { text, level, logger, event, template }: Message): number {
  return miner.add(miner.source({ ...plainSource, logger, event, template }), text, level);
}
