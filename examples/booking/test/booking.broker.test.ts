import { serviceUrl } from '@leftfold/testbed/services';
import { test } from 'vitest';
import { expectRightFigures } from './run-bookings.ts';

const url = serviceUrl('RABBITMQ_URL');

test.skipIf(url === undefined)(
  'each trip is booked as a whole or not at all with RabbitMQ',
  async () => {
    await expectRightFigures(url!, 'cars');
  },
  300_000,
);
