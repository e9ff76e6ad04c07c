import { LeftfoldError, TransportRefusedError, TransportUnavailableError } from '@leftfold/core';
import {
  applyMigrations,
  Notifier,
  type OpenedPool,
  openPool,
  type StatementRunner,
  toLeftfoldError,
} from '@leftfold/postgres';
import type { QueueSettings } from './queue-options.ts';
import { functions, migrations } from './sql/migrations.generated.ts';

/** Milliseconds in which the database has to answer a statement. */
const ANSWER_MS = 10_000;
/** As many more for each MiB that a statement sends, or is answered with: a busy server takes seconds for the largest bodies. */
const ANSWER_MS_PER_MIB = 1_000;

/** @param bytes that the statement sends, or is answered with */
export function answerMsFor(bytes: number): number {
  return ANSWER_MS + Math.ceil((bytes / 2 ** 20) * ANSWER_MS_PER_MIB);
}

/** What cannot succeed before somebody changes the database or the connection string. */
const refusals: ReadonlySet<string> = new Set([
  'LOGIN_REFUSED',
  'MISSING_RIGHTS',
  'READ_ONLY_DATABASE',
  'FOREIGN_SCHEMA',
  'SCHEMA_MISMATCH',
  'SCHEMA_NOT_MIGRATED',
  'SERVER_TOO_OLD',
]);

/** A queue with connections to its database. */
export class OpenQueue {
  readonly settings: QueueSettings;
  readonly name: string;
  readonly run: StatementRunner;
  readonly notifier: Notifier;
  readonly #opened: OpenedPool;

  /** @param name of the transport, for messages */
  constructor(settings: QueueSettings, name: string) {
    const { url, pool, schema, preparedStatements: prepare, listen } = settings;
    this.settings = settings;
    this.name = name;
    this.#opened = openPool({ connectionString: url, pool, maxConnections: 3 });
    this.run = this.#opened.runner({ prepare, answerMs: ANSWER_MS });
    this.notifier = new Notifier({ pool: this.#opened.pool, channel: `${schema}_published`, listen });
  }

  /** Creates the tables and registers consumers. @throws TransportUnavailableError, TransportRefusedError */
  async prepare(consumers: readonly string[]): Promise<void> {
    const { schema, queue } = this.settings;
    await this.asTransport(async () => {
      const component = 'queue';
      const { pool } = this.#opened;
      await applyMigrations(pool, { schema, component, migrations, functions, answerMs: ANSWER_MS });
      for (const consumer of consumers)
        await this.run({
          name: undefined,
          text: `select "${schema}".register_consumer($1, $2)`,
          values: [queue, consumer],
        });
    });
  }

  /** @throws TransportUnavailableError, TransportRefusedError for what `work` throws */
  async asTransport<TResult>(work: () => Promise<TResult>): Promise<TResult> {
    try {
      return await work();
    } catch (thrown) {
      throw this.errorOf(thrown);
    }
  }

  errorOf(thrown: unknown): Error {
    const error = toLeftfoldError(thrown, this.settings.schema);
    const problem = error instanceof Error ? error.message : String(error);
    const refused = LeftfoldError.is(error) && refusals.has(error.code);
    const toError = refused ? TransportRefusedError : TransportUnavailableError;
    return new toError(this.name, problem, { cause: error });
  }

  /** Does not throw. */
  async close(): Promise<void> {
    await this.#opened.end(ANSWER_MS, [() => this.notifier.close()]).catch(() => {});
  }
}
