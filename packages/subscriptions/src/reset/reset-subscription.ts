import { setTimeout as delay } from 'node:timers/promises';
import { StoreUnavailableError, SubscriptionNotFoundError } from '@leftfold/core';
import type { PostgresEventStore } from '@leftfold/event-store';
import { isLockTimeout, runnerInTransaction } from '@leftfold/postgres';
import type { Transaction } from 'kysely';
import { rewindCheckpoint, seizeLease } from '../sql/reset.ts';
import type { SchemaConnection } from '../sql/schema-connection.ts';
import { readCheckpoints } from '../sql/subscriptions.ts';
import { identityOf, type Subscription } from '../subscription/subscription-definition.ts';

/** How often to start over when another process takes the lease first, or an append keeps its transaction open. */
const ATTEMPTS = 6;
const FIRST_DELAY_MS = 25;

export interface ResetOptions {
  readonly store: PostgresEventStore;
  readonly owner: string;
  readonly leaseMs: number;
}

/**
 * Deletes what a subscription's handler has written, sets the checkpoint back to the beginning of the log and adopts the
 * definition of this process, in one transaction. The current owner of the lease is fenced first: what it has not committed is rolled back.
 *
 * @throws SubscriptionNotFoundError when the subscription has no row
 * @throws StoreUnavailableError when other transactions prevented every attempt
 */
export async function resetSubscription(subscription: Subscription, options: ResetOptions): Promise<void> {
  const { kind, key } = subscription;
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const [checkpoint] = await readCheckpoints(options.store, [key]);
    if (checkpoint === undefined) throw new SubscriptionNotFoundError(identityOf(subscription));
    const reset = checkpoint.inline ? resetInline : resetLeased;
    if (await reset(subscription, options)) return;
    await delay(FIRST_DELAY_MS * 2 ** attempt);
  }
  throw new StoreUnavailableError(
    `${kind} "${key.name}" could not be reset: other transactions used it all the time; try again`,
  );
}

/** Two transactions: a batch that holds row locks has to be fenced, and end, before its rows can be deleted. */
async function resetLeased(
  subscription: Subscription,
  { store, owner, leaseMs }: ResetOptions,
): Promise<boolean> {
  const { key, definition } = subscription;
  const seized = await seizeLease(store, key, { owner, leaseMs, inline: false });
  if (seized === undefined) return false;
  return inTransaction(store, async (tx, connection) => {
    await definition.clear?.(tx);
    return rewindCheckpoint(connection, subscription, { epoch: seized.epoch, owner });
  });
}

/** One transaction, between two appends. */
async function resetInline(
  subscription: Subscription,
  { store, owner, leaseMs }: ResetOptions,
): Promise<boolean> {
  const { key, definition } = subscription;
  try {
    return await inTransaction(store, async (tx, connection) => {
      await definition.lockAppends?.(tx);
      const seized = await seizeLease(connection, key, { owner, leaseMs, inline: true });
      if (seized === undefined) return false;
      await definition.clear?.(tx);
      return rewindCheckpoint(connection, subscription, { epoch: seized.epoch, owner });
    });
  } catch (error) {
    if (isLockTimeout(error)) return false;
    throw error;
  }
}

/** Commits when `work` returns true, and rolls back otherwise. */
async function inTransaction(
  store: PostgresEventStore,
  work: (tx: Transaction<unknown>, connection: SchemaConnection) => Promise<boolean>,
): Promise<boolean> {
  try {
    await store.inTransaction(async ({ tx }) => {
      if (!(await work(tx, { schema: store.schema, run: runnerInTransaction(tx) }))) throw new NotDone();
    });
    return true;
  } catch (error) {
    if (error instanceof NotDone) return false;
    throw error;
  }
}

class NotDone extends Error {}
