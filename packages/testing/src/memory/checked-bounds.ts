/** @throws RangeError when one of the bounds is given and is no whole number from 0, or no instant */
export function assertBounds(bounds: Readonly<Record<string, number | Date | undefined>>): void {
  for (const [name, bound] of Object.entries(bounds)) {
    if (bound === undefined) continue;
    const number = Number(bound);
    const isGood =
      bound instanceof Date ? !Number.isNaN(number) : Number.isSafeInteger(number) && number >= 0;
    if (!isGood)
      throw new RangeError(`"${name}" must be a whole number from 0 or an instant, not ${String(bound)}`);
  }
}
