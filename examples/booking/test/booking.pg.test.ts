import { test } from 'vitest';
import { expectRightFigures } from './run-bookings.ts';

test('each trip is booked as a whole or not at all, though the bookings are killed', async () => {
  await expectRightFigures('', 'bookings');
}, 300_000);
