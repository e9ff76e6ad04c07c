import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { processExists } from './process-exists.ts';
import type { StopSteps } from './protocol.ts';
import { Supervisor } from './supervisor.ts';

const steps: StopSteps = [
  { signal: 'SIGINT', waitMs: 50 },
  { signal: 'SIGQUIT', waitMs: 50 },
  { signal: 'SIGKILL', waitMs: 5_000 },
];

/** Stays when it is asked to end, as a server does that waits for its clients. */
const stubborn = `
  for (const signal of ['SIGINT', 'SIGQUIT']) process.on(signal, () => console.log(signal));
  setInterval(() => {}, 1000);
  console.log('ready');`;

async function superviseStubborn() {
  const folder = mkdtempSync(join(tmpdir(), 'leftfold-supervisor-'));
  const remove = join(folder, 'scratch');
  const log = join(folder, 'log');
  const supervisor = new Supervisor({ remove, atEnd: steps, pgCtl: undefined });
  const program = await supervisor.run({
    command: process.execPath,
    args: ['-e', stubborn],
    cwd: folder,
    log,
  });
  const output = () => readFileSync(log, 'utf8').trim().split('\n');
  while (!output().includes('ready')) await delay(5);
  return {
    supervisor,
    program,
    output,
    remove: () => rmSync(folder, { recursive: true }),
  };
}

// Windows has no signals.
describe.skipIf(process.platform === 'win32')('a program that does not end when it is asked to', () => {
  test('is killed after the time of each step', async () => {
    const { supervisor, program, output, remove } = await superviseStubborn();
    await supervisor.stop(steps);
    expect(program.exit).toEqual({ code: null });
    expect(output()).toEqual(['ready', 'SIGINT', 'SIGQUIT']);
    await supervisor.end();
    remove();
  });

  test('is killed likewise when the process that started it ends', async () => {
    const { supervisor, program, output, remove } = await superviseStubborn();
    await supervisor.end();
    expect(processExists(program.pid)).toBe(false);
    expect(output()).toEqual(['ready', 'SIGINT', 'SIGQUIT']);
    remove();
  });
});
