import cliProgress from 'cli-progress';

/** A progress bar. On an output that is not a terminal it prints a line every second. */
export function progressBar(total: number, what: string) {
  const bar = new cliProgress.SingleBar({
    format: `  {bar} {value}/{total} ${what}`,
    barsize: 32,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    hideCursor: true,
    stream: process.stdout,
    noTTYOutput: true,
    notTTYSchedule: 1_000,
  });
  bar.start(total, 0);
  return { update: (value: number) => bar.update(value), stop: () => bar.stop() };
}
