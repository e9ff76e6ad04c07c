import {
  type AnyAggregate,
  type AnyProjection,
  defineAggregate,
  defineEvents,
  defineTableProjection,
  schemaVersions,
} from '@leftfold/core';
import { z } from 'zod';

/** What a release of the app consists of. */
export interface Release {
  readonly aggregates: readonly AnyAggregate[];
  readonly projections: readonly AnyProjection[];
}

/** Version 1 has a name, version 2 an owner. */
interface Opened {
  readonly name?: string;
  readonly owner?: string;
}

interface Cents {
  readonly cents: number;
}

const openedV1 = z.object({ name: z.string() });
const openedV2 = z.object({ owner: z.string() });
const toV2 = ({ name }: { readonly name: string }) => ({ owner: name });
const cents = z.object({ cents: z.int() });
const ownerOf = ({ name = '', owner = name }: Opened) => owner;

// What the releases have in common. The order of an account's events does not change its row.
const state = { owner: '', cents: 0 };
const evolve = {
  opened: (before: typeof state, data: Opened) => ({ ...before, owner: ownerOf(data) }),
  deposited: (before: typeof state, data: Cents) => ({ ...before, cents: before.cents + data.cents }),
};
const balanceColumns = { account_id: 'text', owner: 'text', cents: 'bigint' } as const;
const byStream = ({ streamId }: { readonly streamId: string }) => ({ account_id: streamId });
const balanceTable = { columns: balanceColumns, key: byStream, initialRow: { owner: '', cents: 0 } };
interface Balance {
  readonly account_id: string;
  readonly owner: string;
  readonly cents: number;
}
const balanceHandlers = {
  'account.opened': (row: Balance, { data }: { readonly data: Opened }) => ({ ...row, owner: ownerOf(data) }),
  'account.deposited': (row: Balance, { data }: { readonly data: Cents }) => ({
    ...row,
    cents: row.cents + data.cents,
  }),
};

const accountEvents = defineEvents('account', { opened: openedV1, deposited: cents });

/** The release that is in production. */
const account = defineAggregate({
  events: accountEvents,
  initialState: state,
  evolve,
  commands: {
    open: { input: openedV1, decide: (_state, input, emit) => emit.opened(input) },
    deposit: { input: cents, decide: (_state, input, emit) => emit.deposited(input) },
  },
});

function balancesWith(options: { readonly version?: number; readonly mode?: 'inline' } = {}) {
  return defineTableProjection({
    name: 'balances',
    ...options,
    events: [accountEvents],
    ...balanceTable,
    evolve: balanceHandlers,
  });
}

const plain: Release = { aggregates: [account], projections: [balancesWith()] };

function withWithdrawals(): Release {
  const events = defineEvents('account', { opened: openedV1, deposited: cents, withdrawn: cents });
  const withdrawing = defineAggregate({
    events,
    initialState: state,
    evolve: { ...evolve, withdrawn: (before, data) => ({ ...before, cents: before.cents - data.cents }) },
    commands: {
      deposit: { input: cents, decide: (_state, input, emit) => emit.deposited(input) },
      withdraw: { input: cents, decide: (_state, input, emit) => emit.withdrawn(input) },
    },
  });
  const balances = defineTableProjection({
    name: 'balances',
    events: [events],
    ...balanceTable,
    evolve: balanceHandlers,
  });
  const withdrawals = defineTableProjection({
    name: 'withdrawals',
    events: [events],
    columns: { account_id: 'text', cents: 'bigint' },
    key: byStream,
    initialRow: { cents: 0 },
    evolve: { 'account.withdrawn': (row, { data }) => ({ ...row, cents: row.cents + data.cents }) },
  });
  return { aggregates: [withdrawing], projections: [balances, withdrawals] };
}

function readingV2(): Release {
  const opened = schemaVersions(openedV1).written().next(openedV2, toV2);
  const events = defineEvents('account', { opened, deposited: cents });
  const reading = defineAggregate({
    events,
    initialState: state,
    evolve,
    commands: {
      open: { input: openedV1, decide: (_state, input, emit) => emit.opened(input) },
      deposit: { input: cents, decide: (_state, input, emit) => emit.deposited(input) },
    },
  });
  const balances = defineTableProjection({
    name: 'balances',
    events: [events],
    ...balanceTable,
    evolve: balanceHandlers,
  });
  return { aggregates: [reading], projections: [balances] };
}

function writingV2(upcast: (v1: { readonly name: string }) => { owner: string } = toV2): Release {
  const opened = schemaVersions(openedV1).next(openedV2, upcast);
  const events = defineEvents('account', { opened, deposited: cents });
  const writing = defineAggregate({
    events,
    initialState: state,
    evolve,
    commands: {
      open: { input: openedV1, decide: (_state, { name }, emit) => emit.opened({ owner: name }) },
      deposit: { input: cents, decide: (_state, input, emit) => emit.deposited(input) },
    },
  });
  const balances = defineTableProjection({
    name: 'balances',
    events: [events],
    ...balanceTable,
    evolve: balanceHandlers,
  });
  return { aggregates: [writing], projections: [balances] };
}

/** Its handler cannot apply a deposit of 13 cents. */
function withWrongHandler(): Release {
  const balances = defineTableProjection({
    name: 'balances',
    events: [accountEvents],
    ...balanceTable,
    evolve: {
      ...balanceHandlers,
      'account.deposited': (row, { data }) => {
        if (data.cents === 13) throw new Error('no 13 cents');
        return { ...row, cents: row.cents + data.cents };
      },
    },
  });
  return { aggregates: [account], projections: [balances] };
}

/** The owner is no longer applied: a handler less, under the same version. */
function withoutHandler(): Release {
  const { 'account.deposited': deposited } = balanceHandlers;
  const balances = defineTableProjection({
    name: 'balances',
    events: [accountEvents],
    ...balanceTable,
    evolve: { 'account.deposited': deposited },
  });
  return { aggregates: [account], projections: [balances] };
}

function withRenamedCommand(): Release {
  const renamed = defineAggregate({
    events: accountEvents,
    initialState: state,
    evolve,
    commands: {
      open: { input: openedV1, decide: (_state, input, emit) => emit.opened(input) },
      payIn: { input: cents, decide: (_state, input, emit) => emit.deposited(input) },
    },
  });
  return { aggregates: [renamed], projections: [balancesWith()] };
}

const deposits = defineTableProjection({
  name: 'deposits',
  mode: 'inline',
  events: [accountEvents],
  columns: { account_id: 'text', cents: 'bigint' },
  key: byStream,
  initialRow: { cents: 0 },
  evolve: { 'account.deposited': (row, { data }) => ({ ...row, cents: row.cents + data.cents }) },
});

/** Releases by what they change, compared with `plain` unless another one is named. */
export const releases = {
  plain,
  'new event type': withWithdrawals(),
  'version 2 is read': readingV2(),
  'version 2 is written': writingV2(),
  'wrong upcast': writingV2(() => {
    throw new Error('not every name is an owner');
  }),
  'wrong handler': withWrongHandler(),
  'handler missing': withoutHandler(),
  'projection version 2': { aggregates: [account], projections: [balancesWith({ version: 2 })] },
  'projection versions 1 and 2': {
    aggregates: [account],
    projections: [balancesWith(), balancesWith({ version: 2 })],
  },
  'renamed command': withRenamedCommand(),
  'inline projection added': { aggregates: [account], projections: [balancesWith(), deposits] },
  inline: { aggregates: [account], projections: [balancesWith({ mode: 'inline' })] },
  'inline, version 2': {
    aggregates: [account],
    projections: [balancesWith({ mode: 'inline', version: 2 })],
  },
} as const satisfies Readonly<Record<string, Release>>;

export type ReleaseName = keyof typeof releases;
