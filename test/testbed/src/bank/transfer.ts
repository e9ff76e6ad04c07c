import { defineDecision, reject } from '@leftfold/core';
import { z } from 'zod';
import { account } from './account.ts';

export const transfer = defineDecision({
  name: 'transfer',
  input: z.object({ from: z.string(), to: z.string(), cents: z.int().positive() }),
  reads: ({ from, to }) => ({ from: account.at(from), to: account.at(to) }),
  rejections: ['insufficient-funds', 'account-not-open'],
  decide: ({ from, to }, { cents }, emit) => {
    if (cents > from.cents) return reject('insufficient-funds');
    if (!to.open) return reject('account-not-open');
    return [emit.from.withdrawn({ cents }), emit.to.deposited({ cents })];
  },
});

/** Opens an account when another one is in credit: it reads two streams and writes one. */
export const openFor = defineDecision({
  name: 'open-for',
  input: z.object({ guarantor: z.string(), fresh: z.string(), owner: z.string().min(1) }),
  reads: ({ guarantor, fresh }) => ({ guarantor: account.at(guarantor), fresh: account.at(fresh) }),
  rejections: ['no-guarantee'],
  decide: ({ guarantor }, { owner }, emit) =>
    guarantor.cents > 0 ? emit.fresh.opened({ owner }) : reject('no-guarantee'),
});
