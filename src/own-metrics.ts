import { Counter, Gauge, type Registry } from "prom-client";
import type { Ledger } from "#engine/ledger.ts";
import type { NotificationStore } from "#engine/notifying.ts";
import type { ControlStore, Source } from "#engine/ports.ts";
import type { Receiver } from "#ingest/otlp/receiver.ts";
import type { Alerts } from "./alerts.ts";
import type { LookLoop } from "./look-loop.ts";

export interface MeasuredParts {
  readonly ledger: Ledger;
  readonly loop: LookLoop;
  readonly receiver: Receiver;
  readonly control: ControlStore & NotificationStore;
  readonly alerts: Alerts;
  readonly sources: readonly Source[];
}

interface GaugeFigure {
  readonly name: string;
  readonly help: string;
  readonly read: () => number;
}

interface LabelledFigure {
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
  readonly read: () => Iterable<readonly [Record<string, string>, number]>;
}

/** Haldane's own figures for /metrics, read when they are scraped. */
export function registerMetrics(registry: Registry, parts: MeasuredParts): void {
  for (const { name, help, read } of gauges(parts)) {
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
  }
  for (const { name, help, labels, read } of sourceGauges(parts)) {
    registry.registerMetric(
      new Gauge({
        name,
        help,
        labelNames: [...labels],
        registers: [],
        collect() {
          this.reset();
          for (const [values, value] of read()) this.set(values, value);
        },
      }),
    );
  }
  for (const { name, help, labels, read } of [...counters(parts), ...sourceCounters(parts)]) {
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
  }
}

function gauges({ ledger, loop, receiver, control }: MeasuredParts): readonly GaugeFigure[] {
  return [
    {
      name: "haldane_open_analyses",
      help: "Analyses that are not over.",
      read: () => ledger.openAnalyses().length,
    },
    {
      name: "haldane_look_seconds",
      help: "Duration of the last look over all open analyses.",
      read: () => loop.counters.lastLookMs / 1000,
    },
    {
      name: "haldane_otlp_bytes_in_flight",
      help: "Bytes of OTLP bodies being read or not yet answered.",
      read: () => receiver.counters.bytesInFlight,
    },
    {
      name: "haldane_commands_unconfirmed",
      help: "Newest commands of their targets that no controller has confirmed.",
      read: () => control.standingCommands().filter(({ status }) => status !== "confirmed").length,
    },
    {
      name: "haldane_notifications_waiting",
      help: "Notifications that are to be sent, or sent again.",
      read: () => control.countNotifications().waiting,
    },
  ];
}

function counters({ ledger, loop, receiver, alerts }: MeasuredParts): readonly LabelledFigure[] {
  return [
    {
      name: "haldane_looks_total",
      help: "Looks at all open analyses.",
      labels: ["outcome"],
      read: () => [
        [{ outcome: "done" }, loop.counters.looks],
        [{ outcome: "failed" }, loop.counters.failedLooks],
      ],
    },
    {
      name: "haldane_otlp_requests_total",
      help: "OTLP requests by signal and status.",
      labels: ["signal", "status"],
      read: () =>
        [...receiver.counters.requests].map(([key, count]) => {
          const [signal = "", status = ""] = key.split(" ");
          return [{ signal, status }, count];
        }),
    },
    {
      name: "haldane_otlp_refused_total",
      help: "OTLP bodies refused for a limit.",
      labels: ["limit"],
      read: () => [...receiver.counters.refused].map(([limit, count]) => [{ limit }, count]),
    },
    {
      name: "haldane_analyses_refused_total",
      help: "Analyses refused for the limit openAnalyses.",
      labels: [],
      read: () => [[{}, ledger.counters.refusedOverLimit]],
    },
    {
      name: "haldane_notification_attempts_total",
      help: "Attempts to deliver a notification, by what became of it.",
      labels: ["outcome"],
      read: () => Object.entries(alerts.counters).map(([outcome, count]) => [{ outcome }, count]),
    },
    {
      name: "haldane_second_terminals_total",
      help: "Second terminal verdicts that the store refused.",
      labels: [],
      read: () => [[{}, ledger.counters.secondTerminals]],
    },
  ];
}

function sourceGauges({ sources }: MeasuredParts): readonly LabelledFigure[] {
  return [
    {
      name: "haldane_source_reading",
      help: "1 while a source is read, 0 while it is tried again.",
      labels: ["source"],
      read: () => sources.map((source) => [{ source: source.name }, source.state().reading ? 1 : 0]),
    },
    {
      name: "haldane_source_lag_messages",
      help: "Messages that wait in a partition.",
      labels: ["source", "topic", "partition"],
      read: () =>
        sources.flatMap(({ name, counters }) =>
          counters
            .lag()
            .map(
              ({ topic, partition, messages }) =>
                [{ source: name, topic, partition: String(partition) }, messages] as const,
            ),
        ),
    },
  ];
}

function sourceCounters({ sources }: MeasuredParts): readonly LabelledFigure[] {
  const byTopic = (figure: "messages" | "bytes"): ReturnType<LabelledFigure["read"]> =>
    sources.flatMap(({ name, counters }) =>
      [...counters[figure]].map(([topic, count]) => [{ source: name, topic }, count] as const),
    );
  return [
    {
      name: "haldane_source_messages_total",
      help: "Messages of a source that are in the samples.",
      labels: ["source", "topic"],
      read: () => byTopic("messages"),
    },
    {
      name: "haldane_source_bytes_total",
      help: "Bytes of messages of a source, unpacked.",
      labels: ["source", "topic"],
      read: () => byTopic("bytes"),
    },
    {
      name: "haldane_source_skipped_total",
      help: "Messages of a source that changed no sample, by reason.",
      labels: ["source", "topic", "reason"],
      read: () =>
        sources.flatMap(({ name, counters }) =>
          [...counters.skipped].map(([key, count]) => {
            const [topic = "", reason = ""] = key.split(" ");
            return [{ source: name, topic, reason }, count] as const;
          }),
        ),
    },
    {
      name: "haldane_source_failures_total",
      help: "How often a source failed and was tried again.",
      labels: ["source"],
      read: () => sources.map(({ name, counters }) => [{ source: name }, counters.failures]),
    },
  ];
}
