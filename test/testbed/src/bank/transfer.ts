import { defineDecision, reject } from '@leftfold/core';
import { z } from 'zod';
import { account } from './account.ts';

export const transfer = defineDecision({
  name: 'transfer',
  aggregates: { from: account, to: account },
  input: z.object({ cents: z.int().positive() }),
  rejections: ['insufficient-funds', 'account-not-open'],
  decide: ({ from, to }, input, emit) => {
    if (input.cents > from.cents) return reject('insufficient-funds');
    if (!to.open) return reject('account-not-open');
    return { from: emit.from.withdrawn(input), to: emit.to.deposited(input) };
  },
});

/** Opens an account when another one is in credit: it reads two streams and writes one. */
export const openFor = defineDecision({
  name: 'open-for',
  aggregates: { guarantor: account, fresh: account },
  input: z.object({ owner: z.string().min(1) }),
  rejections: ['no-guarantee'],
  decide: ({ guarantor }, { owner }, emit) =>
    guarantor.cents > 0 ? { fresh: emit.fresh.opened({ owner }) } : reject('no-guarantee'),
});
