import { defineDecision, reject } from '@leftfold/core';
import { z } from 'zod';
import { account } from './account.ts';

/** Money leaves one account and reaches another in the same instant, or not at all. */
export const transfer = defineDecision({
  name: 'transfer',
  aggregates: { from: account, to: account },
  input: z.object({ cents: z.int().positive() }),
  rejections: ['account-not-open', 'insufficient-funds'],
  decide: ({ from, to }, { cents }, emit, { ids }) => {
    if (!from.open || !to.open) return reject('account-not-open');
    if (cents > from.cents) return reject('insufficient-funds');
    return {
      from: emit.from['transfer-sent']({ cents, to: ids.to }),
      to: emit.to['transfer-received']({ cents, from: ids.from }),
    };
  },
});
