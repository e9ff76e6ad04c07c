import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { typescriptFlags } from '@leftfold/testbed/faults';

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));

/** A few seconds of the oracle; `npm run oracle -- log --minutes 5` is the same for longer. */
export async function runOracle(
  subject: string,
  ...args: readonly string[]
): Promise<{ code: number | null; output: string }> {
  // An IPC channel: when this process ends, so does the oracle with everything that it started.
  const run = fork(main, [subject, ...args], {
    execArgv: [...typescriptFlags],
    env: { ...process.env, TSX_DISABLE_CACHE: '1' },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let output = '';
  for (const stream of [run.stdout, run.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  await once(run, 'close');
  return { code: run.exitCode, output };
}
