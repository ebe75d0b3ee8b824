import { itemTag, memberTags, type PairReader } from "./any-value.ts";
import type { PairHash } from "./hash.ts";
import type { Wire } from "./wire.ts";

const pairSeed = 0x3c6ef372;
const { stringTag, boolTag, intTag, doubleTag, arrayTag, mapTag, bytesTag } = memberTags;

/** The hash of the pair read last, alone: pairs are summed, so that their order does not matter. Overwrites what the reader says. */
export function hashPair(pairs: PairReader, wire: Wire, hash: PairHash): void {
  hash.start(pairSeed);
  hash.bytes(wire.view, pairs.keyStart, pairs.keyEnd);
  hashValue(pairs, wire, hash);
  hash.finish();
}

/** Kind and content of any AnyValue. Lists count in order, maps as sets. A NaN counts as one value whatever its bits. */
function hashValue(pairs: PairReader, wire: Wire, hash: PairHash): void {
  const back = wire.at;
  wire.at = pairs.start;
  hash.word(pairs.member);
  switch (pairs.member) {
    case stringTag:
    case bytesTag:
      hash.bytes(wire.view, pairs.start, pairs.end);
      break;
    case boolTag:
      wire.varint64();
      hash.word((wire.low | wire.high) === 0 ? 0 : 1);
      break;
    case intTag:
      wire.varint64();
      hash.word(wire.low);
      hash.word(wire.high);
      break;
    case doubleTag:
      hashDouble(wire, hash);
      break;
    case arrayTag:
      hashList(pairs, wire, hash);
      break;
    case mapTag:
      hashMap(pairs, wire, hash);
      break;
    default:
  }
  wire.at = back;
}

function hashList(pairs: PairReader, wire: Wire, hash: PairHash): void {
  const { end } = pairs;
  while (wire.at < end) {
    const tag = wire.varint32();
    if (tag !== itemTag) {
      wire.skip(tag);
      continue;
    }
    const length = wire.varint32();
    const stop = wire.at + length;
    pairs.value(stop);
    hashValue(pairs, wire, hash);
    wire.at = stop;
  }
}

function hashMap(pairs: PairReader, wire: Wire, hash: PairHash): void {
  const { end } = pairs;
  const outerHigh = hash.high;
  const outerLow = hash.low;
  let high = 0;
  let low = 0;
  while (wire.at < end) {
    const tag = wire.varint32();
    if (tag !== itemTag) {
      wire.skip(tag);
      continue;
    }
    const length = wire.varint32();
    const stop = wire.at + length;
    pairs.pair(stop);
    hashPair(pairs, wire, hash);
    high = (high + hash.high) | 0;
    low = (low + hash.low) | 0;
    wire.at = stop;
  }
  hash.high = outerHigh;
  hash.low = outerLow;
  hash.word(high);
  hash.word(low);
}

function hashDouble(wire: Wire, hash: PairHash): void {
  wire.double();
  const isNotNumber = Number.isNaN(wire.real);
  wire.at -= 8;
  wire.fixed64();
  hash.word(isNotNumber ? 0 : wire.low);
  hash.word(isNotNumber ? 0x7ff80000 : wire.high);
}
