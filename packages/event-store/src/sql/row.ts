/** The instant of seconds since 1970, at the millisecond before it, as pg reads a timestamp. */
export function toDate(seconds: string): Date {
  // Whole microseconds first: they are exact, and their fraction of seconds is not.
  return new Date(Math.floor(Math.round(Number(seconds) * 1e6) / 1_000));
}
