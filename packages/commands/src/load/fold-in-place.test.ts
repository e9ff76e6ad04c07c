import { defineDecision, defineEvents, defineFold, tagged } from '@leftfold/core';
import { createMemoryStore } from '@leftfold/testing';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { accepted, createCommandExecutor } from '../index.ts';

const line = z.object({ list: z.string(), parts: z.array(z.string()) });
const listEvents = defineEvents('list', { added: tagged(line, ({ list }) => ({ list })) });

const lines = defineFold({
  events: [listEvents],
  initialState: [] as (readonly string[])[],
  evolve: { 'list.added': (before, { parts }) => [...before, parts] },
});

/** Adds its parts, and what it has seen of the list. */
const add = defineDecision({
  name: 'add',
  input: line,
  events: [listEvents],
  reads: ({ list }) => ({ seen: lines.for({ list }) }),
  decide: ({ seen }, { list, parts }, emit) => {
    if (parts.includes('careless')) (seen as string[][]).push(['never recorded']);
    return emit.list.added({ list, parts: [...parts, JSON.stringify(seen)] });
  },
});

const createExecutor = () =>
  createCommandExecutor({
    store: createMemoryStore({ events: [listEvents] }),
    aggregates: [],
    decisions: [add],
  });

test('a decide that changes the state of a fold in place throws outside of production', async () => {
  await using executor = createExecutor();
  await executor.execute(add.command({ list: 'a', parts: ['tea'] }));
  const careless = add.command({ list: 'a', parts: ['careless'] });
  await expect(executor.execute(careless)).rejects.toThrow(TypeError);
  const next = accepted(await executor.execute(add.command({ list: 'a', parts: ['milk'] })));
  expect(next.events[0]!.data.parts.at(-1)).toBe('[["tea","[]"]]');
});

test('a caller cannot change the state of a fold through the events of a result', async () => {
  await using executor = createExecutor();
  const { events } = accepted(await executor.execute(add.command({ list: 'a', parts: ['tea'] })));
  try {
    events[0]!.data.parts[0] = 'changed';
  } catch {
    // It may be frozen.
  }
  const next = accepted(await executor.execute(add.command({ list: 'a', parts: ['milk'] })));
  expect(next.events[0]!.data.parts.at(-1)).toBe('[["tea","[]"]]');
});
