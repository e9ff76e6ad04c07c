import { defineEvents, defineTableProjection } from '@leftfold/core';
import { onTestFinished } from 'vitest';
import { z } from 'zod';

export const payments = defineEvents('payment', { received: z.object({ cents: z.int() }) });
export const received = (cents: number) => payments.create.received({ cents });

/** Amounts at which a row cannot be folded. */
const refused = new Set<number>();

/** From now on to the end of the test, or until {@link accept}. */
export function refuse(...amounts: number[]): void {
  for (const cents of amounts) refused.add(cents);
  onTestFinished(accept);
}

export function accept(): void {
  refused.clear();
}

export const totals = defineTableProjection({
  name: 'totals',
  events: [payments],
  columns: { payer: 'text', cents: 'bigint' },
  key: ({ streamId }) => ({ payer: streamId }),
  initialRow: { cents: 0 },
  onFailure: 'park',
  evolve: {
    'payment.received': (row, { data }) => {
      if (refused.has(data.cents)) throw new Error(`${data.cents} is refused`);
      return { ...row, cents: row.cents + data.cents };
    },
  },
});
