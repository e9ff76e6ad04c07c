import { expect, test } from 'vitest';
import { SubscriptionFailedError } from './subscription-errors.ts';

test.each([
  ['projection', 'deploy it or call resume()'],
  ['rebuild of projection', 'deploy it or call resumeRebuild()'],
  ['replay of projection', 'deploy it or begin again'],
])('the failure of a %s says how it goes on', (kind, fix) => {
  const error = new SubscriptionFailedError({ kind, name: 'balances' }, undefined, { cause: 'refused' });
  expect(error.message).toContain(fix);
});
