import type { PostgresEventStore } from '@leftfold/event-store';
import { deposited } from '@leftfold/testbed/bank';
import { cutConnection } from '@leftfold/testbed/faults';
import { guarantee } from '@leftfold/testbed/guarantees';
import { expect } from 'vitest';
import { centsOf, inlineJournal, test, untilInline } from './inline-log.ts';

/**
 * Ends the session of a store's promotion once, before a statement that has this text, or after it and before its
 * answer.
 *
 * @param locking runs when the promotion is about to lock the appends
 * @returns whether it has happened
 */
function cutPromotion(
  store: PostgresEventStore,
  when: 'before' | 'after',
  part: string,
  locking: () => Promise<unknown>,
): () => boolean {
  const promoting = new WeakSet<object>();
  const isHere = async (text: string, session: object) => {
    if (text.includes('_lock_appends')) {
      promoting.add(session);
      await locking();
    }
    return promoting.has(session) && text.includes(part);
  };
  return cutConnection(store, { when, isHere });
}

test.for([
  ['before', '_lock_appends'],
  ['after', '_lock_appends'],
  ['before', 'insert into'],
  ['before', '_mark_inline'],
  ['before', 'commit'],
  ['after', 'commit'],
] as const)(
  'a promotion whose connection is cut %s its %s is made again, and applies each event once',
  async ([when, part], { inlineLogToStart, sameLog }) => {
    guarantee('inline-history');
    await using log = await inlineLogToStart([inlineJournal]);
    await using other = sameLog(log.store, [inlineJournal]);
    const committed: number[] = [];
    const append = async () => {
      committed.push(committed.length + 1);
      await other.append('account-1', [deposited(committed.length)]);
    };
    await append();
    // The runner has caught up before this one, so that the promotion has to apply it.
    const isCut = cutPromotion(log.store, when, part, append);
    await log.runner.start();
    await untilInline(log.runner);
    expect(isCut()).toBe(true);
    await append();
    expect(await centsOf(log.store, inlineJournal)).toEqual(committed);
    // No runner is left that would apply what an append has missed.
    await log.runner.stop();
    await append();
    expect(await centsOf(log.store, inlineJournal)).toEqual(committed);
  },
);
