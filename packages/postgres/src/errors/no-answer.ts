import { NO_ANSWER } from './connection-table.ts';

/** What pg throws when a statement's `query_timeout` is over: an Error that has only this message. */
export const TIMED_OUT = 'Query read timeout';

/**
 * The error of a statement, named when the database gave no answer in time. A connection that could not be opened in
 * time, or broke, is another error: its statement may not have been sent.
 *
 * @param answerMs the limit of the statement; undefined: it had only that of the pool, if there is one
 */
export function namedIfNoAnswer(error: unknown, answerMs: number | undefined): unknown {
  if (!(error instanceof Error) || error.message !== TIMED_OUT) return error;
  const limit =
    answerMs === undefined ? 'within the query_timeout of the pool' : `for ${answerMs} ms (answerTimeoutMs)`;
  return Object.assign(new Error(`the database gave no answer ${limit}`, { cause: error }), {
    code: NO_ANSWER,
  });
}
