import { serviceUrl } from '@leftfold/testbed/services';
import { test } from 'vitest';
import { expectRightFigures } from './run-shop.ts';

const url = serviceUrl('RABBITMQ_URL');

test.skipIf(url === undefined)(
  'each order has its end once with RabbitMQ',
  async () => {
    await expectRightFigures(url!, 'shipping');
  },
  120_000,
);
