import { expect, test } from 'vitest';
import { shiftClock } from './clock.ts';

const HOUR = 3_600_000;

test('a shifted clock says another time, can be set, and is right again when it is disposed of', () => {
  const real = Date.now();
  {
    using clock = shiftClock(HOUR);
    expect(Date.now() - real).toBeGreaterThanOrEqual(HOUR);
    expect(new Date().getTime() - real).toBeGreaterThanOrEqual(HOUR);
    clock.step(-2 * HOUR);
    expect(Date.now()).toBeLessThan(real);
    expect(new Date(2020, 0, 1).getFullYear()).toBe(2020);
    expect(new Date(0)).toBeInstanceOf(Date);
    expect(Date.UTC(1970, 0, 1)).toBe(0);
  }
  expect(Math.abs(Date.now() - real)).toBeLessThan(HOUR / 2);
});
