import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { PostgresOptions } from '../src/index.ts';

/** The line that the application prints when its server is ready. */
export interface Started {
  readonly connectionString: string;
  readonly pid: number;
}

/** A separate process that starts a server and then waits. Its working directory is also its TMPDIR. */
export interface Application extends Disposable {
  readonly process: ChildProcess;
  readonly pid: number;
  readonly folder: string;
  /** Rejects with the application's stderr when the server does not start. */
  readonly started: Promise<Started>;
}

const script = fileURLToPath(new URL('./hold-server.ts', import.meta.url));
const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;

export function startApplication(options: PostgresOptions = {}, user: { uid?: number } = {}): Application {
  const folder = openFolder();
  const application = spawn(process.execPath, ['--import', tsx, script, JSON.stringify(options)], {
    cwd: folder,
    env: { PATH: process.env['PATH'], TMPDIR: folder, TSX_DISABLE_CACHE: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true, // a separate process group, as in a terminal
    ...user,
  });
  let errorOutput = '';
  application.stderr.setEncoding('utf8').on('data', (text: string) => {
    errorOutput += text;
  });
  const started = Promise.race([
    once(createInterface({ input: application.stdout }), 'line').then(
      ([line]) => JSON.parse(String(line)) as Started,
    ),
    once(application, 'exit').then(() => Promise.reject(new Error(`the application ended: ${errorOutput}`))),
  ]);
  started.catch(() => {}); // a test that kills the application early does not await it
  return {
    process: application,
    pid: application.pid ?? 0,
    folder,
    started,
    [Symbol.dispose]: () => {
      application.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true, maxRetries: 20 });
    },
  };
}

/** An empty temporary folder that every user may write to. */
export function openFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'embedded-test-'));
  chmodSync(folder, 0o777);
  return folder;
}

/** The files of the folder, and the processes whose working directory is in it. */
export function leftIn(folder: string): { files: string[]; processes: number[] } {
  const processes = readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && workingDirectory(pid).startsWith(folder));
  return { files: readdirSync(folder), processes };
}

function workingDirectory(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return '';
  }
}
