import { StoreUnavailableError, storedTypesOf } from '@leftfold/core';
import type { PostgresEventStore } from '@leftfold/event-store';
import { runnerInTransaction } from '@leftfold/postgres';
import { type EffectRunner, storedKey } from '@leftfold/subscriptions';
import { firstSequenceAfter, sequenceOf } from '../envelope/sequence.ts';
import { readKeysFrom, rewindPublished } from '../sql/published-keys.ts';
import type { AnyRelay } from './define-relay.ts';

/** How often keys that were published meanwhile are looked for anew. */
const ATTEMPTS = 5;

/**
 * Sets a relay back to a position. Each message after it names the one before it again, so what the keys had there is
 * found out from the log first: the keys that were published after the position are looked for up to it.
 *
 * @throws StoreUnavailableError when further keys are published all the time; the errors of reads and of a reset
 */
export async function rewindRelay(
  relay: AnyRelay,
  { store, runner }: { readonly store: PostgresEventStore; readonly runner: EffectRunner },
  to: number,
): Promise<void> {
  const { schema } = store;
  const first = firstSequenceAfter(to);
  let keys = new Set(await readKeysFrom(store, relay.name, first));
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const last = await lastUpTo(relay, store, keys, to);
    const further = new FurtherKeys();
    try {
      const clear = async (tx: Parameters<typeof runnerInTransaction>[0]) => {
        const connection = { schema, run: runnerInTransaction(tx) };
        const now = await readKeysFrom(connection, relay.name, first);
        if (now.some((key) => !keys.has(key))) {
          keys = new Set(now);
          throw further;
        }
        await rewindPublished(connection, relay.name, first, last);
      };
      await runner.rewind(relay, 'rewind()', { to, clear });
      return;
    } catch (error) {
      if (error !== further) throw error;
    }
  }
  throw new StoreUnavailableError(
    `relay "${relay.name}" could not be set back: it published further keys all the time; try again, or stop its processes first`,
  );
}

/** Reads the log from its beginning up to a position, for the last message of each of these keys. */
async function lastUpTo(relay: AnyRelay, store: PostgresEventStore, keys: ReadonlySet<string>, to: number) {
  const sequences = new Map<string, string>();
  if (keys.size > 0 && to > 0) {
    const types = storedTypesOf(relay.events, relay.eventTypes);
    for await (const event of store.readAll({ filter: { types }, untilPosition: to })) {
      const key = storedKey(relay.keyOf(event));
      if (keys.has(key) && relay.messageOf(event) !== undefined) sequences.set(key, sequenceOf(event));
    }
  }
  return [...sequences].map(([key, sequence]) => ({ key, sequence }));
}

class FurtherKeys extends Error {}
