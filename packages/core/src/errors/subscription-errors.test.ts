import { expect, test } from 'vitest';
import { SubscriptionFailedError, SubscriptionMismatchError } from './subscription-errors.ts';

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
