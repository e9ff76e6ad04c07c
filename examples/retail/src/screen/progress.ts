import cliProgress from 'cli-progress';

/** On an output that is not a terminal it prints a line every 5 seconds. */
function barOf(format: string) {
  return new cliProgress.SingleBar({
    format: `  {bar} ${format}`,
    barsize: 32,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    hideCursor: true,
    stream: process.stdout,
    noTTYOutput: true,
    notTTYSchedule: 5_000,
  });
}

/** A progress bar over the log, for a read model that is built. */
export function buildProgressBar(highWaterMark: number) {
  const bar = barOf('{value}/{total} events');
  bar.start(highWaterMark, 0);
  return { update: (position: number) => bar.update(position), stop: () => bar.stop() };
}

/** A progress bar over the bytes of the file. */
export function fileProgressBar(bytes: number) {
  const bar = barOf('{percentage}% · {lines} lines');
  bar.start(bytes, 0, { lines: '0' });
  return {
    update: (bytesRead: number, lines: number) =>
      bar.update(Math.min(bytesRead, bytes), { lines: lines.toLocaleString('en') }),
    stop: () => bar.stop(),
  };
}
