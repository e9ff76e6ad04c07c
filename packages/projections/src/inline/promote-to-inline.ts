import type { AnyProjection } from '@leftfold/core';
import type { PostgresEventStore } from '@leftfold/event-store';
import { isLockTimeout, runnerInTransaction } from '@leftfold/postgres';
import { type HeldLease, leaseTransaction, markInline, type PromotionResult } from '@leftfold/subscriptions';
import { lockAppends } from '../sql/inline.ts';
import { inlineApplierOf } from './apply-inline.ts';

/** Appends wait while these are applied, so there must not be many. */
const MAX_EVENTS = 500;
const END_OF_LOG = Number.MAX_SAFE_INTEGER;

/**
 * Hands a projection that has caught up over to the appends, exactly between two of them.
 *
 * All in one transaction: waits for every append, and blocks others from beginning; applies every event that is committed
 * by then, beyond the high-water mark too; marks the projection as inline. An event that was committed by then is applied
 * here. Every other append begins later, finds the projection inline, and applies its own events, or demotes it first.
 *
 * @param position of the checkpoint
 * @returns `later` when too many events were left to apply, or an append kept its transaction open. Nothing was changed
 * then, nor after `fenced`.
 */
export async function promoteToInline(
  store: PostgresEventStore,
  projection: AnyProjection,
  lease: HeldLease,
  position: number,
): Promise<PromotionResult> {
  const { schema } = store;
  try {
    await store.inTransaction(
      async ({ tx }) => {
        const run = runnerInTransaction(tx);
        await lockAppends(run, schema);
        const page = await store.readPage({
          after: position,
          upTo: END_OF_LOG,
          limit: MAX_EVENTS,
          filter: { types: projection.eventTypes },
          transaction: tx,
        });
        if (page.position < END_OF_LOG) throw new NotPromoted('later');
        const { events } = page;
        await inlineApplierOf(projection, schema).apply(tx, events);
        const to = events.at(-1)?.position ?? position;
        const marked = await markInline({ schema, run }, { lease, from: position, to });
        if (!marked) throw new NotPromoted('fenced');
      },
      leaseTransaction(schema, lease),
    );
    return 'inline';
  } catch (error) {
    if (error instanceof NotPromoted) return error.reason;
    if (isLockTimeout(error)) return 'later';
    throw error;
  }
}

/** Rolls the transaction back. */
class NotPromoted extends Error {
  readonly reason: 'later' | 'fenced';

  constructor(reason: 'later' | 'fenced') {
    super(reason);
    this.reason = reason;
  }
}
