import { defineAggregate, defineEvents, reject } from '@leftfold/core';
import { createMemoryStore } from '@leftfold/testing';
import { expect, onTestFinished, test, vi } from 'vitest';
import { z } from 'zod';
import { createCommandExecutor } from '../index.ts';

const listEvents = defineEvents('list', { added: z.object({ item: z.string() }) });
const list = defineAggregate({
  events: listEvents,
  initialState: { items: [] as string[] },
  evolve: {
    added: (state, { item }) => {
      if (state.items.length === 0) return { items: [item] };
      (state.items as string[]).push(item); // the mistake
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

const entryEvents = defineEvents('entry', { made: z.object({ at: z.string() }) });
const entry = defineAggregate({
  events: entryEvents,
  initialState: { lines: [{ count: 0 }], at: undefined as Date | undefined },
  evolve: { made: ({ lines }, { at }) => ({ lines: [{ count: lines.length }, ...lines], at: new Date(at) }) },
  commands: {
    make: { input: z.object({ at: z.string() }), decide: (_state, { at }, emit) => emit.made({ at }) },
    look: {
      input: z.object({}),
      decide: ({ lines, at }) => reject('seen', { lines: lines.length, at: at?.toISOString() ?? '' }),
    },
  },
});

test('a state that was loaded in production cannot change what later commands decide on', async () => {
  vi.stubEnv('NODE_ENV', 'production');
  onTestFinished(() => void vi.unstubAllEnvs());
  await using executor = createCommandExecutor({
    store: createMemoryStore({ events: [listEvents, entryEvents] }),
    aggregates: [list, entry],
  });
  const at = '2026-01-02T03:04:05.000Z';
  await executor.execute(list.command.add('a', { item: 'tea' }));
  await executor.execute(entry.command.make('a', { at }));
  const loaded = await executor.load(list, 'a');
  expect(() => Object.assign(loaded.state, { items: [] })).toThrow(TypeError);
  expect(() => (loaded.state.items as string[]).push('milk')).toThrow(TypeError);
  expect((await executor.load(list, 'a')).state).toEqual({ items: ['tea'] });

  const { state } = await executor.load(entry, 'a');
  expect(() => Object.assign(state.lines[0]!, { count: 9 })).toThrow(TypeError);
  state.at?.setFullYear(1999);
  expect(await executor.execute(entry.command.look('a', {}))).toMatchObject({ details: { lines: 2, at } });
});
