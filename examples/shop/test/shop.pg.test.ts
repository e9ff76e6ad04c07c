import { test } from 'vitest';
import { expectRightFigures } from './run-shop.ts';

test('each order has its end once, though a service is killed', async () => {
  await expectRightFigures('', 'payments');
}, 120_000);
