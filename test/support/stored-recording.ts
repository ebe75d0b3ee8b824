import { join } from "node:path";
import { Accumulate } from "#engine/accumulate.ts";
import { visitBody } from "#ingest/otlp/body.ts";
import { BoundedInterner } from "#model/interner.ts";
import { openTelemetry } from "#store/sqlite/open-telemetry.ts";
import { recordedLines, recordingStart, type RecordedService } from "./recorded-service.ts";
import { value } from "./result-value.ts";

/** Stores a recording in telemetry.db of a data folder, as a server would have. */
export function storeRecording(folder: string, services: readonly RecordedService[]): void {
  const telemetry = value(openTelemetry(join(folder, "telemetry.db")));
  const { writer } = telemetry;
  const accumulate = new Accumulate({
    interner: new BoundedInterner(),
    loadSample: (series, window, late) => writer.sample(series, window, late),
  });
  const end = Math.max(...services.map(({ seconds }) => seconds));
  for (const text of recordedLines(services)) {
    accumulate.begin((recordingStart + end) * 1000);
    value(visitBody({ signal: "metrics", format: "json", bytes: Buffer.from(text) }, accumulate));
  }
  writer.commit({ ...accumulate.drain(), digests: [] });
  telemetry.close();
}
