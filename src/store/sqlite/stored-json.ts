import type { Alias, Traits } from "#model/deployment.ts";
import type { ExampleRow } from "#model/pattern-row.ts";
import type { Analysis } from "#model/analysis.ts";
import type { Command } from "#model/command.ts";
import type { Told } from "#model/notice.ts";
import type { Measure } from "#model/sample.ts";

/*
 * Columns that hold JSON written by this program from the same types; the schema's version guards their shape,
 * so they are not checked field by field.
 */

export function aliasesFromJson(text: string): readonly Alias[] {
  return JSON.parse(text) as readonly Alias[];
}

export function traitsFromJson(text: string): Traits {
  return JSON.parse(text) as Traits;
}

export function measureFromJson(text: string): Measure {
  return JSON.parse(text) as Measure;
}

export function textsFromJson(text: string): readonly string[] {
  return JSON.parse(text) as readonly string[];
}

export function examplesFromJson(text: string): ExampleRow["examples"] {
  return JSON.parse(text) as ExampleRow["examples"];
}

/** JSON has no infinity and no NaN: an interval that is open upwards must still read back as it was. */
const notFiniteKey = "$notFinite";

export function analysisToJson(analysis: Analysis): string {
  return JSON.stringify(analysis, (_key, value: unknown) =>
    typeof value === "number" && !Number.isFinite(value) ? { [notFiniteKey]: String(value) } : value,
  );
}

export function analysisFromJson(text: string): Analysis {
  if (!text.includes(notFiniteKey)) return JSON.parse(text) as Analysis;
  return JSON.parse(text, (_key, value: unknown) =>
    typeof value === "object" && value !== null && notFiniteKey in value
      ? Number(value[notFiniteKey])
      : value,
  ) as Analysis;
}

export function toldFromJson(text: string): Told {
  return JSON.parse(text) as Told;
}

export function commandFromJson(text: string): Command {
  return JSON.parse(text) as Command;
}
