import { aggregateIdOf, defineAggregate, defineEvents, defineProcess, reject } from '@leftfold/core';
import { z } from 'zod';

const cents = z.int().positive();
const transferId = z.string();

export const requestEvents = defineEvents('request', {
  made: z.object({ from: z.string(), to: z.string(), cents }),
  reminded: z.object({}),
});

export const request = defineAggregate({
  events: requestEvents,
  initialState: { made: false, reminders: 0 },
  evolve: {
    made: (state) => ({ ...state, made: true }),
    reminded: (state) => ({ ...state, reminders: state.reminders + 1 }),
  },
  commands: {
    make: {
      input: z.object({ from: z.string(), to: z.string(), cents }),
      decide: (_state, input, emit) => emit.made(input),
    },
    remind: { input: z.object({}), decide: (_state, _input, emit) => emit.reminded({}) },
  },
});

export const accountEvents = defineEvents('account', {
  opened: z.object({ cents: z.int() }),
  withdrawn: z.object({ transferId, cents }),
  deposited: z.object({ transferId, cents }),
  closed: z.object({}),
});

export const account = defineAggregate({
  events: accountEvents,
  initialState: { open: false, cents: 0 },
  evolve: {
    opened: (_state, data) => ({ open: true, cents: data.cents }),
    withdrawn: (state, data) => ({ ...state, cents: state.cents - data.cents }),
    deposited: (state, data) => ({ ...state, cents: state.cents + data.cents }),
    closed: (state) => ({ ...state, open: false }),
  },
  commands: {
    open: {
      input: z.object({ cents: z.int() }),
      decide: (_state, input, emit) => emit.opened(input),
    },
    withdraw: {
      input: z.object({ transferId, cents }),
      decide: (state, input, emit) =>
        input.cents > state.cents ? reject('insufficient-funds') : emit.withdrawn(input),
    },
    deposit: {
      input: z.object({ transferId, cents }),
      decide: (state, input, emit) =>
        state.open ? emit.deposited(input) : reject('account-closed', { closed: true }),
    },
    close: { input: z.object({}), decide: (_state, _input, emit) => emit.closed({}) },
    reopen: {
      input: z.object({}),
      decide: (state, _input, emit) => emit.opened({ cents: state.cents }),
    },
  },
});

/** Moves money from one account to another, and gives it back when the other one does not take it. */
export const transferIn = (slices: number) =>
  defineProcess({
    name: 'transfer',
    slices,
    events: [requestEvents, accountEvents],
    publishes: { settled: z.object({ cents: z.int() }) },
    starts: ['request.made'],
    correlate: {
      'request.made': ({ streamId }) => aggregateIdOf(streamId),
      'account.withdrawn': ({ data }) => data.transferId,
      'account.deposited': ({ data }) => data.transferId,
    },
    initialState: { from: '', to: '', cents: 0, failure: '' },
    evolve: {
      'request.made': (state, { data }) => ({ ...state, ...data }),
      rejected: (state, { reason }) => ({ ...state, failure: reason }),
    },
    react: {
      'request.made': ({ from, cents: amount }, { streamId }, out) =>
        out.execute(account.command.withdraw(from, { transferId: aggregateIdOf(streamId), cents: amount }), {
          as: 'debit',
        }),
      'account.withdrawn': ({ to, cents: amount }, { data }, out) =>
        out.execute(account.command.deposit(to, { transferId: data.transferId, cents: amount }), {
          as: 'credit',
        }),
      'account.deposited': ({ cents: amount }, _input, out) => [
        out.publish.settled({ cents: amount }),
        out.complete(),
      ],
      rejected: ({ from, cents: amount }, { as, reason }, out) =>
        as === 'credit'
          ? [
              out.execute(account.command.deposit(from, { transferId: 'none', cents: amount }), {
                as: 'refund',
              }),
              out.fail(reason),
            ]
          : out.fail(reason),
    },
    summary: ({ from, to, cents: amount }) => `${amount} cents from ${from} to ${to}`,
  });

export const transfer = transferIn(1);
