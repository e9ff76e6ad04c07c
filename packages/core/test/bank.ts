import { z } from 'zod';
import {
  defineAggregate,
  defineDecision,
  defineEvents,
  defineTableProjection,
  reject,
} from '../src/index.ts';

const cents = z.int().positive();

export const accountEvents = defineEvents('account', {
  opened: z.object({ owner: z.string().min(1) }),
  deposited: z.object({ cents }),
  withdrawn: z.object({ cents }),
});

export const account = defineAggregate({
  events: accountEvents,
  initialState: { open: false, cents: 0 },
  evolve: {
    opened: (state) => ({ ...state, open: true }),
    deposited: (state, data) => ({ ...state, cents: state.cents + data.cents }),
    withdrawn: (state, data) => ({ ...state, cents: state.cents - data.cents }),
  },
  rejections: ['account-already-open', 'insufficient-funds'],
  commands: {
    open: {
      input: z.object({ owner: z.string().trim().min(1) }),
      decide: (state, { owner }, emit) =>
        state.open ? reject('account-already-open') : emit.opened({ owner }),
    },
    deposit: {
      input: z.object({ cents: z.coerce.number<string>().int().positive() }),
      decide: (_state, input, emit) => [emit.deposited({ cents: input.cents })],
    },
    withdraw: {
      input: z.object({ cents }),
      decide: (state, input, emit) =>
        input.cents > state.cents
          ? reject('insufficient-funds', { missing: input.cents - state.cents })
          : emit.withdrawn({ cents: input.cents }),
    },
    close: {
      input: z.object({}),
      decide: () => [],
    },
  },
});

export const transfer = defineDecision({
  name: 'transfer',
  aggregates: { from: account, to: account },
  input: z.object({ cents }),
  rejections: ['insufficient-funds', 'no-such-account'],
  decide: (states, input, emit) => {
    if (!states.to.open) return reject('no-such-account');
    if (states.from.cents < input.cents) return reject('insufficient-funds');
    return {
      from: emit.from.withdrawn({ cents: input.cents }),
      to: [emit.to.deposited({ cents: input.cents })],
    };
  },
});

export const balances = defineTableProjection({
  name: 'balances',
  version: 1,
  events: [accountEvents],
  columns: { account_id: 'text', owner: 'text', cents: 'bigint' },
  key: ({ streamId }) => ({ account_id: streamId }),
  initialRow: { owner: '', cents: 0 },
  evolve: {
    'account.opened': (row, { data }) => ({ ...row, owner: data.owner }),
    'account.deposited': (row, { data }) => ({ ...row, cents: row.cents + data.cents }),
    'account.withdrawn': (row, { data }) => ({ ...row, cents: row.cents - data.cents }),
  },
});
