import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { until } from '@leftfold/testing/postgres';
import { expect, onTestFinished, test } from 'vitest';
import { killProcess, pauseProcess } from './processes.ts';

/** A process that writes a line every few milliseconds. */
async function startTicking(): Promise<ChildProcess & { readonly lines: () => number }> {
  const ticking = spawn(process.execPath, ['-e', 'setInterval(() => console.log(1), 5)']);
  onTestFinished(() => void ticking.kill('SIGKILL'));
  let lines = 0;
  ticking.stdout.on('data', () => (lines += 1));
  await once(ticking.stdout, 'data');
  return Object.assign(ticking, { lines: () => lines });
}

test('a killed process is gone, and one that has ended is left alone', async () => {
  const victim = await startTicking();
  await killProcess(victim);
  expect(victim.signalCode).toBe('SIGKILL');
  await killProcess(victim);
});

test.skipIf(process.platform === 'win32')('a paused process stands still, then goes on', async () => {
  const victim = await startTicking();
  let end = () => {};
  const pause = new Promise<void>((resolve) => {
    end = resolve;
  });
  const paused = pauseProcess(victim, pause);
  // What it wrote before arrives; then there is nothing for far longer than its interval.
  let [before, unchanged] = [-1, 0];
  await until(() => {
    unchanged = before === victim.lines() ? unchanged + 1 : 0;
    before = victim.lines();
    return unchanged === 10;
  });
  end();
  await paused;
  await once(victim.stdout!, 'data');
  expect(victim.lines()).toBeGreaterThan(before);
});
