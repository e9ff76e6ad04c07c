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

/** A program that was started: `exit` is set once it has ended (`code` null: by a signal). */
export interface RunningProgram {
  readonly pid: number;
  readonly exited: Promise<void>;
  exit: { readonly code: number | null } | undefined;
}

/**
 * Runs one program at a time in a process that outlives this one just long enough to clean up.
 *
 * It watches a pipe held by this process: whatever ends this process closes the pipe. Then the
 * program is stopped and the directory given as `remove` is removed.
 */
export class Supervisor {
  /** Settles when the supervisor has ended: nothing it ran is left, and its directory is gone. */
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
      detached: true, // a session of its own: no signal of this terminal reaches it
      windowsHide: true,
      env: serverEnvironment(),
    });
    this.ended = new Promise<void>((resolve) => {
      this.#process.once('error', () => resolve());
      this.#process.once('exit', () => resolve());
    }).then(() => this.#sweep());
    this.#process.stdin.on('error', () => {}); // `ended` tells
    createInterface({ input: this.#process.stdout }).on('line', (line) =>
      this.#hear(JSON.parse(line) as SupervisorReport),
    );
  }

  /** @throws EmbeddedPostgresError `POSTGRES_START_FAILED` when the system refuses to start the program. */
  run(program: Program): Promise<RunningProgram> {
    const started = new Promise<RunningProgram>((resolve, reject) => {
      this.#starting = { resolve, reject };
      void this.ended.then(() => reject(startFailed('the process that supervises PostgreSQL ended')));
    });
    this.#tell({ run: program });
    return started;
  }

  /** Resolves when the program has ended, at the latest after all the steps. */
  async stop(steps: StopSteps): Promise<void> {
    const program = this.#program;
    if (program === undefined) return;
    this.#tell({ stop: steps });
    await program.running.exited;
  }

  /** Ends the supervisor as the end of this process would, and waits for it. */
  async end(): Promise<void> {
    this.#process.stdin.end();
    await this.ended;
  }

  /** Whether this process stays alive because of the supervisor. */
  keepsAlive(yes: boolean): void {
    // The types of a child's pipes do not tell that they are sockets.
    const pipes = [this.#process.stdin, this.#process.stdout] as (Writable | Readable | Socket)[];
    for (const handle of [this.#process, ...pipes]) {
      if (!('unref' in handle)) continue;
      if (yes) handle.ref();
      else handle.unref();
    }
  }

  #tell(command: SupervisorCommand): void {
    this.#process.stdin.write(`${JSON.stringify(command)}\n`);
  }

  #hear(report: SupervisorReport): void {
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

  /** Does what the supervisor would have done, had it not been killed itself. */
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
