import { test } from 'vitest';
import { expectRightFigures } from './run-bookings.ts';

test.each(['bookings', 'hotels'])(
  'each trip is booked as a whole or not at all, though %s are killed',
  async (service) => {
    await expectRightFigures('', service);
  },
  300_000,
);
