import { exitWithParent } from "#examples/child.ts";
import { startLoad } from "#examples/load/load.ts";

/** The load as a process of its own: `load-main.js URL RATE-PER-SECOND`. It tells its counts every second. */
function main(url: string, ratePerSecond: number): void {
  const load = startLoad({ url, ratePerSecond, maxInFlight: 500, random: Math.random });
  exitWithParent(() => load.stop());
  setInterval(() => {
    process.send?.({ load: load.counts() });
  }, 1000);
  process.send?.({ ready: {} });
}

const [url = "http://127.0.0.1:8080", rate = "300"] = process.argv.slice(2);
main(url, Number(rate));
