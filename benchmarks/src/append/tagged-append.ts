import { uuidv7 } from '@leftfold/core';
import { accountEvents } from '../domain/account.ts';
import { entryOf } from '../domain/entry.ts';
import type { Append } from './leftfold-append.ts';

/** Appends an event with a new tag to a new stream. Expects that there is no such stream, or no event with the tag. */
export function taggedAppend(expectation: 'no-stream' | 'no-tag'): Append {
  return (store, number) => {
    const account = uuidv7(Date.now());
    const tag = `account:${account}`;
    const event = accountEvents.create.deposited(entryOf(number), { tags: [tag] });
    const query = { tags: [tag] as const, types: ['account.deposited'] };
    return store.append(
      `account-${account}`,
      [event],
      expectation === 'no-tag' ? { condition: { failIfMatch: query } } : { expectedVersion: 'no-stream' },
    );
  };
}
