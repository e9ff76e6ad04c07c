import { defineDecision, reject } from '@leftfold/core';
import { z } from 'zod';
import { account } from './account.ts';

/** Moves money from one account to another. Both events are appended together, or neither is. */
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
