import { defineProcess, defineReaction, type Row } from '@leftfold/core';
import {
  account,
  accountEvents,
  balances,
  deposited,
  opened,
  transfer,
  withdrawn,
} from '@leftfold/testbed/bank';
import { expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import { givenEvents, inStream } from './given-events.ts';
import { given } from './given.ts';

test('given takes the aggregate’s own events, and when its own commands', () => {
  const outcome = given(account, [opened, deposited(5)]).when(
    account.command.withdraw('acc-1', { cents: 5 }),
  );
  expectTypeOf(outcome.state).toEqualTypeOf<{ readonly open: boolean; readonly cents: number }>();
  // @ts-expect-error an event of another category
  given(account, [{ type: 'order.placed', schemaVersion: 1, data: {} }]);
  // @ts-expect-error a command of a decision is none of the aggregate's
  given(account).when(transfer.command({ from: 'a', to: 'b', cents: 5 }));
});

test('then takes the aggregate’s own events, and thenRejected its declared reasons', () => {
  const outcome = given(account).when(account.command.close('acc-1', {}));
  expectTypeOf<(typeof outcome)['thenRejected']>()
    .parameter(0)
    .toEqualTypeOf<'account-already-open' | 'insufficient-funds'>();
  // @ts-expect-error an event of another category
  outcome.then([{ type: 'order.placed', schemaVersion: 1, data: {} }]);
  // @ts-expect-error the state has no field "balance"
  outcome.thenState({ open: true, balance: 5 });
});

test('a decision’s states are by role', () => {
  const outcome = given(transfer, [inStream('account-a', opened)]).when(
    transfer.command({ from: 'a', to: 'b', cents: 5 }),
  );
  expectTypeOf(outcome.state.to).toEqualTypeOf<{ readonly open: boolean; readonly cents: number }>();
  expectTypeOf<(typeof outcome)['thenRejected']>()
    .parameter(0)
    .toEqualTypeOf<'insufficient-funds' | 'account-not-open'>();
  outcome.then([withdrawn(5), inStream('account-b', deposited(5))]);
  // @ts-expect-error events are in a list
  outcome.then({ from: [withdrawn(5)] });
  // @ts-expect-error there is no role "via"
  outcome.thenState({ via: { open: true, cents: 5 } });
  // @ts-expect-error a history is a list
  given(transfer, { from: [opened] });
  // @ts-expect-error a command of the aggregate is none of the decision's
  given(transfer).when(account.command.close('a', {}));
});

test('a projection is projected, and a reaction reacts', () => {
  // @ts-expect-error a projection is no reaction
  void givenEvents([opened]).react(balances);
  const reaction = defineReaction({
    name: 'mails',
    events: [accountEvents],
    on: { 'account.opened': async () => {} },
  });
  expectTypeOf(givenEvents([opened]).react(reaction)).resolves.toHaveProperty('thenCommands');
  // @ts-expect-error a reaction is no projection
  givenEvents([opened]).project(reaction);
});

test('rows are typed by the projection’s columns', () => {
  const projected = givenEvents([accountEvents.create.opened({ owner: 'Ada' })]).project(balances);
  expectTypeOf(projected.rows).toEqualTypeOf<
    readonly Row<{ account_id: 'text'; owner: 'text'; cents: 'bigint'; events: 'integer' }>[]
  >();
  // @ts-expect-error a column is missing
  projected.thenRows([{ account_id: 'a', owner: '', cents: 0 }]);
  // @ts-expect-error the column has another type
  projected.thenRows([{ account_id: 'a', owner: '', cents: '0', events: 0 }]);
});

test('given takes what a process reads, and its outcome is typed by its state', () => {
  const process = defineProcess({
    name: 'gift',
    events: [accountEvents],
    messages: { 'sponsor.confirmed': z.object({ cents: z.int() }) },
    publishes: { given: z.object({ cents: z.int() }) },
    starts: ['account.opened'],
    correlate: { 'account.opened': () => '1' },
    initialState: { cents: 0 as number },
  });
  const outcome = given(process, [opened, process.message('sponsor.confirmed', '1', { cents: 5 })])
    .rejecting('account.deposit', 'no', { times: 1 })
    .when({ type: 'cancelled', reason: 'enough' });
  expectTypeOf(outcome.state).toEqualTypeOf<{ readonly cents: number }>();
  outcome
    .then([account.command.close('1', {}), process.published.create.given({ cents: 5 })])
    .ended('failed');
  outcome
    .then([{ kind: 'cancel', deadline: 'late' }])
    .after(5)
    .thenCommands([account.command.close('1', {})]);
  // @ts-expect-error an input has a known type
  given(process).when({ type: 'paused' });
  // @ts-expect-error a rejection has a reason
  given(process).when({ type: 'rejected', as: 'gift' });
  // @ts-expect-error the state has no field "balance"
  outcome.thenState({ balance: 5 });
  // @ts-expect-error an instance does not end so
  outcome.ended('running');
  // @ts-expect-error an event is no command
  outcome.thenCommands([opened]);
});
