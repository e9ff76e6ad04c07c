import type { AnyProjection } from '@leftfold/core';
import type { PostgresEventStore } from '@leftfold/event-store';
import { isLockTimeout } from '../sql/error.ts';
import { beginInline, holdInlineProjections } from '../sql/inline.ts';
import type { HeldLease } from '../sql/leases.ts';
import { inlineApplierOf } from './apply-inline.ts';

/** Appends with inline projections wait so long at most: behind one that keeps its transaction open. */
export const HOLD_TIMEOUT_MS = 250;
/** What the appends have to wait for meanwhile, at most. */
const MAX_EVENTS = 500;

/**
 * Hands a projection that has caught up over to the appends, exactly between two of them.
 *
 * All in one transaction: waits for every append that has asked which projections it has to apply, and keeps others
 * from asking; applies every event that is committed by then, settled or not; marks the projection. What was committed
 * by then is applied here. Every other append asks later, finds the projection marked, and applies its own events.
 *
 * @param position of the checkpoint.
 * @returns 'behind' when there was too much left to apply, 'busy' when an append kept its transaction open, 'fenced'
 * when the lease is somebody else's. Nothing happened then.
 */
export async function promoteToInline(
  store: PostgresEventStore,
  projection: AnyProjection,
  lease: HeldLease,
  position: number,
): Promise<'inline' | 'behind' | 'busy' | 'fenced'> {
  const { db, schema } = store;
  try {
    await db
      .transaction()
      .setIsolationLevel('read committed')
      .execute(async (tx) => {
        await holdInlineProjections(tx, schema, HOLD_TIMEOUT_MS);
        const { events } = await store.readPage({
          after: position,
          upTo: Number.MAX_SAFE_INTEGER,
          limit: MAX_EVENTS,
          filter: { types: projection.eventTypes },
          transaction: tx,
        });
        if (events.length === MAX_EVENTS) throw new NotNow('behind');
        await inlineApplierOf(projection, schema).apply(tx, events);
        const to = events.at(-1)?.position ?? position;
        if (!(await beginInline(tx, schema, lease, { from: position, to }))) throw new NotNow('fenced');
      });
    return 'inline';
  } catch (error) {
    if (error instanceof NotNow) return error.reason;
    if (isLockTimeout(error)) return 'busy';
    throw error;
  }
}

/** Rolls the transaction back. */
class NotNow extends Error {
  readonly reason: 'behind' | 'fenced';

  constructor(reason: 'behind' | 'fenced') {
    super(reason);
    this.reason = reason;
  }
}
