import { LeftfoldError } from './leftfold-error.ts';

/** A projection is inline for some processes and not for others: events would be applied twice, or not at all. */
export class ProjectionModeMismatchError extends LeftfoldError {
  readonly code = 'PROJECTION_MODE_MISMATCH';
  readonly retryable = false;
  readonly projection: string;

  /** @param problem which mode it has where, and how to make them agree */
  constructor(projection: string, problem: string) {
    super(`projection "${projection}" ${problem}`);
    this.projection = projection;
  }
}
