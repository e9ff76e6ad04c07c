import { defineAggregate, defineEvents, defineTableProjection, reject } from 'leftfold';
import { z } from 'zod';

export const accountEvents = defineEvents('account', {
  opened: z.object({ owner: z.string().min(1) }),
  deposited: z.object({ cents: z.int().positive() }),
});

export const account = defineAggregate({
  events: accountEvents,
  initialState: { open: false },
  evolve: { opened: () => ({ open: true }), deposited: (state) => state },
  commands: {
    open: {
      input: z.object({ owner: z.string().min(1) }),
      decide: (state, { owner }, emit) => (state.open ? reject('already-open') : emit.opened({ owner })),
    },
    deposit: {
      input: z.object({ cents: z.int().positive() }),
      decide: (state, { cents }, emit) => (state.open ? emit.deposited({ cents }) : reject('not-open')),
    },
  },
});

export const balances = defineTableProjection({
  name: 'balances',
  events: [accountEvents],
  columns: { account_id: 'text', owner: 'text', cents: 'bigint' },
  key: ({ streamId }) => ({ account_id: streamId }),
  initialRow: { owner: '', cents: 0 },
  evolve: {
    'account.opened': (row, { data }) => ({ ...row, owner: data.owner }),
    'account.deposited': (row, { data }) => ({ ...row, cents: row.cents + data.cents }),
  },
});
