import { connectionStringOf } from './directory/connection-file.ts';
import type { DirectoryLock } from './directory/lock.ts';
import { EmbeddedPostgresError } from './embedded-postgres-error.ts';
import { OWNER } from './server/create-owner.ts';
import { launch } from './server/launch.ts';
import type { ServerPlan } from './server/server-plan.ts';
import type { StopSteps } from './supervisor/protocol.ts';
import type { RunningProgram, Supervisor } from './supervisor/supervisor.ts';

/** The parts of a server, assembled by `startPostgres`. */
export interface ServerParts {
  readonly plan: ServerPlan;
  readonly port: number;
  readonly supervisor: Supervisor;
  readonly program: RunningProgram;
  readonly lock: DirectoryLock | undefined;
  readonly description: string;
}

/** Signals and waiting times to stop a server: `stopFast` for kept data, `stopImmediate` for data that is removed. */
export const stopFast: StopSteps = [
  { signal: 'SIGINT', waitMs: 30_000 },
  { signal: 'SIGQUIT', waitMs: 8_000 },
  { signal: 'SIGKILL', waitMs: 5_000 },
];
export const stopImmediate: StopSteps = stopFast.slice(1);

/**
 * A running PostgreSQL server, started by `startPostgres`.
 *
 * It does not keep the process alive and does not outlive it. When the process ends, even by SIGKILL, the
 * server is stopped and ephemeral data is removed.
 */
export class EmbeddedPostgres implements AsyncDisposable {
  /**
   * The URL of the database `postgres` for its owner, the role `leftfold`. The role may create schemas and databases. It
   * is no superuser: SQL of an application cannot run programs or read files with the rights of your user.
   */
  readonly connectionString: string;
  /** The URL of the same database for the superuser `postgres`, for what only a superuser may do. */
  readonly superuserConnectionString: string;
  /** The version of the server: `17.10`. */
  readonly version: string;
  /** One line to print: `PostgreSQL 17.10 (embedded, ephemeral)`. */
  readonly description: string;
  readonly #parts: ServerParts;
  #program: RunningProgram;
  #last: Promise<unknown> = Promise.resolve();
  #stopped: Promise<void> | undefined;

  constructor(parts: ServerParts) {
    this.#parts = parts;
    this.#program = parts.program;
    this.version = parts.plan.binaries.version;
    this.description = parts.description;
    const { password, superuserPassword } = parts.plan.passwords;
    this.connectionString = connectionStringOf(OWNER, password, parts.port);
    this.superuserConnectionString = connectionStringOf('postgres', superuserPassword, parts.port);
  }

  /** The process id of the server. It changes with each restart. */
  get pid(): number {
    return this.#program.pid;
  }

  /**
   * Stops the server and starts it again on the same port and data. All connections are closed.
   *
   * @param options.mode `fast` rolls back open transactions and shuts down cleanly. `immediate` simulates a crash:
   * the server recovers from its write-ahead log, which has every acknowledged commit.
   * @throws EmbeddedPostgresError `POSTGRES_STOPPED` after `stop`; `POSTGRES_START_FAILED` or `POSTGRES_PORT_IN_USE`
   * when the server does not start again; `restart` can be called again then.
   */
  restart({ mode }: { readonly mode: 'fast' | 'immediate' }): Promise<void> {
    return this.#enqueue(async () => {
      if (this.#stopped !== undefined) {
        throw new EmbeddedPostgresError(
          'POSTGRES_STOPPED',
          'the PostgreSQL server was stopped; start a new one',
        );
      }
      const { supervisor, plan, port } = this.#parts;
      supervisor.keepsAlive(true);
      try {
        await supervisor.stop(mode === 'fast' ? stopFast : stopImmediate);
        this.#program = await launch(supervisor, plan, port);
      } finally {
        supervisor.keepsAlive(false);
      }
    });
  }

  /**
   * Stops the server and removes its processes and temporary files. A second call waits for the first one.
   * Clients get a second to disconnect, so that a pool that is being closed reports no error.
   */
  stop(): Promise<void> {
    this.#stopped ??= this.#enqueue(async () => {
      const { supervisor, lock } = this.#parts;
      supervisor.keepsAlive(true);
      await supervisor.stop([{ signal: 'SIGTERM', waitMs: 1_000 }, ...stopFast]);
      await supervisor.end();
      lock?.release();
    });
    return this.#stopped;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /** Runs restarts and stops one after another. */
  #enqueue(action: () => Promise<void>): Promise<void> {
    const done = this.#last.then(action);
    this.#last = done.catch(() => {});
    return done;
  }
}
