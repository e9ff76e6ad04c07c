import { deposited, opened } from '@leftfold/testbed/bank';
import { until } from '@leftfold/testing/postgres';
import { describe, expect } from 'vitest';
import { test } from './store-test.ts';

describe('shared tail', () => {
  test('followers with different filters share one read of the log', async ({ store }) => {
    const stop = new AbortController();
    const filters = [
      {},
      { types: ['account.opened'] },
      { category: 'account' },
      { category: 'other' },
      { tags: ['vip:yes'] },
    ];
    const seen = filters.map(() => [] as number[]);
    const loops = filters.map(async (filter, index) => {
      for await (const event of store.subscribe({ filter, signal: stop.signal }))
        seen[index]!.push(event.position);
    });
    const expected = filters.map(() => [] as number[]);
    for (let round = 0; round < 200; round += 1) {
      const vip = round % 3 === 0;
      const event = round % 2 === 0 ? opened : deposited(round);
      const streamId = `${round % 5 === 0 ? 'other' : 'account'}-${round}`;
      const { position } = await store.append(streamId, [vip ? { ...event, tags: ['vip:yes'] } : event]);
      const lets = [true, round % 2 === 0, round % 5 !== 0, round % 5 === 0, vip];
      lets.forEach((through, index) => through && expected[index]!.push(position));
    }
    await until(() => seen.every((positions, index) => positions.length >= expected[index]!.length), {
      message: 'all followers caught up',
    });
    stop.abort();
    await Promise.all(loops);
    expect(seen).toEqual(expected);
  });

  test('what one follower does to an event is not seen by another', async ({ store }) => {
    const stop = new AbortController();
    const { position } = await store.append('account-mutated', [opened]);
    const owners: unknown[] = [];
    const loops = [1, 2].map(async () => {
      for await (const event of store.subscribe({ after: position, signal: stop.signal })) {
        const data = event.data as { owner: string };
        owners.push(data.owner);
        data.owner = 'Mallory';
      }
    });
    await store.append('account-mutated-2', [opened]);
    await until(() => owners.length === 2, { message: 'both followers saw the event' });
    stop.abort();
    await Promise.all(loops);
    expect(owners).toEqual(['Ada', 'Ada']);
  });
});
