import type { JsonObject } from '../event/json.ts';

/** Tells a rejection from everything else, across copies of this package. */
export const rejectionBrand: unique symbol = Symbol.for('leftfold.rejection');

/** The result of `decide` when a business rule rejects a command. A value: nothing is thrown. */
export class Rejection<TReason extends string = string> {
  /** A stable, machine-readable word of the domain, such as `'insufficient-funds'`. */
  readonly reason: TReason;
  /** More about the reason, for people or programs. */
  readonly details: JsonObject | undefined;
  declare readonly [rejectionBrand]: true;

  constructor(reason: TReason, details?: JsonObject) {
    this.reason = reason;
    this.details = details;
    Object.defineProperty(this, rejectionBrand, { value: true });
  }

  /** `instanceof` holds across duplicate installs of this package. */
  static [Symbol.hasInstance](value: unknown): value is Rejection {
    return typeof value === 'object' && value !== null && rejectionBrand in value;
  }
}

/**
 * Rejects a command: return its result from `decide`. Nothing is appended.
 *
 * @example
 * ```ts
 * decide: (state, { cents }, emit) =>
 *   cents > state.cents
 *     ? reject('insufficient-funds', { missing: cents - state.cents })
 *     : emit.withdrawn({ cents }),
 * ```
 *
 * @param reason a stable word of the domain. Results and tests are typed by it.
 */
export function reject<const TReason extends string>(
  reason: TReason,
  details?: JsonObject,
): Rejection<TReason> {
  return new Rejection(reason, details);
}
