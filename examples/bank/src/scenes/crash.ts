import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { NightRunOrder, NightRunReport } from '../night-run/order.ts';
import { checked, count, heading, line } from '../screen/print.ts';
import { progressBar } from '../screen/progress.ts';

const TRANSFERS = 200;
const KILL_AFTER = 80;

/** Kills a process in the middle of its work. Another process then does the same work from the beginning. */
export async function crashAndResume(
  order: Omit<NightRunOrder, 'transfers'>,
  countTransfers: () => Promise<number>,
): Promise<void> {
  heading(`6. A night run of ${count(TRANSFERS)} transfers, with a crash in the middle`);
  const whole = { ...order, transfers: TRANSFERS };
  const killed = await runWorker(whole, KILL_AFTER);
  line(`killed with SIGKILL after it had reported ${count(killed.done)} transfers`);
  const resumed = await runWorker(whole, Number.POSITIVE_INFINITY);
  line(
    `the next process began at the beginning: ${count(resumed.duplicates)} transfers were in the log already`,
  );
  checked(resumed.done === TRANSFERS, 'every transfer has a result');
  const made = await countTransfers();
  checked(resumed.duplicates <= made && made <= TRANSFERS, `${count(made)} are in the log, each once`);
}

async function runWorker(order: NightRunOrder, killAfter: number): Promise<NightRunReport> {
  const worker = fork(fileURLToPath(new URL('../night-run/worker.ts', import.meta.url)), {
    execArgv: process.execArgv,
  });
  const ended = new Promise<number | null>((resolve) => {
    worker.once('exit', resolve);
  });
  const bar = progressBar(order.transfers, 'transfers');
  let report: NightRunReport = { done: 0, duplicates: 0 };
  worker.on('message', (latest: NightRunReport) => {
    report = latest;
    bar.update(report.done);
    if (report.done >= killAfter) worker.kill('SIGKILL');
  });
  worker.send(order);
  const code = await ended;
  bar.stop();
  if (code !== 0 && killAfter === Number.POSITIVE_INFINITY)
    throw new Error(`the worker ended with exit code ${code}`);
  return report;
}
