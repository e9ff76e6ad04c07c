/**
 * @param option name of the option, for the error message
 * @param least smallest valid value
 * @throws RangeError when the value is not a whole number, such as NaN or a text.
 */
export function assertWhole(option: string, value: number | undefined, least = 0): void {
  if (value === undefined || (Number.isSafeInteger(value) && value >= least)) return;
  throw new RangeError(`${option} must be a whole number from ${least}, not ${String(value)}`);
}

/** @throws RangeError when the value is an invalid Date, such as `new Date('yesterday')`. */
export function assertInstant(option: string, value: Date | undefined): void {
  if (value === undefined || !Number.isNaN(value.getTime())) return;
  throw new RangeError(`${option} must be a valid Date`);
}
