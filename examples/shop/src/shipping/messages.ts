import { defineEvents } from '@leftfold/core';
import { z } from 'zod';

/** What the shipping service publishes. */
export const parcelMessages = defineEvents('parcels', { sent: z.object({ orderId: z.string() }) });
export const SHIPPING = '/shop/shipping';
