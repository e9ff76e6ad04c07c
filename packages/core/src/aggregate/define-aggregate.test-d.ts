import { account, accountEvents } from '@leftfold/testbed/bank';
import { expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import type { NewEventOf } from '../event/define-events.ts';
import type { NewEvent } from '../event/event.ts';
import type { Command, CommandEvent, CommandReason } from './command.ts';
import type { CommandTypes } from './command-types.ts';
import { type Aggregate, type CommandOf, defineAggregate, type StateOf } from './define-aggregate.ts';
import { reject } from './reject.ts';

type CommandName = 'open' | 'deposit' | 'withdraw' | 'levelTo' | 'close';

const state = { open: false, cents: 0 };
const evolve = {
  opened: (before: typeof state) => before,
  deposited: (before: typeof state) => before,
  withdrawn: (before: typeof state) => before,
  closed: (before: typeof state) => before,
};

test('everything is inferred from the events, the initial state and the input schemas', () => {
  expectTypeOf(account.name).toEqualTypeOf<'account'>();
  expectTypeOf<StateOf<typeof account>>().toEqualTypeOf<{ readonly open: boolean; readonly cents: number }>();
  expectTypeOf<keyof typeof account.command>().toEqualTypeOf<CommandName>();
});

test('a command takes the input of its schema, not the output', () => {
  const parsing = defineAggregate({
    events: accountEvents,
    initialState: state,
    evolve,
    commands: {
      deposit: {
        input: z.object({ cents: z.coerce.number<string>() }),
        decide: (_state, { cents }, emit) => emit.deposited({ cents }),
      },
    },
  });
  expectTypeOf(parsing.command.deposit).parameter(1).toEqualTypeOf<{ cents: string }>();
});

type OpenedData = { owner: string; note?: string | undefined };
type Opened = NewEvent<'account.opened', OpenedData>;
type Deposited = NewEvent<'account.deposited', { cents: number }>;
type Withdrawn = NewEvent<'account.withdrawn', { cents: number }>;
type Closed = NewEvent<'account.closed', Record<string, never>>;

test('an aggregate and its commands have types that can be read in an editor', () => {
  expectTypeOf(account).toEqualTypeOf<
    Aggregate<
      'account',
      {
        opened: OpenedData;
        deposited: { cents: number };
        withdrawn: { cents: number };
        closed: Record<string, never>;
      },
      { readonly open: boolean; readonly cents: number },
      {
        open: CommandTypes<{ owner: string }, Opened, 'account-already-open'>;
        deposit: CommandTypes<{ cents: number }, Deposited, never>;
        withdraw: CommandTypes<{ cents: number }, Withdrawn, 'insufficient-funds'>;
        levelTo: CommandTypes<{ cents: number }, Deposited, never>;
        close: CommandTypes<Record<string, never>, Withdrawn | Closed, never>;
      }
    >
  >();
  expectTypeOf(account.command.open).toEqualTypeOf<
    (
      id: string,
      input: { owner: string },
    ) => Command<'account', 'open', { owner: string }, Opened, 'account-already-open'>
  >();
});

test('a command is a value that knows its own events and its own rejections', () => {
  const open = account.command.open('acc-1', { owner: 'Ada' });
  expectTypeOf(open.aggregate).toEqualTypeOf<'account'>();
  expectTypeOf(open.name).toEqualTypeOf<'open'>();
  expectTypeOf(open.input).toEqualTypeOf<{ owner: string }>();
  expectTypeOf<CommandEvent<typeof open>>().toEqualTypeOf<Opened>();
  expectTypeOf<CommandReason<typeof open>>().toEqualTypeOf<'account-already-open'>();
  expectTypeOf<CommandReason<CommandOf<typeof account>>>().toEqualTypeOf<
    'account-already-open' | 'insufficient-funds'
  >();
  expectTypeOf<CommandOf<typeof account>['name']>().toEqualTypeOf<CommandName>();
});

test('a command of unknown origin has unknown events and any rejection', () => {
  expectTypeOf<CommandEvent<{ aggregate: string }>>().toEqualTypeOf<NewEvent>();
  expectTypeOf<CommandReason<{ aggregate: string }>>().toEqualTypeOf<string>();
});

test('a wrong command name or input does not compile', () => {
  // @ts-expect-error there is no command "freeze"
  account.command.freeze('acc-1', {});
  // @ts-expect-error the input lacks its field
  account.command.open('acc-1', {});
  // @ts-expect-error the input has a field its schema does not know
  account.command.open('acc-1', { owner: 'Ada', age: 36 });
  // @ts-expect-error the field has another type
  account.command.withdraw('acc-1', { cents: '5' });
});

test('an id of its own for a decided event does not compile', () => {
  defineAggregate({
    events: accountEvents,
    initialState: state,
    evolve: {} as never,
    commands: {
      open: {
        input: z.object({}),
        // @ts-expect-error the id is made from the command id
        decide: (_state, _input, emit, { newId }) => emit.opened({ owner: 'Ada' }, { id: newId() }),
      },
    },
  });
});

test('a missing, unknown or mistyped evolve handler does not compile', () => {
  defineAggregate({
    events: accountEvents,
    initialState: state,
    // @ts-expect-error "withdrawn" has no handler
    evolve: { opened: (before) => before, deposited: (before) => before, closed: (before) => before },
    commands: {},
  });
  defineAggregate({
    events: accountEvents,
    initialState: state,
    // @ts-expect-error there is no event "frozen"
    evolve: { ...evolve, frozen: (before) => before },
    commands: {},
  });
  defineAggregate({
    events: accountEvents,
    initialState: state,
    // @ts-expect-error the handler drops a part of the state
    evolve: { ...evolve, deposited: (before, data) => ({ cents: before.cents + data.cents }) },
    commands: {},
  });
  defineAggregate({
    events: accountEvents,
    initialState: state,
    // @ts-expect-error the event has no field "cent"
    evolve: { ...evolve, deposited: (before, data) => ({ ...before, cents: data.cent }) },
    commands: {},
  });
});

test('a result of evolve with a field that the state does not have does not compile', () => {
  const base = { events: accountEvents, initialState: state, commands: {} };
  defineAggregate({
    ...base,
    // @ts-expect-error the field is called open
    evolve: { ...evolve, opened: (before) => ({ ...before, opne: true }) },
  });
  defineAggregate({
    ...base,
    // @ts-expect-error an owner is no part of the state
    evolve: { ...evolve, opened: (before, data) => ({ ...before, ...data }) },
  });
  defineAggregate({
    ...base,
    evolve: { ...evolve, deposited: (before, data) => ({ ...before, ...data }) },
  });
});

test('a state may be a union, a record, a list, a number or nothing', () => {
  type Order = { readonly status: 'new' } | { readonly status: 'paid'; readonly at: string } | null;
  const noOrder = (): Order => null;
  const kept = { withdrawn: <T>(before: T) => before, closed: <T>(before: T) => before };
  const base = { events: accountEvents, commands: {} };
  defineAggregate({
    ...base,
    initialState: noOrder(),
    evolve: {
      ...kept,
      opened: (_before) => ({ status: 'new' }),
      deposited: (before, { cents }) => (before === null ? before : { status: 'paid', at: `${cents}` }),
    },
  });
  const none: Readonly<Record<string, number>> = {};
  defineAggregate({
    ...base,
    initialState: none,
    evolve: {
      ...kept,
      opened: (before, { owner }) => ({ ...before, [owner]: 0 }),
      deposited: (before) => ({ ...before, ada: 1 }),
    },
  });
  defineAggregate({
    ...base,
    initialState: [] as readonly string[],
    evolve: {
      ...kept,
      opened: (before, { owner }) => [...before, owner],
      deposited: (before) => before.toReversed(),
    },
  });
  const count = defineAggregate({
    ...base,
    initialState: 0,
    evolve: { ...kept, opened: () => 0, deposited: (before, { cents }) => before + cents },
  });
  expectTypeOf<StateOf<typeof count>>().toEqualTypeOf<number>();
});

test('a decide that awaits does not compile', () => {
  defineAggregate({
    events: accountEvents,
    initialState: state,
    evolve,
    commands: {
      // @ts-expect-error decide is synchronous
      open: { input: z.object({}), decide: async (_state, _input, emit) => emit.opened({ owner: 'Ada' }) },
    },
  });
});

test('a decision that emits what is not there, or wrongly, does not compile', () => {
  const input = z.object({ cents: z.int() });
  defineAggregate({
    events: accountEvents,
    initialState: state,
    evolve,
    commands: {
      // @ts-expect-error there is no event "frozen"
      freeze: { input, decide: (_state, _input, emit) => emit.frozen({}) },
      // @ts-expect-error the input has no field "amount"
      deposit: { input, decide: (_state, { amount }, emit) => emit.deposited({ cents: amount }) },
      // @ts-expect-error the state has no field "balance"
      withdraw: { input, decide: (before, _input, emit) => emit.withdrawn({ cents: before.balance }) },
      // @ts-expect-error an event of another category does not belong to this stream
      open: { input, decide: () => ({ type: 'order.placed', schemaVersion: 1, data: {} }) },
    },
  });
});

test('a rejection that was not declared does not compile', () => {
  const input = z.object({});
  defineAggregate({
    events: accountEvents,
    initialState: state,
    evolve,
    rejections: ['account-closed'],
    commands: {
      close: { input, decide: () => reject('account-closed') },
      // @ts-expect-error "acount-closed" is misspelt
      open: { input, decide: () => reject('acount-closed') },
      withdraw: {
        input,
        // @ts-expect-error nor beside events
        decide: (before, _, emit) => (before.open ? reject('closed') : emit.opened({ owner: 'Ada' })),
      },
    },
  });
});

test('a command’s events are those that its decide can return', () => {
  const input = z.object({ all: z.array(z.int()) });
  const reasonOf = (cents: number): string => `lacks ${cents}`;
  const anyOf = (): readonly NewEventOf<typeof accountEvents>[] => [];
  const many = defineAggregate({
    events: accountEvents,
    initialState: state,
    evolve,
    commands: {
      either: {
        input,
        decide: (before, _, emit) =>
          before.open ? emit.deposited({ cents: 1 }) : emit.opened({ owner: 'Ada' }),
      },
      list: {
        input,
        decide: (before, { all }, emit) => {
          if (before.open) return [];
          return [emit.opened({ owner: 'Ada' }), ...all.map((cents) => emit.deposited({ cents }))];
        },
      },
      method: {
        input,
        decide(before, _, emit) {
          if (before.cents > 0) return reject('not-empty');
          if (!before.open) return reject('not-open');
          return emit.withdrawn({ cents: 1 });
        },
      },
      widened: { input, decide: (before) => (before.open ? anyOf() : reject(reasonOf(1))) },
      byHand: { input, decide: (): Withdrawn | [] => [] },
    },
  });
  type Commands = { [TName in keyof typeof many.command]: ReturnType<(typeof many.command)[TName]> };
  expectTypeOf<CommandEvent<Commands['either']>>().toEqualTypeOf<Opened | Deposited>();
  expectTypeOf<CommandEvent<Commands['list']>>().toEqualTypeOf<Opened | Deposited>();
  expectTypeOf<CommandEvent<Commands['method']>>().toEqualTypeOf<Withdrawn>();
  expectTypeOf<CommandEvent<Commands['widened']>>().toEqualTypeOf<NewEventOf<typeof accountEvents>>();
  expectTypeOf<CommandEvent<Commands['byHand']>>().toEqualTypeOf<Withdrawn>();
  expectTypeOf<CommandReason<Commands['either']>>().toBeNever();
  expectTypeOf<CommandReason<Commands['method']>>().toEqualTypeOf<'not-empty' | 'not-open'>();
  expectTypeOf<CommandReason<Commands['widened']>>().toEqualTypeOf<string>();
});

test('evolve may set a field to one of its literal texts, and to no other text', () => {
  type Status = { readonly status: 'none' | 'open'; readonly cents: number };
  const initialState: Status = { status: 'none', cents: 0 };
  const base = { events: accountEvents, initialState, commands: {} };
  const kept = {
    deposited: (before: Status) => before,
    withdrawn: (before: Status) => before,
    closed: (before: Status) => before,
  };
  const evolving = defineAggregate({
    ...base,
    evolve: { ...kept, opened: (before) => ({ ...before, status: 'open' }) },
  });
  expectTypeOf<StateOf<typeof evolving>>().toEqualTypeOf<Status>();
  defineAggregate({
    ...base,
    // @ts-expect-error there is no status "opn"
    evolve: { ...kept, opened: (before) => ({ ...before, status: 'opn' }) },
  });
});

test('without declared rejections any reason compiles', () => {
  const free = defineAggregate({
    events: accountEvents,
    initialState: state,
    evolve,
    commands: { close: { input: z.object({}), decide: () => reject('whatever') } },
  });
  expectTypeOf<CommandReason<CommandOf<typeof free>>>().toEqualTypeOf<'whatever'>();
});

test('nothing of a state can be assigned, in a rule or an evolve, and lists are made anew', () => {
  const initialState = { lines: [] as { sku: string }[], seen: new Set<string>(), at: new Date(0) };
  const list = defineAggregate({
    events: accountEvents,
    initialState,
    evolve: {
      opened: (before, { owner }) => ({ ...before, lines: [...before.lines, { sku: owner }] }),
      // @ts-expect-error a property
      deposited: (before) => Object.assign(before, {}) && (before.lines = []) && before,
      withdrawn: (before) => {
        // @ts-expect-error a list
        before.lines.push({ sku: '' });
        return before;
      },
      closed: (before) => before,
    },
    commands: {
      look: {
        input: z.object({}),
        decide: (given) => {
          // @ts-expect-error a property at any level
          given.lines[0]!.sku = '';
          // @ts-expect-error a set
          given.seen.add('');
          return [];
        },
      },
    },
  });
  expectTypeOf<StateOf<typeof list>>().toEqualTypeOf<{
    readonly lines: readonly { readonly sku: string }[];
    readonly seen: ReadonlySet<string>;
    readonly at: Date;
  }>();
});

test('an aggregate without commands has none, whatever its other types', () => {
  const silent = defineAggregate({ events: accountEvents, initialState: state, evolve, commands: {} });
  expectTypeOf<CommandOf<typeof silent>>().toEqualTypeOf<never>();
  expectTypeOf<CommandReason<CommandOf<typeof silent | typeof account>>>().toEqualTypeOf<
    'account-already-open' | 'insufficient-funds'
  >();
  // @ts-expect-error there is no command "open"
  silent.command.open('acc-1', {});
});
