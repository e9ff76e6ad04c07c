import { within as withinLimit } from '@leftfold/postgres';

/** Waits for work. @throws what `toError` makes, when it takes longer than `limitMs`; the work is not waited for then */
export function within<TResult>(
  work: Promise<TResult>,
  limitMs: number,
  toError: () => Error,
): Promise<TResult> {
  const late = (): never => {
    throw toError();
  };
  return withinLimit(work, { limitMs, late });
}
