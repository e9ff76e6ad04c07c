import { createHash } from 'node:crypto';
import { CompiledQuery } from 'kysely';
import type pg from 'pg';
import { isStalePlan, leavesSession } from '../errors/questions.ts';
import { namedIfNoAnswer } from '../errors/no-answer.ts';
import { withoutValues } from '../errors/without-values.ts';
import { borrow } from '../pool/borrow.ts';
import { valueParsers } from '../values/value-parsers.ts';
import { assertParameters } from './assert-parameters.ts';
import { type CallerTransaction, isKysely } from './caller-transaction.ts';
import type { Statement, StatementRunner } from './statement.ts';

type Result<TRow> = Pick<pg.QueryResult<TRow & pg.QueryResultRow>, 'rows'>;

export interface RunnerOptions {
  /** Whether named statements are prepared: false behind a pooler that cannot keep them. */
  readonly prepare: boolean;
  /** Refuses several statements in one text also when it has no values: for texts of a caller. @default false */
  readonly oneStatement?: boolean | undefined;
  /**
   * Milliseconds in which the database has to answer a statement. A connection of a pool is closed when it does not;
   * one that the caller holds can then be used for nothing else. @default no limit
   */
  readonly answerMs?: number | undefined;
}

/** The extended protocol takes one statement. pg's types have neither this option nor `query_timeout`. */
const extended = { queryMode: 'extended' };

/** Runs statements on a client, or each on any connection of a pool. */
export function runnerOn(
  client: Pick<pg.ClientBase, 'query'> | pg.Pool,
  { prepare, oneStatement = false, answerMs: defaultMs }: RunnerOptions,
): StatementRunner {
  const send = <TRow extends object>(config: pg.QueryConfig) =>
    'ending' in client ? queryOnce<TRow>(client, config) : client.query<TRow & pg.QueryResultRow>(config);
  const ask = async <TRow extends object>({ name, text, values, answerMs = defaultMs }: Statement) => {
    assertParameters(values);
    // pg answers several statements in one text with a list, which its types do not say.
    let result: Result<TRow> | readonly Result<TRow>[];
    try {
      const config = {
        ...(prepare && name !== undefined ? { name: preparedName(name) } : {}),
        text,
        values: [...values],
        types: valueParsers,
        ...(oneStatement ? extended : {}),
        ...(answerMs === undefined ? {} : { query_timeout: answerMs }),
      };
      result = await send<TRow>(config);
    } catch (error) {
      throw withoutValues(namedIfNoAnswer(error, answerMs));
    }
    return lastOf(result).rows;
  };
  return async <TRow extends object>(statement: Statement) => {
    try {
      return await ask<TRow>(statement);
    } catch (error) {
      // A pool closes the connection that failed. On others the statement may be as old.
      if (!isStalePlan(error) || statement.name === undefined) throw error;
      return ask<TRow>({ ...statement, name: undefined });
    }
  };
}

/** Longest name of a prepared statement. PostgreSQL cuts the others, so that two of them could be one. */
const MAX_NAME = 63;

function preparedName(name: string): string {
  if (name.length <= MAX_NAME) return name;
  return `leftfold ${createHash('sha256').update(name).digest('base64url')}`;
}

/**
 * Like the pool's own `query`, which closes the connection after any error: one whose session is unharmed is kept.
 * Appends that lose a race, or wait for a lock, would otherwise make a new connection for each attempt.
 */
async function queryOnce<TRow extends object>(
  pool: pg.Pool,
  config: pg.QueryConfig,
): Promise<pg.QueryResult<TRow & pg.QueryResultRow>> {
  const { client, release } = await borrow(pool);
  try {
    const result = await client.query<TRow & pg.QueryResultRow>(config);
    release();
    return result;
  } catch (error) {
    // The server reports an error before it undoes the statement. Until it has, locks are held that a reader would meet.
    const isUndone = isReported(error) && (await isAnswered(client.query(EMPTY)));
    release(!(isUndone && leavesSession(error)));
    throw error;
  }
}

/** Answered when what was sent before has ended. */
const EMPTY = { text: '', query_timeout: 1_000 };

function isAnswered(query: Promise<unknown>): Promise<boolean> {
  return query.then(
    () => true,
    () => false,
  );
}

/** True for what the server itself says about a statement. */
function isReported(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'severity' in error;
}

function lastOf<TResult extends object>(result: TResult | readonly TResult[]): TResult {
  return isList(result) ? result.at(-1)! : result;
}

function isList<TResult extends object>(result: TResult | readonly TResult[]): result is readonly TResult[] {
  return Array.isArray(result);
}

/** Runs statements in a transaction that the caller holds open. */
export function runnerInTransaction(transaction: CallerTransaction): StatementRunner {
  if (!isKysely(transaction)) return runnerOn(transaction, { prepare: false });
  // The caller's plugins would rename the columns that come back.
  const plain = transaction.withoutPlugins();
  return async <TRow extends object>({ text, values }: Statement) => {
    try {
      const { rows } = await plain.executeQuery<TRow>(CompiledQuery.raw(text, [...values]));
      return rows;
    } catch (error) {
      throw withoutValues(error);
    }
  };
}
