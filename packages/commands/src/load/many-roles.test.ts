import { defineAggregate, defineDecision, defineEvents, defineFold, tagged } from '@leftfold/core';
import { createMemoryStore } from '@leftfold/testing';
import { expect, test, vi } from 'vitest';
import { z } from 'zod';
import { createCommandExecutor } from '../index.ts';

const input = z.object({ roles: z.array(z.string()), id: z.string() });
const openedEvents = defineEvents('opened', { made: tagged(input, ({ id }) => ({ id })) });
const count = defineFold({
  events: [openedEvents],
  initialState: 0,
  evolve: { 'opened.made': (n) => n + 1 },
});
const noteEvents = defineEvents('note', { made: z.object({}) });
const note = defineAggregate({
  events: noteEvents,
  initialState: {},
  evolve: { made: (state) => state },
  commands: {},
});

const ofFolds = defineDecision({
  name: 'open',
  input,
  events: [openedEvents],
  reads: ({ roles, id }) => Object.fromEntries(roles.map((role) => [role, count.for({ id })])),
  decide: (_, given, emit) => emit.opened.made(given),
});
const ofAggregates = defineDecision({
  name: 'note',
  input,
  events: [openedEvents],
  // Without names of roles in its type, `emit` has the decision's own events.
  reads: ({ roles, id }): Record<never, never> =>
    Object.fromEntries(roles.map((role) => [role, note.at(`${id}-${role}`)])),
  decide: (_, given, emit) => emit.opened.made(given),
});

test.for([
  ['a fold', ofFolds],
  ['an aggregate', ofAggregates],
] as const)('of many roles of %s, only the last ones are known to begin', async ([, decision]) => {
  const store = createMemoryStore({ events: [openedEvents, noteEvents] });
  const spies = [vi.spyOn(store, 'readForDecision'), vi.spyOn(store, 'readStream')];
  const reads = () => spies.reduce((sum, { mock }) => sum + mock.calls.length, 0);
  const decisions = [ofFolds, ofAggregates];
  await using executor = createCommandExecutor({ store, aggregates: [note], decisions });
  let id = 0;
  const readsOf = async (...roles: readonly string[]) => {
    const before = reads();
    await executor.execute(decision.command({ roles: [...roles], id: `${(id += 1)}` }));
    return reads() - before;
  };
  expect(await readsOf('first')).toBe(1);
  expect(await readsOf('first')).toBe(0);
  const others = Array.from({ length: 1_000 }, (_, index) => `other-${index}`);
  for (let next = 0; next < others.length; next += 50) await readsOf(...others.slice(next, next + 50));
  expect(await readsOf('other-960', 'other-999')).toBe(0);
  expect(await readsOf('first')).toBe(1);
});
