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

/** A rebuild of a projection, or what was asked of one, cannot be done as things are. Nothing was changed. */
export class RebuildRefusedError extends LeftfoldError {
  readonly code = 'REBUILD_REFUSED';
  readonly retryable = false;
  readonly projection: string;
  readonly version: number;

  /** @param reason what is in the way, and what to do */
  constructor(
    { name, version }: { readonly name: string; readonly version: number },
    reason: string,
    options?: ErrorOptions,
  ) {
    super(`projection "${name}" version ${version}: ${reason}`, options);
    this.projection = name;
    this.version = version;
  }
}

/** A rebuild that a call waited for was dropped, or another one has begun. What serves was not changed by it. */
export class RebuildDroppedError extends LeftfoldError {
  readonly code = 'REBUILD_DROPPED';
  readonly retryable = false;
  readonly projection: string;
  readonly version: number;

  constructor({ name, version }: { readonly name: string; readonly version: number }) {
    super(
      `projection "${name}" version ${version}: the rebuild was dropped before it was switched to; rebuild it again`,
    );
    this.projection = name;
    this.version = version;
  }
}

/** Rows of a projection cannot be replaced by those that its events make. Nothing was changed. */
export class RepairRefusedError extends LeftfoldError {
  readonly code = 'REPAIR_REFUSED';
  readonly retryable = false;
  readonly projection: string;
  readonly version: number;

  /** @param reason what is in the way, and what to do */
  constructor({ name, version }: { readonly name: string; readonly version: number }, reason: string) {
    super(`projection "${name}" version ${version}: ${reason}`);
    this.projection = name;
    this.version = version;
  }
}
