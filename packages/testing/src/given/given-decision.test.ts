import { AssertionError } from 'node:assert';
import { deposited, opened, openFor, transfer, withdrawn } from '@leftfold/testbed/bank';
import { expect, test } from 'vitest';
import { given } from './given.ts';

const ada = { from: [opened, deposited(500)], to: [opened] };
const fiveCents = transfer.command({ from: 'a', to: 'b' }, { cents: 5 });

test('a decision over several aggregates passes when each role has exactly these events', () => {
  given(transfer, ada)
    .when(fiveCents)
    .then({ from: [withdrawn(5)], to: [deposited(5)] })
    .thenState({ from: { open: true, cents: 495 }, to: { open: true, cents: 5 } });
  expect.assertions(0);
});

test('a role that is left out has no history, and no events', () => {
  given(openFor, { guarantor: [opened, deposited(5)] })
    .when(openFor.command({ guarantor: 'a', fresh: 'b' }, { owner: 'Ada' }))
    .then({ fresh: [opened] });
  expect(() =>
    given(transfer, ada)
      .when(fiveCents)
      .then({ from: [withdrawn(5)] }),
  ).toThrow(AssertionError);
  expect(given(transfer).states).toEqual({ from: { open: false, cents: 0 }, to: { open: false, cents: 0 } });
});

test('a rejection does not change the states', () => {
  given(transfer)
    .when(fiveCents)
    .thenRejected('insufficient-funds')
    .thenState({ from: { open: false, cents: 0 }, to: { open: false, cents: 0 } });
  expect(() => given(transfer).when(fiveCents).thenNothing()).toThrow(
    'transfer was rejected: insufficient-funds',
  );
});

test('events where none were expected are an assertion error', () => {
  expect(() => given(transfer, ada).when(fiveCents).thenNothing()).toThrow('transfer decided on events');
  expect(() => given(transfer, ada).when(fiveCents).thenRejected('insufficient-funds')).toThrow(
    'transfer was not rejected: it decided on account.withdrawn, account.deposited',
  );
});

test('one aggregate in two roles is refused, as in executing the command', () => {
  expect(() => given(transfer, ada).when(transfer.command({ from: 'a', to: 'a' }, { cents: 5 }))).toThrow(
    expect.objectContaining({ code: 'INVALID_COMMAND', command: 'transfer' }),
  );
});

test('an unknown role is refused', () => {
  expect(() => given(transfer, Object.assign({ via: [opened] }, ada))).toThrow(
    'history names "via", and decision "transfer" has no such role',
  );
});
