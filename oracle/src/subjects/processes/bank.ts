import { aggregateIdOf, defineAggregate, defineEvents, defineProcess, reject } from '@leftfold/core';
import { z } from 'zod';

/** Accounts that take no deposits: money that is sent there comes back. */
export const CLOSED_ACCOUNTS = 4;
export const OPEN_ACCOUNTS = 120;
/** What each open account begins with: transfers are rejected now and then. */
export const OPENED_WITH = 1_500;
/** Longer than any run: whoever waits for it is running in the end. */
export const LONG_WAIT_MS = 3_600_000;
/** The deadline of every transfer as a whole, which none reaches. */
const TOO_LATE_MS = 2_400_000;

export const openAccountId = (number: number): string => `open-${number}`;
export const closedAccountId = (number: number): string => `closed-${number}`;

const cents = z.int().positive();
const moved = z.object({ transferId: z.string(), cents });
/**
 * `direct`: at once. `held`: the money waits for `waitMs` between the accounts. `asked`: nothing happens until the request is
 * confirmed, within `waitMs`.
 */
const transferRequest = z.object({
  from: z.string(),
  to: z.string(),
  cents,
  kind: z.enum(['direct', 'held', 'asked']),
  waitMs: z.int(),
});

export type TransferRequest = z.output<typeof transferRequest>;

const requestEvents = defineEvents('request', { made: transferRequest, confirmed: z.object({}) });

export const request = defineAggregate({
  events: requestEvents,
  initialState: {},
  evolve: { made: (state) => state, confirmed: (state) => state },
  commands: {
    make: { input: transferRequest, decide: (_state, input, emit) => emit.made(input) },
    confirm: { input: z.object({}), decide: (_state, _input, emit) => emit.confirmed({}) },
  },
});

const accountEvents = defineEvents('account', {
  opened: z.object({ cents: z.int() }),
  closed: z.object({}),
  /** From outside of the bank. */
  paidIn: z.object({ cents }),
  withdrawn: moved,
  deposited: moved,
  refunded: moved,
});

/** Keeps no list of its transfers: a command that is executed twice has its effect twice. */
export const account = defineAggregate({
  events: accountEvents,
  initialState: { open: false, cents: 0 },
  evolve: {
    opened: (_state, data) => ({ open: true, cents: data.cents }),
    closed: (state) => ({ ...state, open: false }),
    paidIn: (state, data) => ({ ...state, cents: state.cents + data.cents }),
    withdrawn: (state, data) => ({ ...state, cents: state.cents - data.cents }),
    deposited: (state, data) => ({ ...state, cents: state.cents + data.cents }),
    refunded: (state, data) => ({ ...state, cents: state.cents + data.cents }),
  },
  commands: {
    open: { input: z.object({ cents: z.int() }), decide: (_state, input, emit) => emit.opened(input) },
    close: { input: z.object({}), decide: (_state, _input, emit) => emit.closed({}) },
    payIn: { input: z.object({ cents }), decide: (_state, input, emit) => emit.paidIn(input) },
    withdraw: {
      input: moved,
      decide: (state, input, emit) =>
        input.cents > state.cents ? reject('insufficient-funds') : emit.withdrawn(input),
    },
    deposit: {
      input: moved,
      decide: (state, input, emit) => (state.open ? emit.deposited(input) : reject('account-closed')),
    },
    refund: { input: moved, decide: (_state, input, emit) => emit.refunded(input) },
  },
});

const initialState = {
  id: '',
  from: '',
  to: '',
  cents: 0,
  kind: 'direct' as TransferRequest['kind'],
  waitMs: 0,
  failure: '',
};

type TransferState = typeof initialState;

const withdrawal = ({ id, from, cents: amount }: TransferState) =>
  account.command.withdraw(from, { transferId: id, cents: amount });
const deposit = ({ id, to, cents: amount }: TransferState) =>
  account.command.deposit(to, { transferId: id, cents: amount });
const refund = ({ id, from, cents: amount }: TransferState) =>
  account.command.refund(from, { transferId: id, cents: amount });

/** Moves money from one account to another, and gives it back when the other one does not take it. */
export const transfer = defineProcess({
  name: 'transfer',
  slices: 4,
  concurrency: 40,
  start: 'beginning',
  retry: { attempts: 5, firstDelayMs: 50, maxDelayMs: 1_000 },
  events: [requestEvents, accountEvents],
  deadlines: ['too-late', 'release', 'unconfirmed'],
  starts: ['request.made'],
  correlate: {
    'request.made': ({ streamId }) => aggregateIdOf(streamId),
    'request.confirmed': ({ streamId }) => aggregateIdOf(streamId),
    'account.withdrawn': ({ data }) => data.transferId,
    'account.deposited': ({ data }) => data.transferId,
    'account.refunded': ({ data }) => data.transferId,
  },
  initialState,
  evolve: {
    'request.made': (state, { data, streamId }) => ({ ...state, ...data, id: aggregateIdOf(streamId) }),
    rejected: (state, { reason }) => ({ ...state, failure: reason }),
  },
  react: {
    'request.made': (state, _input, out) => [
      out.schedule('too-late', { afterMs: TOO_LATE_MS }),
      state.kind === 'asked'
        ? out.waitFor('request.confirmed', { withinMs: state.waitMs, deadline: 'unconfirmed' })
        : out.execute(withdrawal(state), { as: 'debit' }),
    ],
    'request.confirmed': (state, _input, out) => out.execute(withdrawal(state), { as: 'debit' }),
    'account.withdrawn': (state, _input, out) =>
      state.kind === 'held'
        ? out.schedule('release', { afterMs: state.waitMs })
        : out.execute(deposit(state), { as: 'credit' }),
    'account.deposited': (_state, _input, out) => out.complete(),
    'account.refunded': ({ failure }, _input, out) => out.fail(failure),
    rejected: (state, { as, reason }, out) =>
      as === 'credit' ? out.execute(refund(state), { as: 'refund' }) : out.fail(reason),
    deadline: (state, { name }, out) => {
      if (name === 'release') return out.execute(deposit(state), { as: 'credit' });
      return out.fail(name);
    },
  },
  summary: ({ from, to, cents: amount }) => `${amount} cents from ${from} to ${to}`,
});
