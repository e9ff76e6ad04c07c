// @ts-check
// Runs in a separate process and session, so that it outlives the process that started it (also after SIGKILL, or
// Ctrl-C, which signals the whole process group) until the database is stopped and temporary files are removed.
// Plain JavaScript, because it is started by its path, also from the sources on a Node that cannot run TypeScript.
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';

/** @import { ChildProcess } from 'node:child_process' */
/** @import { Program, StopSteps, SupervisorCommand, SupervisorOptions, SupervisorReport } from './protocol.ts' */

/** @type {SupervisorOptions} */
const { remove, atEnd, pgCtl } = JSON.parse(process.argv[2] ?? '');

/** @type {{ process: ChildProcess, exited: Promise<void> } | undefined} */
let running;
let ending = false;

process.stdout.on('error', () => {}); // the reader has ended
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']))
  process.on(signal, () => void end());

createInterface({ input: process.stdin })
  .on('line', (line) => {
    /** @type {SupervisorCommand} */
    const command = JSON.parse(line);
    if (ending) return;
    if ('run' in command) run(command.run);
    else void stop(command.stop);
  })
  .on('close', () => void end());

/** @param {Program} program */
function run({ command, args, log, input, ...options }) {
  try {
    // Never through a link, which the server's user can put there. Windows has no such flag: undefined counts as 0.
    const { O_APPEND, O_CREAT, O_WRONLY, O_NOFOLLOW } = constants;
    const output = openSync(log, O_APPEND | O_CREAT | O_WRONLY | O_NOFOLLOW, 0o600);
    const started = spawn(command, args, {
      ...options,
      stdio: [input === undefined ? 'ignore' : 'pipe', output, output],
      windowsHide: true,
    });
    closeSync(output);
    started.once('error', (error) => report({ failed: error.message }));
    if (started.pid === undefined) return;
    started.stdin?.on('error', () => {}); // its exit code tells that it has not read all
    started.stdin?.end(input);
    const exited = new Promise((resolve) => started.once('exit', resolve)).then((code) => {
      running = undefined;
      report({ exited: code });
    });
    running = { process: started, exited };
    report({ started: started.pid });
  } catch (error) {
    report({ failed: String(error) });
  }
}

/** @param {StopSteps} steps */
async function stop(steps) {
  for (const { signal, waitMs } of steps) {
    if (running === undefined) return;
    if (pgCtl === undefined || signal === 'SIGKILL') running.process.kill(signal);
    else
      spawnSync(pgCtl, ['kill', signal.slice('SIG'.length), String(running.process.pid)], {
        windowsHide: true,
      });
    const waiting = new AbortController();
    await Promise.race([
      running.exited,
      delay(waitMs, undefined, { signal: waiting.signal }).catch(() => {}),
    ]);
    waiting.abort();
  }
}

async function end() {
  if (ending) return;
  ending = true;
  await stop(atEnd);
  // Retries, because child processes of a killed `initdb` may still be writing.
  await rm(remove, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  process.exit();
}

/** @param {SupervisorReport} message */
function report(message) {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}
