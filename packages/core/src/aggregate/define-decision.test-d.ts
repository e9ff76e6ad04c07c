import { account, transfer } from '@leftfold/testbed/bank';
import { expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import type { NewEvent } from '../event/event.ts';
import type { CommandEvent, CommandReason } from './command.ts';
import { defineDecision } from './define-decision.ts';
import { reject } from './reject.ts';

const input = z.object({ cents: z.int() });
const aggregates = { from: account, to: account };

test('a decision’s command has its roles, its input, its events and its rejections', () => {
  const command = transfer.command({ from: 'a', to: 'b' }, { cents: 5 });
  expectTypeOf(command.decision).toEqualTypeOf<'transfer'>();
  expectTypeOf(command.ids).toEqualTypeOf<{ readonly from: string; readonly to: string }>();
  expectTypeOf<CommandEvent<typeof command>>().toEqualTypeOf<
    NewEvent<'account.withdrawn', { cents: number }> | NewEvent<'account.deposited', { cents: number }>
  >();
  expectTypeOf<CommandReason<typeof command>>().toEqualTypeOf<'insufficient-funds' | 'account-not-open'>();
});

test('a role left out, an unknown one or a wrong input does not compile', () => {
  // @ts-expect-error "to" is missing
  transfer.command({ from: 'a' }, { cents: 5 });
  // @ts-expect-error there is no role "via"
  transfer.command({ from: 'a', to: 'b', via: 'c' }, { cents: 5 });
  // @ts-expect-error the input lacks its field
  transfer.command({ from: 'a', to: 'b' }, {});
});

test('the rule sees each role’s state and emits each role’s events', () => {
  defineDecision({
    name: 'transfer',
    aggregates,
    input,
    decide: (states, { cents }, emit, { ids }) => {
      expectTypeOf(states.from).toEqualTypeOf<{ readonly open: boolean; readonly cents: number }>();
      expectTypeOf(ids).toEqualTypeOf<{ readonly from: string; readonly to: string }>();
      return { from: emit.from.withdrawn({ cents }) };
    },
  });
  // @ts-expect-error there is no role "via"
  defineDecision({ name: 'transfer', aggregates, input, decide: ({ via }) => (via ? {} : {}) });
  defineDecision({
    name: 'transfer',
    aggregates,
    input,
    // @ts-expect-error there is no event "frozen"
    decide: (_states, _input, emit) => ({ from: emit.from.frozen({}) }),
  });
  defineDecision({
    name: 'transfer',
    aggregates,
    input,
    // @ts-expect-error an event of no known type
    decide: () => ({ from: { type: 'account.lost', schemaVersion: 1, data: {} } }),
  });
});

test('a result with an unknown role, or with one event that has no role, does not compile', () => {
  const base = { name: 'transfer', aggregates, input } as const;
  defineDecision({
    ...base,
    // @ts-expect-error there is no role "client"
    decide: (_states, { cents }, emit) => ({ client: [emit.to.deposited({ cents })] }),
  });
  defineDecision({
    ...base,
    // @ts-expect-error there is no role "client" beside the known one
    decide: (states, { cents }, emit) => {
      if (!states.to.open) return reject('closed');
      return { to: emit.to.deposited({ cents }), client: [] };
    },
  });
  // @ts-expect-error the event of which role?
  defineDecision({ ...base, decide: (_states, { cents }, emit) => emit.to.deposited({ cents }) });
  // @ts-expect-error the events of which role?
  defineDecision({ ...base, decide: (_states, { cents }, emit) => [emit.to.deposited({ cents })] });
});

test('a decide that awaits does not compile', () => {
  defineDecision({
    name: 'transfer',
    aggregates,
    input,
    // @ts-expect-error decide is synchronous
    decide: async (_states, { cents }, emit) => ({ from: emit.from.withdrawn({ cents }) }),
  });
});

test('a rejection that was not declared does not compile', () => {
  defineDecision({
    name: 'transfer',
    aggregates,
    input,
    rejections: ['account-closed'],
    // @ts-expect-error "acount-closed" is misspelt
    decide: (states, { cents }, emit) => {
      if (!states.to.open) return reject('acount-closed');
      return { from: emit.from.withdrawn({ cents }) };
    },
  });
});
