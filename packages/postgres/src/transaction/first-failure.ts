import { TransactionRolledBackError } from '@leftfold/core';
import { isAborted } from '../errors/questions.ts';

interface Answer {
  /** The command tag: `ROLLBACK` for a COMMIT of a transaction that had failed. */
  readonly command?: string;
}

/**
 * The failure of a transaction that can only be rolled back any more.
 *
 * After a statement has failed, Postgres refuses all others with the same message, and answers COMMIT with ROLLBACK. The
 * code that sent the statement may have caught its error, so that it would be lost.
 */
export class FirstFailure {
  #first: { readonly error: unknown } | undefined;

  /** @throws the first error, where Postgres refers to it or rolls back because of it */
  async watch<TAnswer extends Answer>(text: string, answer: Promise<TAnswer>): Promise<TAnswer> {
    let command: string | undefined;
    try {
      ({ command } = await answer);
    } catch (error) {
      this.#first ??= { error };
      throw isAborted(error) ? this.#first.error : error;
    }
    // A statement that succeeds proves that the transaction has not failed: ROLLBACK TO SAVEPOINT may have saved it.
    const first = this.#first;
    this.#first = undefined;
    if (command === 'ROLLBACK' && text === 'commit')
      throw first === undefined ? new TransactionRolledBackError() : first.error;
    return answer;
  }
}
