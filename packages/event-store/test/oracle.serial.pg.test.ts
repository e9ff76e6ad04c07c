import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';

const oracle = fileURLToPath(new URL('../oracle/main.ts', import.meta.url));
const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;

/** A few seconds of the oracle; `npm run oracle -- --minutes 5` is the same for longer. */
async function runOracle(...args: readonly string[]): Promise<{ code: number | null; output: string }> {
  // An IPC channel: when this process ends, so does the oracle with everything it started.
  const run = fork(oracle, ['--minutes', '0.1', '--processes', '2', ...args], {
    execArgv: ['--conditions=@leftfold/source', '--import', tsx],
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

describe('under random writers, readers, kills, pauses and a crash', { timeout: 180_000 }, () => {
  test('every reader sees exactly what was committed, in its order, and every acknowledged append is in the log, once', async () => {
    const { code, output } = await runOracle();
    expect(output).toContain('Every reader saw exactly what was committed');
    expect(code, output).toBe(0);
  });

  test('readers that go by the newest position they see are found out', async () => {
    const { code, output } = await runOracle('--without-settling');
    expect(output).toMatch(/VIOLATION {2}reader .*: handled \d+ of \d+ events, lost [1-9]/);
    expect(output).not.toMatch(/VIOLATION {2}(append|position|writer|process|settled)/);
    expect(code, output).toBe(1);
  });
});
