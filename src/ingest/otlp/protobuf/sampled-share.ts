const comma = 0x2c;
const equals = 0x3d;
const colon = 0x3a;
const semicolon = 0x3b;
const space = 0x20;
const tab = 0x09;
const letterO = 0x6f;
const letterT = 0x74;
const letterH = 0x68;
const thresholdDigits = 14;

/**
 * The kept share that a W3C tracestate states: `ot=th:HEX` gives 1 - T / 2^56 with HEX padded on the right to 14 digits
 * (OpenTelemetry, "Tracestate: probability sampling"). 1 where there is no `th`; NaN where there is one that cannot be read.
 */
export function sampledShareAt(view: DataView, start: number, end: number): number {
  let at = start;
  while (at < end) {
    while (at < end && isBlank(view.getUint8(at))) at += 1;
    const stop = indexOf(view, at, end, comma);
    if (startsWith(view, at, stop, letterO, letterT, equals)) return shareOfMember(view, at + 3, stop);
    at = stop + 1;
  }
  return 1;
}

function shareOfMember(view: DataView, start: number, end: number): number {
  let at = start;
  while (at < end) {
    const stop = indexOf(view, at, end, semicolon);
    if (startsWith(view, at, stop, letterT, letterH, colon)) return shareOfThreshold(view, at + 3, stop);
    at = stop + 1;
  }
  return 1;
}

function shareOfThreshold(view: DataView, start: number, end: number): number {
  let stop = end;
  while (stop > start && isBlank(view.getUint8(stop - 1))) stop -= 1;
  if (stop === start || stop - start > thresholdDigits) return NaN;
  // 56 bits do not fit a double: two halves of 28.
  let high = 0;
  let low = 0;
  for (let digit = 0; digit < thresholdDigits; digit += 1) {
    const value = start + digit < stop ? hexValue(view.getUint8(start + digit)) : 0;
    if (value < 0) return NaN;
    if (digit < 7) high = high * 16 + value;
    else low = low * 16 + value;
  }
  return 1 - high / 2 ** 28 - low / 2 ** 56;
}

function hexValue(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

function isBlank(byte: number): boolean {
  return byte === space || byte === tab;
}

function indexOf(view: DataView, start: number, end: number, wanted: number): number {
  let at = start;
  while (at < end && view.getUint8(at) !== wanted) at += 1;
  return at;
}

// eslint-disable-next-line @typescript-eslint/max-params -- three bytes in the clear read better than a table here
function startsWith(view: DataView, at: number, end: number, a: number, b: number, c: number): boolean {
  return (
    end - at >= 3 && view.getUint8(at) === a && view.getUint8(at + 1) === b && view.getUint8(at + 2) === c
  );
}
