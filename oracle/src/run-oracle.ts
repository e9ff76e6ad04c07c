import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startPostgres } from '@leftfold/embedded';
import { TcpProxy } from '@leftfold/testbed/faults';
import { faultsOfEverySubject, withClient } from './faults/every-subject.ts';
import { FaultSchedule } from './faults/fault-schedule.ts';
import type { Progress } from './progress.ts';
import type { Findings, RunOptions, Subject, Trial } from './subject.ts';

/** Runs a subject under faults for as long as asked, and compares what it did with what it guarantees. */
export async function runOracle(
  subject: Subject,
  options: RunOptions,
  print: (line: string) => void,
  startProgress: (seconds: number) => Progress,
): Promise<Findings> {
  using folder = openFolder();
  await using server = await startPostgres({ durable: true });
  // Not the server's first one: faults may replace it.
  const connectionString = await createDatabase(server.superuserConnectionString);
  await using proxy = await TcpProxy.start(connectionString);
  const control = options.control === undefined ? '' : ` Control: ${options.control.change}.`;
  print(`Subject ${subject.name} on ${server.description}, fsync on. Seed ${options.seed}.${control}`);

  await using trial = await subject.start({
    options,
    folder: folder.path,
    connectionString,
    unreliableConnectionString: proxy.connectionString,
  });
  const { processes } = trial;
  try {
    await Promise.all(processes.map((each) => each.ready()));
    const breakable = { server, connectionString, proxy, processes, seconds: options.seconds };
    const faults = new FaultSchedule(
      [...faultsOfEverySubject(breakable), ...trial.faults],
      options.seed,
      trial.pace,
    );
    await watch(trial, faults, startProgress(options.seconds), options.seconds);
    await faults.stop();
    print('The faults have ended; the processes come to their end.');
    const { violations, summary } = await trial.finish();
    return { violations, summary: [...summary, `Faults:    ${String(faults)}.`] };
  } finally {
    for (const each of processes) each.abandon();
  }
}

async function createDatabase(server: string): Promise<string> {
  const url = new URL(server);
  url.pathname = '/oracle';
  await withClient(server, (client) => client.query('create database oracle'));
  return url.href;
}

/** Shows the progress until the time is over, or all is done. */
async function watch(
  trial: Trial,
  faults: FaultSchedule,
  progress: Progress,
  seconds: number,
): Promise<void> {
  const begun = performance.now();
  const passedMs = () => performance.now() - begun;
  while (passedMs() < seconds * 1_000) {
    await delay(Math.min(progress.everyMs, Math.max(1, seconds * 1_000 - passedMs())));
    const status = await trial.progress().catch(() => 'the database is down');
    progress.update(passedMs() / 1_000, `${status}, ${faults.total} faults`);
    if (trial.isDone?.()) break;
  }
  progress.stop();
}

/** A temporary folder that goes with the process, however that ends. */
function openFolder(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'leftfold-oracle-'));
  const remove = () => rmSync(path, { recursive: true, force: true });
  process.once('exit', remove);
  return {
    path,
    [Symbol.dispose]: () => {
      process.off('exit', remove);
      remove();
    },
  };
}
