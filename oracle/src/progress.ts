import cliProgress from 'cli-progress';

/** Shows how far a run is. */
export interface Progress {
  /** Time between two updates. */
  readonly everyMs: number;
  update(seconds: number, status: string): void;
  stop(): void;
}

/** A bar on a terminal; elsewhere a line every five seconds. */
export function createProgress(seconds: number, screen: NodeJS.WriteStream): Progress {
  if (!screen.isTTY) {
    return {
      everyMs: 5_000,
      update: (passed, status) => screen.write(`${passed.toFixed(0)} s: ${status}\n`),
      stop: () => {},
    };
  }
  const bar = new cliProgress.SingleBar({
    format: '  {bar} {percentage}% · {status}',
    barsize: 24,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    hideCursor: true,
    stream: screen,
  });
  bar.start(seconds, 0, { status: 'starting' });
  return {
    everyMs: 1_000,
    update: (passed, status) => bar.update(Math.min(passed, seconds), { status }),
    stop: () => bar.stop(),
  };
}
