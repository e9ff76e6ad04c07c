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

/**
 * An event breaks a constraint of an inline projection's table, such as a key that another row has. Nothing was appended.
 *
 * It has no `cause`: the database's error contains the values.
 */
export class ProjectionConstraintViolatedError extends LeftfoldError {
  readonly code = 'PROJECTION_CONSTRAINT_VIOLATED';
  readonly retryable = false;
  readonly projection: string;
  readonly version: number;
  readonly table: string;
  readonly constraint: string;

  constructor(
    { name, version }: { readonly name: string; readonly version: number },
    { table, constraint }: { readonly table: string; readonly constraint: string },
  ) {
    super(
      `constraint "${constraint}" of table "${table}" of projection "${name}" version ${version} is violated; turn this error into a rejection with toRejection in a middleware, or mend the projection`,
    );
    this.projection = name;
    this.version = version;
    this.table = table;
    this.constraint = constraint;
  }
}

/**
 * An inline projection is applied asynchronously for now. No event is missing from it. Told as a warning or an incident,
 * never thrown by an append.
 */
export class ProjectionNotInlineError extends LeftfoldError {
  readonly code = 'PROJECTION_NOT_INLINE';
  readonly retryable = false;

  /**
   * @param projections names and versions
   * @param reason why, and what happens next
   */
  constructor(projections: string, reason: string) {
    super(`projection ${projections} is not inline: ${reason}`);
  }
}
