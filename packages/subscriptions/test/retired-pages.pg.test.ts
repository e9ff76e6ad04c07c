import { defineEvents } from '@leftfold/core';
import { until } from '@leftfold/testing/postgres';
import { expect } from 'vitest';
import { z } from 'zod';
import { BatchFailure, storedCountOf, type SubscriptionDefinition } from '../src/index.ts';
import { test } from './engine-test.ts';
import { createRunner, openStore, recorder } from './recorder.ts';

const READ_AS = 500;
const old = defineEvents('crate', { packed: z.object({}), item: z.object({}) });
const next = defineEvents(
  'crate',
  { item: z.object({}) },
  {
    retired: {
      packed: {
        schema: z.object({}),
        readAs: ['item'],
        upcast: (_, to) => Array.from({ length: READ_AS }, () => to.item({})),
      },
    },
  },
);

test('stored events that are read as many do not come all at once', async ({ store, processUrl }) => {
  await using before = openStore(processUrl, { schema: store.schema, events: [old] });
  await before.append(
    'crate-1',
    Array.from({ length: 100 }, () => old.create.packed({})),
  );
  await using after = openStore(processUrl, { schema: store.schema, events: [next] });
  const sizes: number[] = [];
  const base = recorder(after, 'crates', { eventTypes: ['crate.packed', 'crate.item'] });
  const crates = {
    ...base,
    createHandler: (...args: Parameters<typeof base.createHandler>) => {
      const handler = base.createHandler(...args);
      return {
        prepare: async (page: Parameters<typeof handler.prepare>[0]) => {
          sizes.push(page.events.length);
          return handler.prepare({ ...page, events: [] });
        },
      };
    },
  };
  await using runner = createRunner(after, [crates]);
  await runner.start();
  await runner.whenCaughtUp(crates);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(100 * READ_AS);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(1_000 + READ_AS);
});

test('parked events that are read as many are not resumed all at once', async ({ store, processUrl }) => {
  await using before = openStore(processUrl, { schema: store.schema, events: [old] });
  await before.append(
    'crate-1',
    Array.from({ length: 20 }, () => old.create.packed({})),
  );
  await using after = openStore(processUrl, { schema: store.schema, events: [next] });
  const resumed: number[] = [];
  let broken = true;
  const base = recorder(after, 'crates', { eventTypes: ['crate.packed', 'crate.item'] });
  const crates: SubscriptionDefinition = {
    ...base,
    onFailure: 'park',
    createHandler: (term) => {
      const handler = base.createHandler(term);
      return {
        prepare: async (page) => {
          const [event] = page.events;
          const batch = { eventCount: storedCountOf(page.events), firstEvent: event };
          if (broken && event !== undefined)
            throw new BatchFailure(new Error('not yet'), { ...batch, failing: { event, before: 0 } });
          if (page.from === page.to) resumed.push(page.events.length);
          return handler.prepare({ ...page, events: [] });
        },
      };
    },
  };
  await using runner = createRunner(after, [crates], { retry: { attempts: 1 } });
  await runner.start();
  await runner.whenCaughtUp(crates);
  expect(await runner.status()).toMatchObject([{ parked: { keys: 1, events: 20 } }]);
  broken = false;
  await runner.parked.resumeAll(crates);
  await until(async () => (await runner.status())[0]?.parked.keys === 0);
  expect(resumed.reduce((sum, size) => sum + size, 0)).toBe(20 * READ_AS);
  expect(Math.max(...resumed)).toBe(1_000);
});
