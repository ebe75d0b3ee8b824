export interface GroupCommitOptions {
  /** Writes everything that was accepted since the last call, in one transaction. */
  readonly write: () => void;
  /** A transaction failed. */
  readonly failed: (error: unknown) => void;
  /** Longest wait of an outcome for its transaction. */
  readonly flushMs: number;
  /** Outcomes that share one transaction at most. */
  readonly flushBodies: number;
}

/** Many senders share one transaction; each is answered after it. */
export interface GroupCommit {
  /** Resolves with the outcome once what belongs to it is written. */
  readonly whenWritten: <Outcome>(outcome: Outcome) => Promise<Outcome>;
  /** Writes now. */
  readonly flush: () => void;
}

interface Waiting {
  readonly written: () => void;
  readonly reject: (error: unknown) => void;
}

export function createGroupCommit(options: GroupCommitOptions): GroupCommit {
  let waiting: Waiting[] = [];
  let timer: NodeJS.Timeout | null = null;

  function flush(): void {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    const group = waiting;
    waiting = [];
    try {
      options.write();
    } catch (error) {
      for (const { reject } of group) reject(error);
      options.failed(error);
      return;
    }
    for (const { written } of group) written();
  }

  return {
    whenWritten: async (outcome) => {
      const group = new Promise<void>((written, reject) => {
        waiting.push({ written, reject });
      });
      if (waiting.length >= options.flushBodies) flush();
      else timer ??= setTimeout(flush, options.flushMs);
      await group;
      return outcome;
    },
    flush,
  };
}
