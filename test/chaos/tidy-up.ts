/** What a run has started and must end, also where somebody ends the run. */
export interface TidyUp {
  add(...closers: (() => Promise<unknown>)[]): void;
  /** The last added first. One that fails keeps none of the others. */
  close(): Promise<void>;
}

export function createTidyUp(say: (line: string) => void): TidyUp {
  const closers: (() => Promise<unknown>)[] = [];
  const close = async () => {
    for (const closer of closers.splice(0).toReversed())
      await closer().catch((error: unknown) => say(`While tidying up: ${String(error)}`));
  };
  const interrupted = () => void close().finally(() => process.exit(130));
  process.once('SIGINT', interrupted).once('SIGTERM', interrupted);
  return {
    add: (...more) => void closers.push(...more),
    async close() {
      process.off('SIGINT', interrupted).off('SIGTERM', interrupted);
      await close();
    },
  };
}
