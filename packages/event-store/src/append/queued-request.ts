import type { AppendRequest } from '@leftfold/core/append';
import type { AppendOutcome } from '../sql/append-outcome.ts';
import { Place } from './place.ts';

/** A request, and the promise of its caller. */
export class QueuedRequest extends Place {
  /** When it was made, by the clock of `performance.now()`. */
  readonly since = performance.now();
  /** Whether it must be the only one of its batch. */
  alone = false;
  readonly resolve: (outcome: AppendOutcome) => void;
  readonly reject: (error: unknown) => void;

  constructor(
    number: number,
    request: AppendRequest,
    resolve: (outcome: AppendOutcome) => void,
    reject: (error: unknown) => void,
  ) {
    super(number, request);
    this.resolve = resolve;
    this.reject = reject;
  }
}

/** The outcome of one request, or its own error. */
export type SettledResult = { readonly outcome: AppendOutcome } | { readonly error: unknown };

/**
 * The result of one request of a batch. Two kinds say that nothing of the batch was appended. `retry-alone`: the database
 * refused one of its requests; send each on its own. `blocked`: another transaction held a lock that one of them needs
 * for longer than the lock timeout; with the error of the database.
 */
export type RequestResult = SettledResult | 'retry-alone' | BlockedResult;

export interface BlockedResult {
  readonly blocked: unknown;
  /** True when a connection was lost before: the request may be in the log, and the next try looks for it. */
  readonly lostConnection?: boolean;
}

/**
 * Sends requests in one transaction. Returns a result for each request, in order; never throws.
 *
 * @param lockTimeoutMs how long the transaction waits for each lock that another one holds
 */
export type SendBatch = (
  requests: readonly AppendRequest[],
  lockTimeoutMs: number,
) => Promise<readonly RequestResult[]>;
