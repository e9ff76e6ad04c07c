import { expect, test } from 'vitest';
import {
  SubscriptionFailedError,
  SubscriptionMismatchError,
  SubscriptionNotFoundError,
} from './subscription-errors.ts';

const balances = { kind: 'projection', name: 'balances', version: 1 };

test.each([
  ['projection', 'deploy it or call resume()'],
  ['rebuild of projection', 'deploy it or call resumeRebuild()'],
  ['replay of projection', 'deploy it or begin again'],
])('the failure of a %s says how it goes on', (kind, fix) => {
  const error = new SubscriptionFailedError({ kind, name: 'balances' }, undefined, { cause: 'refused' });
  expect(error.message).toContain(fix);
});

test('a relay that is defined in another way goes on by a raised version', () => {
  const relay = { kind: 'relay', name: 'orders', version: 1 };
  expect(new SubscriptionMismatchError(relay, ['a', 'b']).message).toBe(
    'relay "orders" is not as this database has it: a; b; raise its version: the new one goes on where the old one is, and nothing is published again',
  );
});

test('a subscription that is unknown says which ones are known', () => {
  const messageFor = (...given: { name: string; version?: number }[]) =>
    new SubscriptionNotFoundError(balances, given).message;
  expect(messageFor()).toBe(
    'projection "balances" is unknown here: this process has none; pass its definition',
  );
  expect(messageFor({ name: 'owners' }, { name: 'owners', version: 2 }, { name: 'carts' })).toBe(
    'projection "balances" is unknown here: this process has "owners", "carts"; correct the name, or pass its definition',
  );
  expect(messageFor({ name: 'owners' }, { name: 'balances', version: 2 })).toBe(
    'projection "balances" is unknown here: this process has version 2 of it, not version 1; ask a process of the release that has version 1, or pass that definition as well',
  );
  const many = Array.from({ length: 300 }, (_, index) => ({ name: `p${index}` }));
  expect(messageFor(...many)).toContain('"p8", "p9", and 290 more; correct');
});

test('a mismatch shows its first differences', () => {
  const differences = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
  const error = new SubscriptionMismatchError(balances, differences);
  expect(error.message).toContain('has it: a; b; c; d; e; and 2 more; raise its version');
  expect(error.differences).toEqual(differences);
});
