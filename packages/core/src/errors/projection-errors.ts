import { LeftfoldError } from './leftfold-error.ts';

/** A projection stopped at an event it could not apply. Nothing after that event was applied. */
export class ProjectionFailedError extends LeftfoldError {
  readonly code = 'PROJECTION_FAILED';
  readonly retryable = false;
  readonly projection: string;
  /** The event's position; undefined when the failure has no single event. */
  readonly position: number | undefined;
  readonly eventType: string | undefined;

  constructor(
    projection: string,
    event: { readonly position: number; readonly type: string } | undefined,
    options?: ErrorOptions,
  ) {
    const at = event === undefined ? '' : ` at event "${event.type}", position ${event.position}`;
    super(
      `projection "${projection}" stopped${at}: ${reasonOf(options?.cause)}; mend the cause, then restart it`,
      options,
    );
    this.projection = projection;
    this.position = event?.position;
    this.eventType = event?.type;
  }
}

function reasonOf(cause: unknown): string {
  if (cause instanceof Error) return cause.message;
  return typeof cause === 'string' ? cause : 'unknown cause';
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

/** A projection did not get as far as asked within the time given. It may still get there. */
export class ProjectionTimeoutError extends LeftfoldError {
  readonly code = 'PROJECTION_TIMEOUT';
  readonly retryable = true;
  readonly projection: string;
  readonly wanted: number;
  readonly reached: number;

  constructor(projection: string, wanted: number, reached: number, timeoutMs: number) {
    super(
      `projection "${projection}" is at position ${reached}, not yet at ${wanted}, after ${timeoutMs} ms; is a runner for it alive?`,
    );
    this.projection = projection;
    this.wanted = wanted;
    this.reached = reached;
  }
}

/** No projection of this name was given, or it has no checkpoint in this database. */
export class ProjectionNotFoundError extends LeftfoldError {
  readonly code = 'PROJECTION_NOT_FOUND';
  readonly retryable = false;
  readonly projection: string;

  constructor(projection: string) {
    super(`projection "${projection}" is unknown here; pass its definition to the app`);
    this.projection = projection;
  }
}
