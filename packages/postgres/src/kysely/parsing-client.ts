import type { PostgresCursor, PostgresPoolClient, PostgresQueryResult } from 'kysely';
import type pg from 'pg';
import { namedIfNoAnswer } from '../errors/no-answer.ts';
import { isNoAnswer, isStalePlan } from '../errors/questions.ts';
import { withoutValues } from '../errors/without-values.ts';
import { assertParameters } from '../statement/assert-parameters.ts';
import type { StatementNames } from '../statement/statement-names.ts';
import { FirstFailure } from '../transaction/first-failure.ts';
import type { TransactionGuard } from '../transaction/transaction-guard.ts';
import { valueParsers } from '../values/value-parsers.ts';
import { gatherWrites, isPipelining } from './pipelining.ts';

/** How long statements may take, and what closes a connection that does not answer. */
export interface AnswerLimits {
  /** Milliseconds. @default no limit */
  readonly answerMs?: number | undefined;
  /** True for every statement; false for the begin and the end of a transaction only. @default false */
  readonly everyStatement?: boolean | undefined;
  readonly breakOff?: () => void;
  /** Called with the text of each statement before it is sent. */
  readonly onStatement?: ((text: string) => void) | undefined;
  /** Of the one transaction that the client is for. Only {@link ParsingClient.end} ends that then. @default none */
  readonly guard?: TransactionGuard | undefined;
}

/**
 * A pg client for kysely whose values are parsed by `valueParsers`, whatever its own pool does, and that answers in the
 * order it was asked.
 *
 * A COMMIT that Postgres answers with ROLLBACK fails, with the first error of the transaction. Not every kysely of the
 * peer range looks at the answer.
 */
export class ParsingClient implements PostgresPoolClient {
  readonly release: (destroy?: boolean) => void;
  readonly #client: pg.ClientBase;
  readonly #limits: AnswerLimits;
  readonly #names: StatementNames | undefined;
  /** The connection, if it takes a statement while it works on another. */
  readonly #pipelining: pg.Client | undefined;
  readonly #failure = new FirstFailure();
  #last: Promise<unknown> = Promise.resolve();
  /** Why no statement may be sent any more. */
  #closed: { readonly reason: unknown } | undefined;

  /** @param names for statements that are prepared; undefined where none is. */
  constructor(
    client: pg.ClientBase,
    release: (destroy?: boolean) => void,
    names: StatementNames | undefined,
    limits: AnswerLimits = {},
  ) {
    this.#client = client;
    this.#limits = limits;
    this.release = release;
    this.#names = names;
    this.#pipelining = isPipelining(client) ? client : undefined;
  }

  query<TRow>(text: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<TRow>>;
  query<TRow>(cursor: PostgresCursor<TRow>): PostgresCursor<TRow>;
  query<TRow>(
    text: string | PostgresCursor<TRow>,
    parameters: readonly unknown[] = [],
  ): Promise<PostgresQueryResult<TRow>> | PostgresCursor<TRow> {
    if (typeof text !== 'string')
      throw new TypeError('this kysely has no cursors: read with a limit instead of stream()');
    const { guard } = this.#limits;
    guard?.assertInside(text, this.#transactionStatus);
    const result = this.#ask(text, parameters, guard);
    // pg types a result by its rows only; kysely names the commands it may come from.
    return result as Promise<object> as Promise<PostgresQueryResult<TRow>>;
  }

  /** Ends the transaction. @throws InvalidArgumentError when a statement has ended it before */
  async end(text: 'commit' | 'rollback'): Promise<void> {
    const guard = text === 'commit' ? this.#limits.guard : undefined;
    guard?.assertInside('', this.#transactionStatus);
    await this.#ask(text, [], undefined);
    guard?.assertNotEnded();
  }

  /** Runs one or more statements without parameters, in one round trip. */
  async runTexts(text: string): Promise<void> {
    await this.#send({ text }, true);
  }

  /** Every later statement fails with the reason. */
  close(reason: unknown): void {
    this.#closed = { reason };
  }

  #ask(
    text: string,
    parameters: readonly unknown[],
    guard: TransactionGuard | undefined,
  ): Promise<pg.QueryResult> {
    this.#limits.onStatement?.(text);
    const name = this.#names?.nameOf(text);
    const query = { text, values: [...parameters], types: valueParsers };
    const limited = this.#limits.everyStatement === true || text === 'commit' || text === 'rollback';
    const answer = this.#send(name === undefined ? query : { ...query, name }, limited).then(
      (result) => {
        guard?.watch(text, result, this.#transactionStatus);
        return result;
      },
      (error: unknown) => {
        if (isStalePlan(error)) this.#names?.renew(text);
        throw withoutValues(namedIfNoAnswer(error, undefined));
      },
    );
    return this.#failure.watch(text, answer);
  }

  /** That of the server's last answer: `I` outside of a transaction. */
  get #transactionStatus(): unknown {
    // A client of a caller's own pg may be older than the method.
    const client: { getTransactionStatus?(): unknown } = this.#client;
    return client.getTransactionStatus?.();
  }

  #send(query: pg.QueryConfig, limited: boolean): Promise<pg.QueryResult> {
    const answerMs = limited ? this.#limits.answerMs : undefined;
    const ask = async () => {
      if (this.#closed !== undefined) throw this.#closed.reason;
      assertParameters(query.values);
      if (answerMs === undefined) return this.#client.query(query);
      return this.#askWithin(query, answerMs);
    };
    if (this.#pipelining !== undefined) gatherWrites(this.#pipelining);
    const result = this.#pipelining !== undefined ? ask() : this.#last.then(ask, ask);
    this.#last = result;
    return result;
  }

  async #askWithin(query: pg.QueryConfig, answerMs: number): Promise<pg.QueryResult> {
    try {
      // pg's types do not have this option.
      const timed: pg.QueryConfig & { readonly query_timeout: number } = {
        ...query,
        query_timeout: answerMs,
      };
      return await this.#client.query(timed);
    } catch (thrown) {
      const error = namedIfNoAnswer(thrown, answerMs);
      // What is sent after it would wait for the same answer.
      if (isNoAnswer(error)) {
        this.close(error);
        this.#limits.breakOff?.();
      }
      throw error;
    }
  }
}
