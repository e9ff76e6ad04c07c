import type { DirectoryLock } from './directory/lock.ts';
import { EmbeddedPostgresError } from './embedded-postgres-error.ts';
import { launch } from './server/launch.ts';
import type { ServerPlan } from './server/server-plan.ts';
import type { StopSteps } from './supervisor/protocol.ts';
import type { RunningProgram, Supervisor } from './supervisor/supervisor.ts';

/** What a server is made of: see `startPostgres`. */
export interface ServerParts {
  readonly plan: ServerPlan;
  readonly port: number;
  readonly supervisor: Supervisor;
  readonly program: RunningProgram;
  readonly lock: DirectoryLock | undefined;
  readonly description: string;
}

/** How long each way to stop may take before the next: orderly for stored data, quick for data that go anyway. */
export const stopFast: StopSteps = [
  { signal: 'SIGINT', waitMs: 30_000 },
  { signal: 'SIGQUIT', waitMs: 8_000 },
  { signal: 'SIGKILL', waitMs: 5_000 },
];
export const stopImmediate: StopSteps = stopFast.slice(1);

/**
 * A running PostgreSQL server, started by `startPostgres`.
 *
 * It does not keep the process alive, and does not outlive it: however the process ends, the
 * server is stopped within a moment, and ephemeral data are removed.
 */
export class EmbeddedPostgres implements AsyncDisposable {
  /** For the superuser `postgres`, with the password. */
  readonly connectionString: string;
  /** Of the server: `17.10`. */
  readonly version: string;
  /** One line for people: `PostgreSQL 17.10 (embedded, ephemeral)`. */
  readonly description: string;
  readonly #parts: ServerParts;
  #program: RunningProgram;
  #turn: Promise<unknown> = Promise.resolve();
  #stopped: Promise<void> | undefined;

  constructor(parts: ServerParts) {
    this.#parts = parts;
    this.#program = parts.program;
    this.version = parts.plan.binaries.version;
    this.description = parts.description;
    this.connectionString = `postgresql://postgres:${parts.plan.password}@127.0.0.1:${parts.port}/postgres`;
  }

  /** The process number of the server; another one after each restart. */
  get pid(): number {
    return this.#program.pid;
  }

  /**
   * Stops the server and starts it again, on the same port and data. All connections are cut.
   *
   * @param options.mode `fast` rolls back what is in flight and shuts down in order; `immediate` is a crash: the
   * server recovers from its log, and every commit that was acknowledged is there.
   * @throws EmbeddedPostgresError `POSTGRES_STOPPED` after `stop`; `POSTGRES_START_FAILED`, `POSTGRES_PORT_IN_USE`
   * when it does not come back: then it may be tried again.
   */
  restart({ mode }: { readonly mode: 'fast' | 'immediate' }): Promise<void> {
    return this.#inTurn(async () => {
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
   * Stops the server; a second call waits for the first. Nothing of it is left then: no process, no
   * temporary file. Clients get a second to say goodbye, so a pool that is just closing meets no error.
   */
  stop(): Promise<void> {
    this.#stopped ??= this.#inTurn(async () => {
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

  /** One restart or stop after the other. */
  #inTurn(action: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(action);
    this.#turn = done.catch(() => {});
    return done;
  }
}
