import type { PostgresEventStore } from '@leftfold/event-store';
import { registerSubscriptions } from '../sql/subscriptions.ts';
import { migrationStep, prepareSubscription } from './migration-step.ts';
import type { SubscriptionSet } from './subscription-set.ts';

/**
 * Creates the rows of subscriptions that have none, and what their handlers write to.
 *
 * @param migrate what the application creates beside that
 * @throws MigrationFailedError, and what the database threw
 */
export async function createMissing(
  store: PostgresEventStore,
  subscriptions: SubscriptionSet,
  migrate: (() => Promise<void>) | undefined,
): Promise<void> {
  const missing = (await subscriptions.withCheckpoints()).filter(
    ({ checkpoint }) => checkpoint === undefined,
  );
  await registerSubscriptions(
    store,
    missing.map(({ subscription }) => subscription),
  );
  await migrationStep(store, 'the option migrate', async () => migrate?.());
  for (const { subscription, checkpoint } of await subscriptions.withCheckpoints()) {
    const isSame = checkpoint?.definitionHash === subscription.definitionHash;
    if (isSame) await prepareSubscription(store, subscriptions.mismatches, subscription);
  }
}
