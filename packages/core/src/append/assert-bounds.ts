/**
 * @param option names the value in the message
 * @param least smallest value allowed
 * @throws RangeError for what is not a whole number, NaN and texts included.
 */
export function assertWhole(option: string, value: number | undefined, least = 0): void {
  if (value === undefined || (Number.isSafeInteger(value) && value >= least)) return;
  throw new RangeError(`${option} must be a whole number from ${least}, not ${String(value)}`);
}

/** @throws RangeError for an invalid Date, such as one made of a text that is no date. */
export function assertInstant(option: string, value: Date | undefined): void {
  if (value === undefined || !Number.isNaN(value.getTime())) return;
  throw new RangeError(`${option} must be a valid Date`);
}
