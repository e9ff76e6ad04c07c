import { defineDecision, reject } from '@leftfold/core';
import { z } from 'zod';
import { account } from './account.ts';

/** Moves money from one account to another. Both events are appended together, or neither is. */
export const transfer = defineDecision({
  name: 'transfer',
  input: z.object({ from: z.string(), to: z.string(), cents: z.int().positive() }),
  reads: ({ from, to }) => ({ from: account.at(from), to: account.at(to) }),
  rejections: ['account-not-open', 'insufficient-funds'],
  decide: (accounts, { from, to, cents }, emit) => {
    if (!accounts.from.open || !accounts.to.open) return reject('account-not-open');
    if (cents > accounts.from.cents) return reject('insufficient-funds');
    return [emit.from['transfer-sent']({ cents, to }), emit.to['transfer-received']({ cents, from })];
  },
});
