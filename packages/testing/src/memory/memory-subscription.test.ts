import { setImmediate as nextTurn } from 'node:timers/promises';
import { defineEvents } from '@leftfold/core';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { createMemoryStore } from './create-memory-store.ts';

const noteEvents = defineEvents('note', { written: z.object({}) });

test('any number of subscriptions share a store and a signal without a warning', async () => {
  const warnings: string[] = [];
  const onWarning = ({ name }: Error) => warnings.push(name);
  process.on('warning', onWarning);
  const ending = new AbortController();
  const store = createMemoryStore({ events: [noteEvents] });
  const seen = Array.from({ length: 20 }, async () => {
    const ids: string[] = [];
    for await (const { id } of store.subscribe({ signal: ending.signal })) ids.push(id);
    return ids;
  });
  await nextTurn();
  const { events } = await store.append('note-1', [noteEvents.create.written({})]);
  await nextTurn();
  ending.abort();
  for (const ids of await Promise.all(seen)) expect(ids).toEqual(events.map(({ id }) => id));
  process.off('warning', onWarning);
  expect(warnings).toEqual([]);
});
