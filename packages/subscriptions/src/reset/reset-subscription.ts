import { setTimeout as delay } from 'node:timers/promises';
import { type Backoff, retryDelayMs, StoreUnavailableError, SubscriptionNotFoundError } from '@leftfold/core';
import type { PostgresEventStore } from '@leftfold/event-store';
import { isLockTimeout, type PipelinedTransaction, runnerInTransaction } from '@leftfold/postgres';
import { sql, type Transaction } from 'kysely';
import { rewindCheckpoint, type SeizedLease, seizeLease } from '../sql/reset.ts';
import type { SchemaConnection } from '../sql/schema-connection.ts';
import { readCheckpoints } from '../sql/subscriptions.ts';
import { identityOf, type Subscription } from '../subscription/subscription-definition.ts';

/** How often to start over when another process takes the lease first, or an append keeps its transaction open. */
const ATTEMPTS = 6;
const FIRST_DELAY_MS = 25;
/** Longest wait for a lock, in milliseconds. */
const LOCK_MS = 5_000;
/** Of waits for the locks of tables that are read all the time, and of the pauses between them. */
const turns: Backoff = { firstDelayMs: 50, maxDelayMs: 1_000 };

/** How far a subscription goes back, and what belongs to that. */
export interface RewindOptions {
  /** How far back. @default the beginning of the log */
  readonly to?: number | undefined;
  /** Adapts what the handler has written, in the transaction. @default the definition's `clear` */
  readonly clear?: ((tx: Transaction<unknown>) => Promise<void>) | undefined;
}

export interface ResetOptions extends RewindOptions {
  readonly store: PostgresEventStore;
  readonly owner: string;
  readonly leaseMs: number;
}

/**
 * Deletes what a subscription's handler has written, sets the checkpoints back and adopts the definition of this process,
 * in one transaction. The owners of the leases are fenced first: what they
 * have not committed is rolled back.
 *
 * @throws SubscriptionNotFoundError when the subscription has no row
 * @throws StoreUnavailableError when other transactions prevented every attempt
 */
export async function resetSubscription(subscription: Subscription, options: ResetOptions): Promise<void> {
  const { kind, ref } = subscription;
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const [checkpoint] = await readCheckpoints(options.store, [ref]);
    if (checkpoint === undefined) throw new SubscriptionNotFoundError(identityOf(subscription));
    const reset = checkpoint.inline ? resetInline : resetLeased;
    try {
      if (await reset(subscription, options)) return;
    } catch (error) {
      if (!checkpoint.inline || !isLockTimeout(error) || attempt === ATTEMPTS) throw error;
    }
    await delay(FIRST_DELAY_MS * 2 ** attempt);
  }
  throw new StoreUnavailableError(
    `${kind} "${ref.name}" could not be reset: other transactions used it all the time; try again`,
  );
}

/**
 * Two transactions: a batch that holds row locks has to be fenced, and end, before its rows can be deleted. Whatever
 * uses the tables waits behind the second one while that waits for its locks, so it waits in short turns, and lets
 * others pass in between.
 */
async function resetLeased(
  subscription: Subscription,
  { store, owner, leaseMs, to = 0, clear }: ResetOptions,
): Promise<boolean> {
  const { ref, definition } = subscription;
  let deadline: number | undefined;
  for (let turn = 1; ; turn += 1) {
    let leases: readonly SeizedLease[] = [];
    // The process that had the lease ends its batch when it notices, within the lease.
    await inTransaction(store, leaseMs + LOCK_MS, async (tx, connection) => {
      deadline ??= performance.now() + (await lockTimeoutOf(tx));
      leases = await seizeLease(connection, ref, { owner, leaseMs, inline: false });
      return leases.length > 0;
    });
    if (leases.length === 0) return false;
    const seized = { leases, owner, to };
    const turnMs = retryDelayMs(turns, turn);
    try {
      return await inTransaction(store, turnMs, async (tx, connection) => {
        await (clear === undefined ? definition.clear?.(tx) : clear(tx));
        return rewindCheckpoint(connection, subscription, seized);
      });
    } catch (error) {
      if (!isLockTimeout(error) || performance.now() >= (deadline ?? 0)) throw error;
    }
    await delay(turnMs);
  }
}

/** Milliseconds: what the transaction was given, or less for a role with a shorter one. */
async function lockTimeoutOf(tx: Transaction<unknown>): Promise<number> {
  const setting = sql<{
    ms: string;
  }>`select setting as ms from pg_catalog.pg_settings where name = 'lock_timeout'`;
  const { rows } = await setting.execute(tx);
  return Number(rows[0]?.ms);
}

/** One transaction, between two appends. */
async function resetInline(
  subscription: Subscription,
  { store, owner, leaseMs, to = 0, clear }: ResetOptions,
): Promise<boolean> {
  const { ref, definition } = subscription;
  return inTransaction(store, LOCK_MS, async (tx, connection) => {
    await definition.lockAppends?.(tx);
    const leases = await seizeLease(connection, ref, { owner, leaseMs, inline: true });
    if (leases.length === 0) return false;
    await (clear === undefined ? definition.clear?.(tx) : clear(tx));
    return rewindCheckpoint(connection, subscription, { leases, owner, to });
  });
}

/** Commits when `work` returns true, and rolls back otherwise. */
async function inTransaction(
  store: PostgresEventStore,
  lockMs: number,
  work: (tx: Transaction<unknown>, connection: SchemaConnection) => Promise<boolean>,
): Promise<boolean> {
  try {
    const doOrRollBack = async ({ tx }: PipelinedTransaction) => {
      if (!(await work(tx, { schema: store.schema, run: runnerInTransaction(tx) }))) throw new NotDone();
    };
    await store.inTransaction(doOrRollBack, { lockMs });
    return true;
  } catch (error) {
    if (error instanceof NotDone) return false;
    throw error;
  }
}

class NotDone extends Error {}
