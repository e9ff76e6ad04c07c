import { defineEvents } from '@leftfold/core';
import { z } from 'zod';

/** What the orders service publishes. */
export const orderMessages = defineEvents('orders', {
  placed: z.object({ orderId: z.string(), cents: z.int() }),
});
export const ORDERS = '/shop/orders';
