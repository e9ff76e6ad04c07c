/**
 * The number of an int8, which comes as text, or as whatever the caller's own pool makes of it.
 *
 * @throws RangeError beyond 2^53 - 1, where a number would be rounded.
 */
export function toSafeNumber(value: string | number | bigint): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number))
    throw new RangeError(`${value} is beyond the whole numbers that are exact`);
  return number;
}
