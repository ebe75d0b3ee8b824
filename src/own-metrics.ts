import { Counter, Gauge, type Registry } from "prom-client";
import type { Ledger } from "#engine/ledger.ts";
import type { ControlStore } from "#engine/ports.ts";
import type { Receiver } from "#ingest/otlp/receiver.ts";
import type { LookLoop } from "./look-loop.ts";

export interface MeasuredParts {
  readonly ledger: Ledger;
  readonly loop: LookLoop;
  readonly receiver: Receiver;
  readonly control: ControlStore;
}

/** Haldane's own figures for /metrics, read when they are scraped. */
export function registerMetrics(registry: Registry, parts: MeasuredParts): void {
  const { ledger, loop, receiver, control } = parts;
  const gauge = (name: string, help: string, read: () => number): void => {
    registry.registerMetric(
      new Gauge({
        name,
        help,
        registers: [],
        collect() {
          this.set(read());
        },
      }),
    );
  };
  const counter = (
    name: string,
    help: string,
    labels: readonly string[],
    read: () => Iterable<readonly [Record<string, string>, number]>,
  ): void => {
    registry.registerMetric(
      new Counter({
        name,
        help,
        labelNames: [...labels],
        registers: [],
        collect() {
          this.reset();
          for (const [values, value] of read()) this.inc(values, value);
        },
      }),
    );
  };
  gauge("haldane_open_analyses", "Analyses that are not over.", () => ledger.openAnalyses().length);
  gauge(
    "haldane_look_seconds",
    "Duration of the last look over all open analyses.",
    () => loop.counters.lastLookMs / 1000,
  );
  gauge(
    "haldane_otlp_bytes_in_flight",
    "Bytes of OTLP bodies being read or not yet answered.",
    () => receiver.counters.bytesInFlight,
  );
  gauge(
    "haldane_commands_unconfirmed",
    "Newest commands of their targets that are not confirmed.",
    () => control.standingCommands().filter(({ status }) => status !== "confirmed").length,
  );
  counter("haldane_looks_total", "Looks at all open analyses.", ["outcome"], () => [
    [{ outcome: "done" }, loop.counters.looks],
    [{ outcome: "failed" }, loop.counters.failedLooks],
  ]);
  counter(
    "haldane_otlp_requests_total",
    "OTLP requests by signal and status.",
    ["signal", "status"],
    function* () {
      for (const [key, count] of receiver.counters.requests) {
        const [signal = "", status = ""] = key.split(" ");
        yield [{ signal, status }, count] as const;
      }
    },
  );
  counter("haldane_otlp_refused_total", "OTLP bodies refused for a limit.", ["limit"], function* () {
    for (const [limit, count] of receiver.counters.refused) yield [{ limit }, count] as const;
  });
  counter("haldane_analyses_refused_total", "Analyses refused for the limit openAnalyses.", [], () => [
    [{}, ledger.counters.refusedOverLimit],
  ]);
  counter("haldane_second_terminals_total", "Second terminal verdicts that the store refused.", [], () => [
    [{}, ledger.counters.secondTerminals],
  ]);
}
