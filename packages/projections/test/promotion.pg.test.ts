import { accountEvents, balances } from '@leftfold/testbed/bank';
import { guarantee } from '@leftfold/testbed/guarantees';
import { expect } from 'vitest';
import { promoteToInline } from '../src/inline/promote-to-inline.ts';
import { test } from './runner-test.ts';
import { createTestRunner } from './runner.ts';

test('a projection with more large events left than one page has is not promoted yet', async ({ store }) => {
  guarantee('inline-history');
  const runner = createTestRunner(store, [balances]);
  await runner.start();
  await runner.stop();
  const large = accountEvents.create.opened({ owner: 'Ada', note: 'x'.repeat(600_000) });
  const { events } = await store.append('account-large', [large, large, large]);
  const lease = { name: 'balances', version: 1, slice: 0, epoch: 1, owner: 'test', leaseMs: 5_000 };
  const promote = (position: number) => promoteToInline(store, balances, lease, position);
  expect(await promote(0)).toBe('later');
  // Nothing but the lease, which is nobody's, stands in the way here.
  expect(await promote(events[1]!.position)).toBe('fenced');
});
