import { defineEvents } from '@leftfold/core';
import { expect } from 'vitest';
import { z } from 'zod';
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
