import { account, accountEvents } from '@leftfold/testbed/bank';
import { expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import type { NewEventOf } from '../event/define-events.ts';
import type { NewEvent } from '../event/event.ts';
import type { CommandEvent, CommandReason } from './command.ts';
import { type CommandOf, defineAggregate, type StateOf } from './define-aggregate.ts';
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
  expectTypeOf<StateOf<typeof account>>().toEqualTypeOf<{ open: boolean; cents: number }>();
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

test('a command is a value that knows its events and its refusals', () => {
  const open = account.command.open('acc-1', { owner: 'Ada' });
  expectTypeOf(open.aggregate).toEqualTypeOf<'account'>();
  expectTypeOf(open.name).toEqualTypeOf<'open'>();
  expectTypeOf(open.input).toEqualTypeOf<{ owner: string }>();
  expectTypeOf<CommandEvent<typeof open>>().toEqualTypeOf<NewEventOf<typeof accountEvents>>();
  expectTypeOf<CommandReason<typeof open>>().toEqualTypeOf<'account-already-open' | 'insufficient-funds'>();
  expectTypeOf<CommandOf<typeof account>['name']>().toEqualTypeOf<CommandName>();
});

test('a command of unknown origin has unknown events and any refusal', () => {
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

test('a refusal that was not declared does not compile', () => {
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

test('without declared refusals any reason compiles', () => {
  const free = defineAggregate({
    events: accountEvents,
    initialState: state,
    evolve,
    commands: { close: { input: z.object({}), decide: () => reject('whatever') } },
  });
  expectTypeOf<CommandReason<CommandOf<typeof free>>>().toEqualTypeOf<string>();
});
