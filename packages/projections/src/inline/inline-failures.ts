import {
  type AnyProjection,
  LeftfoldError,
  ProjectionConstraintViolatedError,
  ProjectionFailedError,
  type RecordedEvent,
} from '@leftfold/core';
import { isAborted, isOperational, toLeftfoldError, violatedConstraintOf } from '@leftfold/postgres';
import { projectionSchema } from '../tables/projection-schema.ts';

interface Failing {
  readonly projection: AnyProjection;
  /** Undefined when several events were written together. */
  readonly event: RecordedEvent | undefined;
}

/**
 * Which projection and event the errors of inline projections come from.
 *
 * The store has to see what the database threw, to tell what may be tried again, and asks for the error of the caller
 * last. So each error is kept with its place, and is forgotten with the error.
 */
export class InlineFailures {
  readonly #schema: string;
  readonly #projections: readonly AnyProjection[];
  readonly #places = new WeakMap<object, Failing>();

  constructor(schema: string, projections: readonly AnyProjection[]) {
    this.#schema = schema;
    this.#projections = projections;
  }

  /** Runs work that applies events of one projection, and keeps the place of what it throws. */
  async within(
    projection: AnyProjection,
    events: readonly RecordedEvent[],
    apply: (onEvent: (event: RecordedEvent | undefined) => void) => Promise<void>,
  ): Promise<void> {
    let current: RecordedEvent | undefined;
    try {
      await apply((event) => {
        current = event;
      });
    } catch (error) {
      const event = current ?? (events.length === 1 ? events[0] : undefined);
      if (typeof error !== 'object' || error === null)
        throw new ProjectionFailedError(projection, event, { cause: error });
      this.#places.set(error, { projection, event });
      throw error;
    }
  }

  /** The error of the caller. */
  typed(error: unknown): unknown {
    if (LeftfoldError.is(error) || isAborted(error)) return error;
    if (isOperational(error)) return toLeftfoldError(error, this.#schema);
    const failing = typeof error === 'object' && error !== null ? this.#places.get(error) : undefined;
    const violated = violatedConstraintOf(error);
    const owner = this.#projections.find(
      (one) => violated !== undefined && projectionSchema(this.#schema, one) === violated.schema,
    );
    // A constraint that is checked at the commit is violated by an event that is not known any more.
    if (violated !== undefined && owner !== undefined)
      return new ProjectionConstraintViolatedError(owner, violated, failing?.event);
    return failing === undefined
      ? error
      : new ProjectionFailedError(failing.projection, failing.event, { cause: error });
  }
}
