import { defineEvents } from '@leftfold/core';
import { z } from 'zod';

const ofOrder = z.object({ orderId: z.string() });

/** What the payments service publishes. */
export const paymentMessages = defineEvents('payments', { taken: ofOrder, declined: ofOrder });
export const PAYMENTS = '/shop/payments';
