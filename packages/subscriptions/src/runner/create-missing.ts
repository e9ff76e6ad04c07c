import type { PostgresEventStore } from '@leftfold/event-store';
import { registerSubscriptions, requestSlices } from '../sql/subscriptions.ts';
import { migrationStep, prepareSubscription } from './migration-step.ts';
import type { FoundSubscription, SubscriptionSet } from './subscription-set.ts';

/**
 * Creates the rows of a runner's subscriptions, and what their handlers write to. One that has another number of slices
 * is going to be divided anew.
 *
 * @param migrate what the application creates beside that
 * @throws MigrationFailedError, and what the database threw
 */
export async function createMissing(
  store: PostgresEventStore,
  subscriptions: SubscriptionSet,
  migrate: (() => Promise<void>) | undefined,
): Promise<void> {
  const found = await subscriptions.withCheckpoints();
  const registered = found.filter(({ subscription: { definition } }) => definition.onDemand !== true);
  const missing = registered.filter(({ checkpoints: [first] }) => first === undefined);
  const divided = registered.filter(({ subscription: { slices }, checkpoints: [first] }) => {
    return first !== undefined && (first.nextSlices ?? first.slices) !== slices;
  });
  const those = ({ subscription }: FoundSubscription) => subscription;
  await registerSubscriptions(store, missing.map(those));
  await requestSlices(store, divided.map(those));
  await migrationStep(store, 'the option migrate', async () => migrate?.());
  for (const { subscription, checkpoints } of await subscriptions.withCheckpoints()) {
    const isSame = checkpoints[0]?.definitionHash === subscription.definitionHash;
    if (isSame) await prepareSubscription(store, subscriptions.mismatches, subscription);
  }
}
