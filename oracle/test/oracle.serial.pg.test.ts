import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { typescriptFlags } from '@leftfold/testbed/faults';
import { guarantee } from '@leftfold/testbed/guarantees';
import { describe, expect, test } from 'vitest';

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));

/** A few seconds of the oracle; `npm run oracle -- log --minutes 5` is the same for longer. */
async function runOracle(...args: readonly string[]): Promise<{ code: number | null; output: string }> {
  // An IPC channel: when this process ends, so does the oracle with everything that it started.
  const run = fork(main, ['log', '--minutes', '0.1', '--processes', '2', ...args], {
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

describe('the log under random writers, readers and faults', { timeout: 180_000 }, () => {
  test('is read exactly as it was committed, and has every acknowledged append once', async () => {
    guarantee('readers-miss-nothing', 'atomic-appends', 'durable', 'versions-without-holes');
    const { code, output } = await runOracle();
    expect(output).toContain('Every reader saw exactly what was committed');
    expect(code, output).toBe(0);
  });

  test('loses events for readers that ignore the high-water mark, and nothing else', async () => {
    const { code, output } = await runOracle('--control');
    expect(output).toMatch(/VIOLATION {2}reader .*: handled \d+ of \d+ events, lost [1-9]/);
    expect(output).not.toMatch(/VIOLATION {2}(append|position|process|high-water mark)/);
    expect(output).toContain('The control was found out, as it must be');
    expect(code, output).toBe(1);
  });
});
