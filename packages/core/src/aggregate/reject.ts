import type { JsonObject } from '../event/json.ts';

/** Tells a rejection from everything else, across copies of this package. */
export const rejectionBrand: unique symbol = Symbol.for('leftfold.rejection');

/** What a decision returns instead of events when a business rule says no. A value: nothing is thrown. */
export class Rejection<TReason extends string = string> {
  /** A stable, machine-readable word of the domain. */
  readonly reason: TReason;
  /** What a person or a program may want to know beside the reason. */
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

/** Says no to a command: `return reject('insufficient-funds')`. Nothing is appended. */
export function reject<const TReason extends string>(
  reason: TReason,
  details?: JsonObject,
): Rejection<TReason> {
  return new Rejection(reason, details);
}
