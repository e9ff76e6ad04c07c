import type { JsonObject } from '../event/json.ts';

const brand = Symbol.for('leftfold.rejection');

/** What a decision returns instead of events when a business rule says no. A value: nothing is thrown. */
export class Rejection<TReason extends string = string> {
  /** A stable, machine-readable word of the domain. */
  readonly reason: TReason;
  /** What a person or a program may want to know beside the reason. */
  readonly details: JsonObject | undefined;

  constructor(reason: TReason, details?: JsonObject) {
    this.reason = reason;
    this.details = details;
    Object.defineProperty(this, brand, { value: true });
  }

  /** `instanceof` holds across duplicate installs of this package. */
  static [Symbol.hasInstance](value: unknown): value is Rejection {
    return typeof value === 'object' && value !== null && brand in value;
  }
}

/** Says no to a command: `return reject('insufficient-funds')`. Nothing is appended. */
export function reject<const TReason extends string>(
  reason: TReason,
  details?: JsonObject,
): Rejection<TReason> {
  return new Rejection(reason, details);
}
