import {
  type Command,
  defineAggregate,
  defineDecision,
  defineEvents,
  type LogToken,
  type ReactionCommandResult,
  type RecordedEvent,
  reject,
} from '@leftfold/core';
import { describe, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import {
  accepted,
  type AcceptedCommand,
  createCommandExecutor,
  type CommandExecutor,
  type CommandMiddleware,
  type RejectedCommand,
} from '../index.ts';

const cents = z.int().positive();
const accountEvents = defineEvents('account', {
  opened: z.object({ owner: z.string() }),
  withdrawn: z.object({ cents }),
});
const account = defineAggregate({
  events: accountEvents,
  initialState: { open: false, cents: 0 },
  evolve: {
    opened: (state) => ({ ...state, open: true }),
    withdrawn: (state, data) => ({ ...state, cents: state.cents - data.cents }),
  },
  rejections: ['already-open', 'insufficient-funds'],
  commands: {
    open: {
      input: z.object({ owner: z.string() }),
      decide: (state, { owner }, emit) => (state.open ? reject('already-open') : emit.opened({ owner })),
    },
    withdraw: {
      input: z.object({ cents }),
      decide: (state, input, emit) =>
        input.cents > state.cents ? reject('insufficient-funds') : emit.withdrawn(input),
    },
  },
});
const cart = defineAggregate({
  events: defineEvents('cart', { emptied: z.object({}) }),
  initialState: 0,
  evolve: { emptied: () => 0 },
  commands: { empty: { input: z.object({}), decide: (_state, _input, emit) => emit.emptied({}) } },
});
const transfer = defineDecision({
  name: 'transfer',
  input: z.object({ from: z.string(), to: z.string(), cents }),
  reads: ({ from, to }) => ({ from: account.at(from), to: account.at(to) }),
  rejections: ['same-owner'],
  decide: (states, input, emit) =>
    states.to.open ? emit.from.withdrawn({ cents: input.cents }) : reject('same-owner'),
});

declare const store: Parameters<typeof createCommandExecutor>[0]['store'];
const bank = createCommandExecutor({ store, aggregates: [account], decisions: [transfer] });

type Opened = RecordedEvent<'account.opened', { owner: string }>;
type Withdrawn = RecordedEvent<'account.withdrawn', { cents: number }>;

describe('a result', () => {
  test('has the events and reasons of its command', async () => {
    const result = await bank.execute(account.command.withdraw('a', { cents: 1 }));
    expectTypeOf(result).toEqualTypeOf<AcceptedCommand<Withdrawn> | RejectedCommand<'insufficient-funds'>>();
    if (result.outcome === 'accepted') {
      expectTypeOf(result.events).toEqualTypeOf<readonly Withdrawn[]>();
      expectTypeOf(result.streamVersion).toEqualTypeOf<number>();
      expectTypeOf(result.duplicate).toEqualTypeOf<boolean>();
    } else {
      expectTypeOf(result.reason).toEqualTypeOf<'insufficient-funds'>();
    }
    expectTypeOf(result.token).toEqualTypeOf<LogToken>();
  });

  test('of a decision has the versions of its roles', async () => {
    const result = await bank.execute(transfer.command({ from: 'a', to: 'b', cents: 1 }));
    expectTypeOf(result.streamVersions).toEqualTypeOf<{ readonly from?: number; readonly to?: number }>();
    if (result.outcome === 'rejected') expectTypeOf(result.reason).toEqualTypeOf<'same-owner'>();
    else expectTypeOf(result.events).toEqualTypeOf<readonly Withdrawn[]>();
    // @ts-expect-error a decision changes several streams, so there is no one version
    expectTypeOf(result.streamVersion).toBeNumber();
  });

  test('narrowed to accepted has no rejections', async () => {
    const result = accepted(await bank.execute(account.command.open('a', { owner: 'Ada' })));
    expectTypeOf(result.outcome).toEqualTypeOf<'accepted'>();
    expectTypeOf(result.events).toEqualTypeOf<readonly Opened[]>();
  });

  test('in a handler of a reaction or a message is narrowed too', () => {
    const result = {} as ReactionCommandResult<'insufficient-funds'>;
    expectTypeOf(accepted(result).duplicate).toEqualTypeOf<boolean>();
    // @ts-expect-error a handler gets no events
    expectTypeOf(accepted(result).events).toBeArray();
  });
});

describe('a command of plain data', () => {
  const open = account.command.open('a', { owner: 'Ada' });
  const withdraw = account.command.withdraw('a', { cents: 1 });
  const move = transfer.command({ from: 'a', to: 'b', cents: 1 });
  type AnyOfBank = typeof open | typeof withdraw | typeof move;
  const input: unknown = {};

  test('is any command where its names are not known', () => {
    expectTypeOf(bank.parseCommand(input)).toEqualTypeOf<AnyOfBank>();
    expectTypeOf(bank.parseCommand(JSON.parse('{}'))).toEqualTypeOf<AnyOfBank>();
    expectTypeOf(bank.parseCommand(input as Record<string, unknown>)).toEqualTypeOf<AnyOfBank>();
  });

  test('is the one that it names', () => {
    const named = { aggregate: account.name, id: 'a', input };
    expectTypeOf(bank.parseCommand({ ...named, name: 'open' })).toEqualTypeOf<typeof open>();
    const either = 'open' as 'open' | 'withdraw';
    const parsed = bank.parseCommand({ ...named, name: either });
    expectTypeOf(parsed).toEqualTypeOf<typeof open | typeof withdraw>();
    const ids: unknown = {};
    expectTypeOf(bank.parseCommand({ decision: transfer.name, ids, input })).toEqualTypeOf<typeof move>();
    expectTypeOf(bank.parseCommand({ ...named, name: input })).toEqualTypeOf<typeof parsed>();
  });
});

describe('reasons that middleware gives', () => {
  const plain: CommandMiddleware = (execution, next) => next(execution);
  const unique: CommandMiddleware<'owner-taken'> = (execution, next) =>
    next({ ...execution, toRejection: () => reject('owner-taken') });

  test('are in the results of every command', async () => {
    const strict = createCommandExecutor({
      store,
      aggregates: [account],
      decisions: [transfer],
      middleware: [plain, unique],
    });
    const opened = await strict.execute(account.command.open('a', { owner: 'Ada' }));
    if (opened.outcome === 'rejected')
      expectTypeOf(opened.reason).toEqualTypeOf<'already-open' | 'owner-taken'>();
    const moved = await strict.execute(transfer.command({ from: 'a', to: 'b', cents: 1 }));
    if (moved.outcome === 'rejected')
      expectTypeOf(moved.reason).toEqualTypeOf<'same-owner' | 'owner-taken'>();
  });

  test('are none without a type argument', async () => {
    const lenient = createCommandExecutor({ store, aggregates: [account], middleware: [plain] });
    const opened = await lenient.execute(account.command.open('a', { owner: 'Ada' }));
    if (opened.outcome === 'rejected') expectTypeOf(opened.reason).toEqualTypeOf<'already-open'>();
    const hidden: CommandMiddleware = (execution, next) =>
      // @ts-expect-error the type of the middleware does not name the reason
      next({ ...execution, toRejection: () => reject('owner-taken') });
    expectTypeOf(hidden).toBeFunction();
  });
});

describe('what does not compile', () => {
  test('a command that does not exist, an input field or an id of a wrong type', () => {
    // @ts-expect-error there is no command "close"
    bank.execute(account.command.close('a', {}));
    // @ts-expect-error the field is called cents
    bank.execute(account.command.withdraw('a', { amount: 1 }));
    // @ts-expect-error an id is a text
    bank.execute(account.command.withdraw(7, { cents: 1 }));
    // @ts-expect-error written by hand, and misspelt
    bank.execute({ aggregate: 'account', id: 'a', name: 'withdrew', input: { cents: 1 } });
    // @ts-expect-error written by hand, with an input of the wrong shape
    bank.execute({ aggregate: 'account', id: 'a', name: 'withdraw', input: { cents: '1' } });
    // @ts-expect-error a field is missing
    bank.execute(transfer.command({ from: 'a', cents: 1 }));
  });

  test('a command or decision that was not given to the executor', () => {
    // @ts-expect-error cart was not given to the executor
    bank.execute(cart.command.empty('a', {}));
    // @ts-expect-error nor may it be loaded
    bank.load(cart, 'a');
    const plain = createCommandExecutor({ store, aggregates: [account] });
    // @ts-expect-error transfer was not given to the executor
    plain.execute(transfer.command({ from: 'a', to: 'b', cents: 1 }));
    const fromQueue: Command = { aggregate: 'account', id: 'a', name: 'open', input: {} };
    // @ts-expect-error a command of unknown origin goes through parseCommand
    bank.execute(fromQueue);
    expectTypeOf(bank.execute(bank.parseCommand(fromQueue))).toExtend<
      Promise<{ readonly token: LogToken }>
    >();
  });

  test('an expected version of an unknown role, or one for several streams', () => {
    const command = transfer.command({ from: 'a', to: 'b', cents: 1 });
    bank.execute(command, { expectedVersion: { from: 1 } });
    // @ts-expect-error there is no role "payer"
    bank.execute(command, { expectedVersion: { payer: 1 } });
    // @ts-expect-error of which stream?
    bank.execute(command, { expectedVersion: 1 });
    // @ts-expect-error one stream has one version
    bank.execute(account.command.open('a', { owner: 'Ada' }), { expectedVersion: { from: 1 } });
  });

  test('two moments of load at once', () => {
    bank.load(account, 'a', { atVersion: 1 });
    // @ts-expect-error at a version or at a position
    bank.load(account, 'a', { atVersion: 1, atPosition: 1 });
    // @ts-expect-error an instant is a Date
    bank.load(account, 'a', { atTime: '2026-01-01' });
  });
});

test('a loaded aggregate has its own state', async () => {
  const { state, exists } = await bank.load(account, 'a');
  expectTypeOf(state).toEqualTypeOf<{ readonly open: boolean; readonly cents: number }>();
  // @ts-expect-error the state is shared with later commands
  state.open = false;
  expectTypeOf(exists).toEqualTypeOf<boolean>();
});

describe('metadata', () => {
  test('is optional and free-form without a schema', () => {
    bank.execute(account.command.open('a', { owner: 'Ada' }), { metadata: { actor: 'ada', page: 3 } });
    // @ts-expect-error a Date does not survive JSON
    bank.execute(account.command.open('a', { owner: 'Ada' }), { metadata: { at: new Date() } });
  });

  test('must match the schema exactly', () => {
    const metadata = z.object({ tenant: z.string(), page: z.number().optional() });
    const tenants = createCommandExecutor({ store, aggregates: [account], metadata });
    const command = account.command.open('a', { owner: 'Ada' });
    tenants.execute(command, { metadata: { tenant: 'acme', actor: 'ada' } });
    // @ts-expect-error the tenant is missing, and so are the options
    tenants.execute(command);
    // @ts-expect-error the tenant is missing
    tenants.execute(command, { metadata: { page: 1 } });
    // @ts-expect-error the tenant is a text
    tenants.execute(command, { metadata: { tenant: 1 } });
    // @ts-expect-error misspelt
    tenants.execute(command, { metadata: { tenant: 'acme', acter: 'ada' } });
  });

  test('is optional when the schema requires nothing', () => {
    const lenient = createCommandExecutor({
      store,
      aggregates: [account],
      metadata: z.object({ page: z.number().optional() }),
    });
    lenient.execute(account.command.open('a', { owner: 'Ada' }));
    // @ts-expect-error the page is a number
    lenient.execute(account.command.open('a', { owner: 'Ada' }), { metadata: { page: 'home' } });
  });
});

test('an executor is disposable, and its type can be written down', () => {
  expectTypeOf(bank).toExtend<AsyncDisposable>();
  expectTypeOf(bank).toExtend<CommandExecutor<typeof account, typeof transfer, Record<never, never>>>();
});
