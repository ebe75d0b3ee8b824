import type { TelemetryReader, TelemetryWriter } from "#engine/ports.ts";
import { err, ok, type Result } from "#model/result.ts";
import { openDatabase, type StoreOpenError } from "./open-database.ts";
import { forgetIdleSeries, retentionDefaults, type Retention } from "./retention.ts";
import { createTelemetryReader } from "./telemetry-reader.ts";
import { telemetryMigrations } from "./telemetry-schema.ts";
import { createTelemetryWriter } from "./telemetry-writer.ts";

/** Writer and reader on one connection, where one thread does both: replay on `:memory:`, tools, tests. */
export interface Telemetry {
  readonly writer: TelemetryWriter;
  readonly reader: TelemetryReader;
  /** Closes both. */
  close(): void;
}

export function openTelemetry(
  path: string,
  retention: Retention = retentionDefaults,
): Result<Telemetry, StoreOpenError> {
  const opened = openDatabase(path, telemetryMigrations);
  if (!opened.ok) return err(opened.error);
  forgetIdleSeries(opened.value, retention);
  const writer = createTelemetryWriter(opened.value, retention);
  return ok({
    writer,
    reader: createTelemetryReader(opened.value),
    close: () => {
      writer.close();
    },
  });
}
