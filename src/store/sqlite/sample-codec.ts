import type { Histogram } from "#model/histogram.ts";
import type { Sample } from "#model/sample.ts";
import { createByteReader, createByteWriter, type ByteReader, type ByteWriter } from "./packed-numbers.ts";

/** First byte of every stored sample. A change of the layout takes the next number and keeps reading this one. */
export const sampleCodecVersion = 1;

const requestsTag = 1;
const logsTag = 2;
const counterTag = 3;
const gaugeTag = 4;
const histogramTag = 5;
const patternTag = 6;

const absentTag = 0;
const exponentialTag = 1;
const explicitTag = 2;

const writer = createByteWriter();

function putHistogram(out: ByteWriter, histogram: Histogram | null): void {
  if (histogram === null) {
    out.number(absentTag);
    return;
  }
  if (histogram.layout === "exponential") {
    out.number(exponentialTag);
    out.text(histogram.unit);
    out.signed(histogram.scale);
    out.number(histogram.zeroCount);
    out.signed(histogram.offset);
  } else {
    out.number(explicitTag);
    out.text(histogram.unit);
    out.numbers(histogram.bounds);
  }
  out.numbers(histogram.counts);
  out.number(histogram.sum);
}

function takeHistogram(input: ByteReader): Histogram | null {
  const tag = input.number();
  if (tag === absentTag) return null;
  if (tag === exponentialTag) {
    return {
      layout: "exponential",
      unit: input.text(),
      scale: input.signed(),
      zeroCount: input.number(),
      offset: input.signed(),
      counts: input.numbers(),
      sum: input.number(),
    };
  }
  if (tag !== explicitTag) throw new Error(`stored sample: unknown histogram layout ${tag}`);
  return {
    layout: "explicit",
    unit: input.text(),
    bounds: input.numbers(),
    counts: input.numbers(),
    sum: input.number(),
  };
}

/** Packs a sample for its row: a version byte, a kind, then packed numbers. Decoding gives back the same values bit for bit. */
export function encodeSample(sample: Sample): Buffer {
  writer.reset();
  writer.byte(sampleCodecVersion);
  switch (sample.kind) {
    case "requests":
      writer.byte(requestsTag);
      writer.number(sample.count);
      writer.number(sample.errors);
      writer.number(sample.clientErrors);
      writer.optional(sample.sampledShare);
      putHistogram(writer, sample.duration);
      break;
    case "logs":
    case "pattern":
      writer.byte(sample.kind === "logs" ? logsTag : patternTag);
      writer.numbers(sample.traces);
      writer.number(sample.untracedLines);
      writer.number(sample.records);
      break;
    case "counter":
      writer.byte(counterTag);
      writer.number(sample.total);
      break;
    case "gauge":
      writer.byte(gaugeTag);
      writer.number(sample.count);
      writer.number(sample.sum);
      writer.number(sample.sumOfSquares);
      writer.number(sample.minimum);
      writer.number(sample.maximum);
      break;
    case "histogram":
      writer.byte(histogramTag);
      putHistogram(writer, sample.histogram);
      break;
  }
  return writer.copy();
}

/** Unpacks a stored sample. Throws on bytes that `encodeSample` cannot have written: the row is damaged or newer than this program. */
export function decodeSample(bytes: Uint8Array): Sample {
  const input = createByteReader(bytes);
  const version = input.byte();
  if (version !== sampleCodecVersion) {
    throw new Error(`stored sample: layout ${version}, this program reads layout ${sampleCodecVersion}`);
  }
  const sample = takeSample(input);
  if (input.left() !== 0) throw new Error(`stored sample: ${input.left()} bytes too many`);
  return sample;
}

function takeSample(input: ByteReader): Sample {
  const tag = input.byte();
  switch (tag) {
    case requestsTag: {
      const count = input.number();
      const errors = input.number();
      const clientErrors = input.number();
      const sampledShare = input.optional();
      return { kind: "requests", count, errors, clientErrors, duration: takeHistogram(input), sampledShare };
    }
    case logsTag:
    case patternTag:
      return {
        kind: tag === logsTag ? "logs" : "pattern",
        traces: input.numbers(),
        untracedLines: input.number(),
        records: input.number(),
      };
    case counterTag:
      return { kind: "counter", total: input.number() };
    case gaugeTag:
      return {
        kind: "gauge",
        count: input.number(),
        sum: input.number(),
        sumOfSquares: input.number(),
        minimum: input.number(),
        maximum: input.number(),
      };
    case histogramTag: {
      const histogram = takeHistogram(input);
      if (histogram === null) throw new Error("stored sample: a histogram without buckets");
      return { kind: "histogram", histogram };
    }
    default:
      throw new Error(`stored sample: unknown kind ${tag}`);
  }
}
