import { Counter, Gauge, type Registry } from "prom-client";
import type { Ledger } from "#engine/ledger.ts";
import type { NotificationStore } from "#engine/notifying.ts";
import type { ControlStore } from "#engine/ports.ts";
import type { Receiver } from "#ingest/otlp/receiver.ts";
import type { Alerts } from "./alerts.ts";
import type { LookLoop } from "./look-loop.ts";

export interface MeasuredParts {
  readonly ledger: Ledger;
  readonly loop: LookLoop;
  readonly receiver: Receiver;
  readonly control: ControlStore & NotificationStore;
  readonly alerts: Alerts;
}

interface GaugeFigure {
  readonly name: string;
  readonly help: string;
  readonly read: () => number;
}

interface CounterFigure {
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
  for (const { name, help, labels, read } of counters(parts)) {
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

function counters({ ledger, loop, receiver, alerts }: MeasuredParts): readonly CounterFigure[] {
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
