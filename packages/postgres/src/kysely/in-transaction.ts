import { type CompiledQuery, Kysely, PostgresDialect, PostgresDriver, type Transaction } from 'kysely';
import type pg from 'pg';
import { lostConnection } from '../errors/lost-connection.ts';
import { notConnected } from '../errors/not-connected.ts';
import { onAbort } from '../pause/on-abort.ts';
import { borrow } from '../pool/borrow.ts';
import type { StatementNames } from '../statement/statement-names.ts';
import { TransactionGuard } from '../transaction/transaction-guard.ts';
import { ParsingClient } from './parsing-client.ts';
import { beginText, type TransactionLimits } from './transaction-limits.ts';

/** A transaction on one connection of a pool. */
export interface PipelinedTransaction {
  readonly tx: Transaction<unknown>;
  /**
   * Sends a statement after all that were sent before, by `send` or by `tx`, without waiting for their answers where
   * the connection can take several. Resolves when the database has answered.
   */
  readonly send: (query: CompiledQuery<unknown>) => Promise<unknown>;
  /** Whether a statement changed a setting, or made a temporary table, that later statements see: as far as texts show it. */
  readonly isChanged: () => boolean;
}

export interface TransactionOptions extends TransactionLimits {
  /** When it aborts, the transaction is rolled back, whatever it waits for, and the call throws the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Milliseconds in which the database has to answer BEGIN and COMMIT; then the connection is closed. The work's own
   * statements may take longer. @default no limit
   */
  readonly answerMs?: number | undefined;
  /** Whether `answerMs` is a limit of the work's statements too. @default false */
  readonly everyStatement?: boolean | undefined;
  /** Called with the text of each statement of the work, and of COMMIT and ROLLBACK, before it is sent. */
  readonly onStatement?: ((text: string) => void) | undefined;
}

/**
 * Runs work in a read committed transaction: it commits when the work resolves, and rolls back when it throws. Statements
 * of the work that would begin or end a transaction are refused, and a connection whose session they changed is closed.
 *
 * The only way in which the framework holds a transaction open over several round trips: the server ends it when it is
 * idle for too long.
 *
 * @param names for statements that are prepared; undefined behind a pooler that cannot keep them.
 * @throws what the work throws. When the connection broke and the work did not fail before, an error that `failureOf`
 * tells apart from a broken connection of the work's own.
 */
export async function inTransaction<TResult>(
  pool: pg.Pool,
  names: StatementNames | undefined,
  work: (transaction: PipelinedTransaction) => Promise<TResult>,
  { signal, answerMs, everyStatement, onStatement, ...limits }: TransactionOptions = {},
): Promise<TResult> {
  signal?.throwIfAborted();
  const {
    client: borrowed,
    release,
    breakOff,
    broken,
  } = await borrow(pool).catch((error: unknown) => {
    throw notConnected(error);
  });
  const guard = new TransactionGuard();
  const releaseUnlessChanged = (destroy?: boolean) => release(destroy === true || guard.isSessionChanged);
  const client = new ParsingClient(borrowed, releaseUnlessChanged, names, {
    answerMs,
    everyStatement,
    breakOff,
    onStatement,
    guard,
  });
  let thrown: { readonly cause: unknown; readonly connected: boolean } | undefined;
  const running = transactionsOn(client, pool, limits)
    .transaction()
    .execute((tx) =>
      work({
        tx,
        send: ({ sql, parameters }) => client.query(sql, parameters),
        isChanged: () => guard.isTransactionChanged,
      }).catch((cause: unknown) => {
        thrown = { cause, connected: broken() === undefined };
        // kysely looks at what it catches before it rolls back, and that can throw. The cause is thrown below.
        throw new WorkFailed();
      }),
    )
    .catch((error: unknown) => {
      // When the connection broke, rolling back fails as well: the first error says more.
      const first = thrown === undefined ? error : thrown.cause;
      if (broken() === undefined) throw first;
      throw lostConnection(first, broken(), thrown?.connected ?? false);
    });
  if (signal === undefined) return running;
  return endedBy(signal, running, () => {
    client.close(signal.reason);
    breakOff();
  });
}

class WorkFailed extends Error {}

/** The promise, or a rejection with the signal's reason after `end` was called. */
async function endedBy<TResult>(
  signal: AbortSignal,
  running: Promise<TResult>,
  end: () => void,
): Promise<TResult> {
  let remove: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    const fail = () => {
      end();
      reject(signal.reason);
    };
    if (signal.aborted) fail();
    else remove = onAbort(signal, fail);
  });
  running.catch(() => {}); // it may settle long after the signal
  aborted.catch(() => {});
  try {
    return await Promise.race([aborted, running]);
  } finally {
    remove?.();
  }
}

/** A kysely whose transactions all run on this client, with these limits. */
function transactionsOn(client: ParsingClient, pool: pg.Pool, limits: TransactionLimits): Kysely<unknown> {
  const config = { pool: { connect: async () => client, end: async () => {}, options: pool.options } };
  return new Kysely<unknown>({ dialect: new LimitedDialect(client, limits, config) });
}

class LimitedDialect extends PostgresDialect {
  readonly #driver: PostgresDriver;

  constructor(
    client: ParsingClient,
    limits: TransactionLimits,
    config: ConstructorParameters<typeof PostgresDriver>[0],
  ) {
    super(config);
    this.#driver = new LimitedDriver(client, limits, config);
  }

  override createDriver(): PostgresDriver {
    return this.#driver;
  }
}

class LimitedDriver extends PostgresDriver {
  readonly #client: ParsingClient;
  readonly #limits: TransactionLimits;

  constructor(
    client: ParsingClient,
    limits: TransactionLimits,
    config: ConstructorParameters<typeof PostgresDriver>[0],
  ) {
    super(config);
    this.#client = client;
    this.#limits = limits;
  }

  override async beginTransaction(): Promise<void> {
    await this.#client.runTexts(beginText(this.#limits));
  }

  override async commitTransaction(): Promise<void> {
    await this.#client.end('commit');
  }

  override async rollbackTransaction(): Promise<void> {
    await this.#client.end('rollback');
  }
}
