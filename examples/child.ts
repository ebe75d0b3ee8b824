/**
 * Ties this process to the one that started it: it ends when told to (SIGTERM) and when the channel to the parent
 * closes, however the parent died. Ctrl-C reaches the whole group; the parent alone decides then, so it is ignored here.
 */
export function exitWithParent(finish: () => Promise<void>): void {
  let ending = false;
  const end = (): void => {
    if (ending) return;
    ending = true;
    setTimeout(() => process.exit(0), 2000).unref();
    void finish().finally(() => process.exit(0));
  };
  process.on("SIGINT", () => undefined);
  process.on("SIGTERM", end);
  process.on("disconnect", () => process.exit(0));
}
