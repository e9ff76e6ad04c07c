import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

/** Arguments of Node with which a TypeScript file of this repository runs without a build. */
export const typescriptFlags: readonly string[] = [
  '--conditions=@leftfold/source',
  '--import',
  pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href,
];

/** Kills a process as the kernel does when memory runs out: it can do nothing about it. Resolves when it is gone. */
export async function killProcess(victim: ChildProcess): Promise<void> {
  if (victim.exitCode !== null || victim.signalCode !== null) return;
  const gone = once(victim, 'exit');
  victim.kill('SIGKILL');
  await gone;
}

/**
 * Stops a process and lets it go on when the pause is over, as when its virtual machine is moved: its timers fire late,
 * and it does not know why. Does nothing on Windows, which has no such signal.
 */
export async function pauseProcess(victim: ChildProcess, pause: Promise<void>): Promise<void> {
  if (process.platform === 'win32') return;
  victim.kill('SIGSTOP');
  await pause;
  victim.kill('SIGCONT');
}
