import { readable, thrownText } from '@leftfold/core/input';

/**
 * Calls a callback that is told something. It may be asynchronous, and is not awaited: what its promise rejects with
 * becomes a warning, since the process would end otherwise.
 *
 * @throws what the callback throws
 */
export function tell<TNews>(callback: ((news: TNews) => unknown) | undefined, news: TNews): void {
  const answer = callback?.(news);
  if (answer instanceof Promise) answer.catch(warn);
}

/** Emits a warning of the process. */
export function warn(thrown: unknown): void {
  const error = readable(thrown);
  process.emitWarning(error instanceof Error ? error : thrownText(error));
}
