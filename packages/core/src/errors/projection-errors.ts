import { LeftfoldError } from './leftfold-error.ts';
import { shownId } from './shown.ts';
import { thrownText } from './thrown.ts';

interface ProjectionIdentity {
  readonly name: string;
  readonly version: number;
}

/** The event that was being applied, where it is known. It was not stored, so that it has no position. */
interface AppliedEvent {
  readonly streamId: string;
  readonly type: string;
}

function at(event: AppliedEvent | undefined): string {
  return event === undefined ? '' : ` at event "${event.type}" of stream ${shownId(event.streamId)}`;
}

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
  /** Undefined when the events of the append were written together. */
  readonly eventType: string | undefined;
  readonly streamId: string | undefined;

  constructor(
    { name, version }: ProjectionIdentity,
    { table, constraint }: { readonly table: string; readonly constraint: string },
    event?: AppliedEvent,
  ) {
    super(
      `constraint "${constraint}" of table "${table}" of projection "${name}" version ${version} is violated${at(event)}; turn this error into a rejection with toRejection in a middleware, or mend the projection`,
    );
    this.projection = name;
    this.version = version;
    this.table = table;
    this.constraint = constraint;
    this.eventType = event?.type;
    this.streamId = event?.streamId;
  }
}

/**
 * An inline projection could not apply an event, for another reason than a violated constraint: its handler threw, or the
 * database refused what it wrote. Nothing was appended. Its `cause` is what was thrown.
 */
export class ProjectionFailedError extends LeftfoldError {
  readonly code = 'PROJECTION_FAILED';
  readonly retryable = false;
  readonly projection: string;
  readonly version: number;
  /** Undefined when the events of the append were written together. */
  readonly eventType: string | undefined;
  readonly streamId: string | undefined;

  constructor(
    { name, version }: ProjectionIdentity,
    event: AppliedEvent | undefined,
    options: ErrorOptions & { readonly cause: unknown },
  ) {
    super(
      `inline projection "${name}" version ${version} failed${at(event)}, and nothing was appended: ${thrownText(options.cause)}; fix the projection, or define it as async`,
      options,
    );
    this.projection = name;
    this.version = version;
    this.eventType = event?.type;
    this.streamId = event?.streamId;
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
