import type { AnyProjection } from '@leftfold/core';
import type { PostgresEventStore } from '@leftfold/event-store';
import { isIdleEnded, isLockTimeout, isRolledBack, pause, runnerInTransaction } from '@leftfold/postgres';
import { lockSubscription, readCheckpoints, type SchemaConnection } from '@leftfold/subscriptions';
import { definitionHashOf } from '../runner/declared.ts';
import { readTop, switchTo } from '../sql/copies.ts';
import { lockInlineProjections } from '../sql/inline.ts';
import { copyRef } from './copy-ref.ts';

/** Milliseconds for which batches of the projection wait while its copy comes to their position. */
const WAIT_MS = 2_000;
/**
 * The same for appends, when the projection is inline: those that it applies to queue behind the switch. Twice as long with
 * each attempt, up to {@link WAIT_MS}: appends may take longer than that themselves.
 */
const INLINE_WAIT_MS = 250;
const POLL_MS = 10;
/** A server that gives the process a second connection answers on it within this time. */
const SECOND_CONNECTION_MS = 500;

const ONE_CONNECTION =
  'the database gave this process no second connection while the switch held one, so its copy could not come to the position of the projection; allow two at a time (maxConnections, or the pool size of the pooler)';

export interface SwitchOptions {
  readonly rebuildId: string;
  /** How often it was refused before. */
  readonly refused: number;
  /** Rolls back when it aborts. */
  readonly signal: AbortSignal;
}

/**
 * Lets the copy of a projection's tables serve, in one transaction: the version that serves stands still, the copy comes
 * to its position, and the two change names. Queries see one or the other, a batch or an append that was begun before is
 * written to neither, and a crash undoes all of it.
 *
 * @returns why it was not done; undefined when it was
 */
export async function switchCopy(
  store: PostgresEventStore,
  projection: AnyProjection,
  { rebuildId, refused, signal }: SwitchOptions,
): Promise<string | undefined> {
  const [serving] = await readCheckpoints(store, [projection]);
  const inline = serving?.inline === true;
  const waitMs = inline ? Math.min(INLINE_WAIT_MS * 2 ** refused, WAIT_MS) : WAIT_MS;
  try {
    await store.inTransaction(
      async ({ tx }) => {
        const connection = { schema: store.schema, run: runnerInTransaction(tx) };
        if (inline) await lockInlineProjections(connection.run, store.schema, waitMs);
        await lockSubscription(connection, projection);
        const inlineTop = inline ? await readTop(connection.run, store.schema) : undefined;
        await untilCopyIsAt(connection, projection, { store, inlineTop, waitMs, signal });
        const { name, version, slices } = projection;
        const refusal = await switchTo(connection, {
          projection: { name, version, definitionHash: definitionHashOf(projection) },
          rebuildId,
          inlineTop,
          slices,
          lineage: store.lineage,
        });
        if (refusal !== undefined) throw new NotSwitched(refusal);
      },
      // It is never idle for long, unless the process is paused: then the appends do not wait for it.
      { lockMs: waitMs, idleMs: Math.max(waitMs, 2 * INLINE_WAIT_MS), signal },
    );
    return undefined;
  } catch (error) {
    if (error instanceof NotSwitched) return error.message;
    if (isIdleEnded(error))
      return 'the process was paused or too slow during the switch, and the server undid it';
    if (isLockTimeout(error) || isRolledBack(error)) return 'other transactions held the locks that it needs';
    throw error;
  }
}

/**
 * Returns at the latest when the time is over: the switch then finds out what is missing.
 *
 * @throws NotSwitched when the copy cannot move, because this transaction has the only connection
 */
async function untilCopyIsAt(
  connection: SchemaConnection,
  projection: AnyProjection,
  {
    store,
    inlineTop,
    waitMs,
    signal,
  }: { store: PostgresEventStore; inlineTop: number | undefined; waitMs: number; signal: AbortSignal },
): Promise<void> {
  const began = performance.now();
  const deadline = began + waitMs;
  const wanted = inlineTop ?? Math.max(...(await readCheckpoints(connection, [projection])).map(toPosition));
  let second: { readonly ended: boolean } | undefined;
  for (;;) {
    const built = await readCheckpoints(connection, [copyRef(projection)]);
    if (Math.min(...built.map(toPosition)) >= wanted) return;
    const goesOn = built.every(({ failure, paused }) => failure === undefined && !paused);
    if (!goesOn) return;
    second ??= watched(readTop(store.run, store.schema));
    const now = performance.now();
    if (!second.ended && now >= Math.min(deadline, began + SECOND_CONNECTION_MS))
      throw new NotSwitched(ONE_CONNECTION);
    if (now >= deadline) return;
    await pause(POLL_MS, signal);
    signal.throwIfAborted();
  }
}

function watched(request: Promise<unknown>): { readonly ended: boolean } {
  const watch = { ended: false };
  const end = () => {
    watch.ended = true;
  };
  request.then(end, end);
  return watch;
}

const toPosition = ({ position }: { readonly position: number }) => position;

/** Rolls the transaction back. */
class NotSwitched extends Error {}
