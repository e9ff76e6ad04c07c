import { defineAggregate, defineEvents } from '@leftfold/core';
import { createMemoryStore } from '@leftfold/testing';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { createCommandExecutor } from '../index.ts';

const listEvents = defineEvents('list', { added: z.object({ item: z.string() }) });
const list = defineAggregate({
  events: listEvents,
  initialState: { items: [] as string[] },
  evolve: {
    added: (state, { item }) => {
      if (state.items.length === 0) return { items: [item] };
      state.items.push(item); // the mistake
      return state;
    },
  },
  commands: {
    add: { input: z.object({ item: z.string() }), decide: (_state, { item }, emit) => emit.added({ item }) },
  },
});

test('an evolve that changes a cached state in place throws outside of production', async () => {
  await using executor = createCommandExecutor({
    store: createMemoryStore({ events: [listEvents] }),
    aggregates: [list],
  });
  await executor.execute(list.command.add('a', { item: 'tea' }));
  await expect(executor.execute(list.command.add('a', { item: 'milk' }))).rejects.toThrow(TypeError);
  expect((await executor.load(list, 'a')).state).toEqual({ items: ['tea'] });
});
