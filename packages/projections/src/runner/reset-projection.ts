import { setTimeout as delay } from 'node:timers/promises';
import { type AnyProjection, ProjectionNotFoundError, StoreUnavailableError } from '@leftfold/core';
import type { Kysely } from 'kysely';
import { HOLD_TIMEOUT_MS } from '../inline/promote-to-inline.ts';
import { readCheckpoints } from '../sql/checkpoints.ts';
import { isLockTimeout } from '../sql/error.ts';
import { holdInlineProjections } from '../sql/inline.ts';
import { rewindCheckpoint, seizeLease } from '../sql/rewind.ts';
import { ProjectionTables } from '../tables/projection-tables.ts';

/** How often to begin again when somebody else is quicker, or an append keeps its transaction open. */
const ATTEMPTS = 6;
const FIRST_DELAY_MS = 25;

export interface ResetOptions {
  readonly db: Kysely<unknown>;
  readonly schema: string;
  readonly owner: string;
  readonly leaseMs: number;
}

/**
 * Empties a projection's tables and sends its checkpoint back to the beginning of the log, in one transaction.
 *
 * Whoever applies it now is fenced first: what is not committed by then will not be.
 *
 * @throws ProjectionNotFoundError when it has no checkpoint.
 * @throws StoreUnavailableError when others kept it busy all the time.
 */
export async function resetProjection(projection: AnyProjection, options: ResetOptions): Promise<void> {
  const { db, schema } = options;
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const [checkpoint] = await readCheckpoints(db, schema, [projection]);
    if (checkpoint === undefined) throw new ProjectionNotFoundError(projection.name);
    const reset = checkpoint.inline ? resetInline : resetAsync;
    if (await reset(projection, options)) return;
    await delay(FIRST_DELAY_MS * 2 ** attempt);
  }
  throw new StoreUnavailableError(
    `projection "${projection.name}" could not be reset: others kept it busy; try again`,
  );
}

/** Two transactions: a batch that holds rows of the tables has to learn that it is fenced before they can be emptied. */
async function resetAsync(
  projection: AnyProjection,
  { db, schema, owner, leaseMs }: ResetOptions,
): Promise<boolean> {
  const seized = await seizeLease(db, schema, projection, { owner, leaseMs, inline: false });
  if (seized === undefined) return false;
  return inTransaction(db, async (tx) => {
    await new ProjectionTables(schema, projection).recreate(tx);
    return rewindCheckpoint(tx, schema, projection, seized.epoch);
  });
}

/** One transaction, between two appends. */
async function resetInline(
  projection: AnyProjection,
  { db, schema, owner, leaseMs }: ResetOptions,
): Promise<boolean> {
  try {
    return await inTransaction(db, async (tx) => {
      await holdInlineProjections(tx, schema, HOLD_TIMEOUT_MS);
      const seized = await seizeLease(tx, schema, projection, { owner, leaseMs, inline: true });
      if (seized === undefined) return false;
      await new ProjectionTables(schema, projection).recreate(tx);
      return rewindCheckpoint(tx, schema, projection, seized.epoch);
    });
  } catch (error) {
    if (isLockTimeout(error)) return false;
    throw error;
  }
}

/** Commits when `work` says that it is done, and rolls back otherwise. */
async function inTransaction(
  db: Kysely<unknown>,
  work: (tx: Kysely<unknown>) => Promise<boolean>,
): Promise<boolean> {
  try {
    await db
      .transaction()
      .setIsolationLevel('read committed')
      .execute(async (tx) => {
        if (!(await work(tx))) throw new NotDone();
      });
    return true;
  } catch (error) {
    if (error instanceof NotDone) return false;
    throw error;
  }
}

class NotDone extends Error {}
