import { defineEvents, schemaVersions } from '@leftfold/core';
import { z } from 'zod';

/** The published language of a newer release: one more message, and a newer version of another. */
export const newerMessages = defineEvents('orders', {
  placed: schemaVersions(z.object({ amount: z.int() })).next(
    z.object({ amount: z.int(), currency: z.string() }),
    ({ amount }) => ({ amount, currency: 'EUR' }),
  ),
  noted: z.object({}),
  shipped: z.object({ amount: z.int() }),
});
