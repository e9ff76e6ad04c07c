import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { NightRunOrder, NightRunReport } from '../night-run/order.ts';
import { checked, count, heading, line } from '../screen/print.ts';
import { progressBar } from '../screen/progress.ts';

const TRANSFERS = 200;
const KILL_AFTER = 80;

/** A process is killed in the middle of its work, and another one does the same work from the beginning. */
export async function crashAndResume(
  order: Omit<NightRunOrder, 'transfers'>,
  countTransfers: () => Promise<number>,
): Promise<void> {
  heading(`6. ${count(TRANSFERS)} transfers over night, and a crash in the middle`);
  const whole = { ...order, transfers: TRANSFERS };
  const killed = await runWorker(whole, KILL_AFTER);
  line(`killed with SIGKILL after it had told of ${count(killed.done)} transfers`);
  const resumed = await runWorker(whole, Number.POSITIVE_INFINITY);
  line(`the next process began at the beginning: ${count(resumed.repeated)} were in the log already`);
  checked(resumed.done === TRANSFERS, 'all of them were answered');
  const made = await countTransfers();
  checked(resumed.repeated <= made && made <= TRANSFERS, `${count(made)} are in the log, each once`);
}

async function runWorker(order: NightRunOrder, killAfter: number): Promise<NightRunReport> {
  const worker = fork(fileURLToPath(new URL('../night-run/worker.ts', import.meta.url)), {
    execArgv: process.execArgv,
  });
  const ended = new Promise<number | null>((resolve) => {
    worker.once('exit', resolve);
  });
  const bar = progressBar(order.transfers, 'transfers');
  let report: NightRunReport = { done: 0, repeated: 0 };
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
