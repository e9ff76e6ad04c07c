import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { rm } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { EmbeddedPostgresError } from '../embedded-postgres-error.ts';
import { serverEnvironment } from '../environment.ts';
import { processExists } from './process-exists.ts';
import type {
  Program,
  StopSteps,
  SupervisorCommand,
  SupervisorOptions,
  SupervisorReport,
} from './protocol.ts';

/** A started program. `exit` is set when it has ended; its `code` is null after a signal. */
export interface RunningProgram {
  readonly pid: number;
  readonly exited: Promise<void>;
  exit: { readonly code: number | null } | undefined;
}

/**
 * Runs one program at a time through a process that outlives this one until it has cleaned up.
 *
 * That process reads a pipe from this process. When this process ends, for any reason, the operating
 * system closes the pipe. The supervisor then stops the program and removes the directory `remove`.
 */
export class Supervisor {
  /** Resolves when the supervisor has ended, its program has ended, and its directory is removed. */
  readonly ended: Promise<void>;
  readonly #process: ChildProcessByStdio<Writable, Readable, null>;
  readonly #remove: string;
  #program: { readonly running: RunningProgram; readonly resolve: () => void } | undefined;
  #starting: { resolve: (program: RunningProgram) => void; reject: (error: Error) => void } | undefined;

  constructor(options: SupervisorOptions) {
    const script = fileURLToPath(new URL('./supervise.mjs', import.meta.url));
    this.#remove = options.remove;
    this.#process = spawn(process.execPath, [script, JSON.stringify(options)], {
      stdio: ['pipe', 'pipe', 'ignore'],
      detached: true, // a separate session, which signals of this terminal do not reach
      windowsHide: true,
      env: serverEnvironment(),
    });
    this.ended = new Promise<void>((resolve) => {
      this.#process.once('error', () => resolve());
      this.#process.once('exit', () => resolve());
    }).then(() => this.#sweep());
    this.#process.stdin.on('error', () => {}); // `ended` reports the end of the supervisor
    createInterface({ input: this.#process.stdout }).on('line', (line) =>
      this.#receive(JSON.parse(line) as SupervisorReport),
    );
  }

  /** @throws EmbeddedPostgresError `POSTGRES_START_FAILED` when the system cannot start the program. */
  run(program: Program): Promise<RunningProgram> {
    const started = new Promise<RunningProgram>((resolve, reject) => {
      this.#starting = { resolve, reject };
      void this.ended.then(() => reject(startFailed('the process that supervises PostgreSQL ended')));
    });
    this.#send({ run: program });
    return started;
  }

  /** Resolves when the program has ended, at the latest after all steps. */
  async stop(steps: StopSteps): Promise<void> {
    const program = this.#program;
    if (program === undefined) return;
    this.#send({ stop: steps });
    await program.running.exited;
  }

  /** Ends the supervisor in the same way as the end of this process does, and waits for it. */
  async end(): Promise<void> {
    this.#process.stdin.end();
    await this.ended;
  }

  /** Whether this process stays alive because of the supervisor. */
  keepsAlive(yes: boolean): void {
    // A child's pipes are sockets, which their types do not say.
    const pipes = [this.#process.stdin, this.#process.stdout] as (Writable | Readable | Socket)[];
    for (const handle of [this.#process, ...pipes]) {
      if (!('unref' in handle)) continue;
      if (yes) handle.ref();
      else handle.unref();
    }
  }

  #send(command: SupervisorCommand): void {
    this.#process.stdin.write(`${JSON.stringify(command)}\n`);
  }

  #receive(report: SupervisorReport): void {
    if ('started' in report) {
      let resolve = () => {};
      const exited = new Promise<void>((done) => {
        resolve = done;
      });
      const running: RunningProgram = { pid: report.started, exited, exit: undefined };
      this.#program = { running, resolve };
      this.#starting?.resolve(running);
    } else if ('failed' in report) {
      this.#starting?.reject(startFailed(report.failed));
    } else {
      this.#programExited(report.exited);
    }
  }

  #programExited(code: number | null): void {
    if (this.#program === undefined) return;
    this.#program.running.exit = { code };
    this.#program.resolve();
    this.#program = undefined;
  }

  /** Cleans up in place of a supervisor that was killed. */
  async #sweep(): Promise<void> {
    const orphan = this.#program?.running.pid;
    if (orphan !== undefined && processExists(orphan)) {
      process.kill(orphan, 'SIGQUIT');
      for (let tries = 0; tries < 500 && processExists(orphan); tries += 1) await delay(20);
    }
    this.#programExited(null);
    await rm(this.#remove, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  }
}

function startFailed(reason: string): EmbeddedPostgresError {
  return new EmbeddedPostgresError('POSTGRES_START_FAILED', reason);
}
