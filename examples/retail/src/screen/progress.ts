import cliProgress from 'cli-progress';

/** A progress bar over the bytes of the file. On an output that is not a terminal it prints a line every 5 seconds. */
export function fileProgressBar(bytes: number) {
  const bar = new cliProgress.SingleBar({
    format: '  {bar} {percentage}% · {lines} lines',
    barsize: 32,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    hideCursor: true,
    stream: process.stdout,
    noTTYOutput: true,
    notTTYSchedule: 5_000,
  });
  bar.start(bytes, 0, { lines: '0' });
  return {
    update: (bytesRead: number, lines: number) =>
      bar.update(Math.min(bytesRead, bytes), { lines: lines.toLocaleString('en') }),
    stop: () => bar.stop(),
  };
}
