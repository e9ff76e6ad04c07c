import { deposited } from '@leftfold/testbed/bank';
import { guarantee } from '@leftfold/testbed/guarantees';
import { collect } from '@leftfold/testbed/outcome';
import { describe, expect } from 'vitest';
import type { PostgresEventStore } from '../src/index.ts';
import { openStore, test } from './store-test.ts';

/** Numbers from 0 to 1, the same ones in each run. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

describe('streams that everybody writes to', () => {
  test.for([1, 4])(
    'have versions without holes, two stores of %d connections each appending',
    async (maxConnections, { database }) => {
      guarantee('versions-without-holes');
      const { connectionString } = database;
      await using first = openStore(connectionString, { maxConnections });
      await using second = openStore(connectionString, { maxConnections });
      const random = randomNumbers(maxConnections);
      const after = await first.highWaterMark();
      // Zipf: the first stream gets a third of all appends, the twentieth a hundredth.
      const pickStream = () => `account-${maxConnections}-${Math.floor(20 ** random()) - 1}`;
      const acknowledged: string[] = [];
      const failures: unknown[] = [];

      const write = async (store: PostgresEventStore) => {
        const names = [...new Set([pickStream(), pickStream()])];
        const events = Array.from({ length: 1 + Math.floor(random() * 3) }, () => deposited(1));
        const kind = random();
        if (kind < 0.5) return [await store.append(names[0]!, events)];
        if (kind < 0.75)
          return (await store.appendToStreams(names.map((streamId) => ({ streamId, events })))).streams;
        const read = await collect(store.readStream(names[0]!, { backwards: true, limit: 1 }));
        return [await store.append(names[0]!, events, { expectedVersion: read[0]?.streamVersion ?? 0 })];
      };
      const writers = Array.from({ length: 40 }, async (_, index) => {
        for (let count = 0; count < 10; count += 1) {
          try {
            const results = await write(index % 2 === 0 ? first : second);
            acknowledged.push(...results.flatMap(({ events }) => events.map(({ id }) => id)));
          } catch (error) {
            failures.push(error);
          }
        }
      });
      await Promise.all(writers);

      const log = await collect(first.readAll({ after }));
      expect(log.map(({ id }) => id).toSorted()).toEqual(acknowledged.toSorted());
      expect(failures.length).toBeGreaterThan(0);
      for (const failure of failures) expect(failure).toMatchObject({ code: 'STREAM_VERSION_CONFLICT' });
      const versions = new Map<string, number[]>();
      for (const { streamId, streamVersion } of log) {
        versions.set(streamId, [...(versions.get(streamId) ?? []), streamVersion]);
      }
      for (const [streamId, inOrder] of versions) {
        expect(inOrder, streamId).toEqual(Array.from(inOrder, (_, index) => index + 1));
      }
    },
  );
});
