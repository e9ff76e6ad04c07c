import { LeftfoldError } from './leftfold-error.ts';

/** A part of an app did not become ready within the time given. It may still do so. */
export class NotReadyError extends LeftfoldError {
  readonly code = 'NOT_READY';
  readonly retryable = true;
  /** What is not ready and why, one line for each part: `projection "balances" …`. */
  readonly missing: readonly string[];

  constructor(missing: readonly string[], timeoutMs: number, options?: ErrorOptions) {
    super(`the app is not ready after ${timeoutMs} ms: ${missing.join('; ')}`, options);
    this.missing = missing;
  }
}
