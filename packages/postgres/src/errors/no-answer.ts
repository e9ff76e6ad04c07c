import { NO_ANSWER } from './failure-table.ts';

/**
 * The error of a statement, named when the database gave no answer in time. pg throws a bare Error then, as it does for
 * a connection that broke.
 *
 * @param elapsedMs how long the statement took
 * @param answerMs its limit; undefined: it had none
 */
export function namedIfNoAnswer(error: unknown, elapsedMs: number, answerMs: number | undefined): unknown {
  if (answerMs === undefined || elapsedMs < answerMs) return error;
  if (!(error instanceof Error) || 'code' in error) return error;
  const named = new Error(`the database gave no answer for ${answerMs} ms`, { cause: error });
  return Object.assign(named, { code: NO_ANSWER });
}
