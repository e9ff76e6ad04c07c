import { uuidv7 } from '@leftfold/core';
import { accountEvents } from '../domain/account.ts';
import { entryOf } from '../domain/entry.ts';
import type { Append } from './leftfold-append.ts';

/** An event with a tag of its own to a new stream, demanding that there be no such stream, or no event with this tag. */
export function taggedAppend(demands: 'no-stream' | 'no-tag'): Append {
  return (store, number) => {
    const account = uuidv7(Date.now());
    const tag = `account:${account}`;
    const event = accountEvents.create.deposited(entryOf(number), { tags: [tag] });
    const query = { tags: [tag] as const, types: ['account.deposited'] };
    return store.append(
      `account-${account}`,
      [event],
      demands === 'no-tag' ? { condition: { failIfMatch: query } } : { expectedVersion: 'no-stream' },
    );
  };
}
