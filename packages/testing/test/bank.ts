import {
  defineAggregate,
  defineDecision,
  defineEvents,
  defineTableProjection,
  reject,
  schemaVersions,
} from '@leftfold/core';
import { z } from 'zod';

const cents = z.int().positive();

export const accountEvents = defineEvents('account', {
  opened: schemaVersions(z.object({ name: z.string() })).next(
    z.object({ owner: z.string().min(1), note: z.string().optional() }),
    ({ name }) => ({ owner: name }),
  ),
  deposited: z.object({ cents }),
  withdrawn: z.object({ cents }),
  closed: z.object({}),
});

export const opened = accountEvents.create.opened({ owner: 'Ada' });
export const deposited = (amount: number) => accountEvents.create.deposited({ cents: amount });
export const withdrawn = (amount: number) => accountEvents.create.withdrawn({ cents: amount });

export const account = defineAggregate({
  events: accountEvents,
  initialState: { open: false, cents: 0 },
  evolve: {
    opened: (state) => ({ ...state, open: true }),
    deposited: (state, data) => ({ ...state, cents: state.cents + data.cents }),
    withdrawn: (state, data) => ({ ...state, cents: state.cents - data.cents }),
    closed: (state) => ({ ...state, open: false }),
  },
  rejections: ['account-already-open', 'insufficient-funds'],
  commands: {
    open: {
      input: z.object({ owner: z.string().trim().min(1) }),
      decide: (state, { owner }, emit, { id, newId, now }) =>
        state.open
          ? reject('account-already-open')
          : emit.opened(
              { owner, note: `${id} at ${now.toISOString()}` },
              { id: newId(), tags: [`owner:${owner}`] },
            ),
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
      decide: (state, _input, emit) =>
        state.open
          ? [...(state.cents > 0 ? [emit.withdrawn({ cents: state.cents })] : []), emit.closed({})]
          : [],
    },
  },
});

export const transfer = defineDecision({
  name: 'transfer',
  aggregates: { from: account, to: account },
  input: z.object({ cents }),
  rejections: ['insufficient-funds'],
  decide: (states, input, emit) =>
    states.from.cents < input.cents
      ? reject('insufficient-funds')
      : { from: emit.from.withdrawn({ cents: input.cents }), to: emit.to.deposited({ cents: input.cents }) },
});

export const balances = defineTableProjection({
  name: 'balances',
  events: [accountEvents],
  columns: { account_id: 'text', owner: 'text', cents: 'bigint', opened_at: 'timestamptz null' },
  key: ({ streamId }) => ({ account_id: streamId }),
  initialRow: { owner: '', cents: 0, opened_at: null },
  evolve: {
    'account.opened': (row, { data, recordedAt }) => ({ ...row, owner: data.owner, opened_at: recordedAt }),
    'account.deposited': (row, { data }) => ({ ...row, cents: row.cents + data.cents }),
    'account.closed': () => null,
  },
});
