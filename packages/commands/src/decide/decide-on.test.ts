import { defineAggregate, defineEvents } from '@leftfold/core';
import { createMemoryStore } from '@leftfold/testing';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { createCommandExecutor } from '../index.ts';

const votes = z.record(z.string(), z.number().optional());
const pollEvents = defineEvents('poll', { voted: z.object({ votes }) });
const poll = defineAggregate({
  events: pollEvents,
  initialState: '',
  evolve: { voted: (before, data) => `${before}${Object.keys(data.votes).join()};` },
  commands: { vote: { input: z.object({ votes }), decide: (_state, input, emit) => emit.voted(input) } },
});

test('a state in memory is the one that a replay from the log leads to', async () => {
  const store = createMemoryStore({ events: [pollEvents] });
  await using first = createCommandExecutor({ store, aggregates: [poll] });
  await first.execute(poll.command.vote('1', { votes: { zeta: 1, alpha: 2, none: undefined, b: 3 } }));
  const { state } = await first.load(poll, '1');
  expect(state).toBe('b,zeta,alpha;');
  await using restarted = createCommandExecutor({ store, aggregates: [poll] });
  expect((await restarted.load(poll, '1')).state).toBe(state);
});
