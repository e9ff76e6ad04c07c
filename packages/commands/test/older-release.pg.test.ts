import { defineDecision, defineEvents, defineFold, reject, tagged } from '@leftfold/core';
import { createEventStore } from '@leftfold/event-store';
import { databaseTest } from '@leftfold/testbed/database';
import { expect } from 'vitest';
import { z } from 'zod';
import { createCommandExecutor } from '../src/index.ts';

const test = databaseTest();

const counted = z.object({ talk: z.string(), seats: z.int() });
const byTalk = tagged(counted, ({ talk }) => ({ talk }));

/** Plans and takes seats, and knows no other event. */
function oldRelease() {
  const events = defineEvents('talk', { planned: byTalk, taken: byTalk });
  const free = defineFold({
    events: [events],
    initialState: 0,
    evolve: {
      'talk.planned': (free, { seats }) => free + seats,
      'talk.taken': (free, { seats }) => free - seats,
    },
  });
  const definition = { input: counted, events: [events] };
  const reads = ({ talk }: z.output<typeof counted>) => ({ free: free.for({ talk }) });
  const plan = defineDecision({
    name: 'plan',
    ...definition,
    reads,
    decide: (_states, input, emit) => emit.talk.planned(input),
  });
  const take = defineDecision({
    name: 'take',
    ...definition,
    reads,
    decide: ({ free }, input, emit) =>
      free < input.seats ? reject('full', { free }) : emit.talk.taken(input),
  });
  return { events, decisions: [plan, take] as const };
}

/** Knows also that seats are withdrawn. */
function nextRelease() {
  const events = defineEvents('talk', { planned: byTalk, taken: byTalk, withdrawn: byTalk });
  const free = defineFold({
    events: [events],
    initialState: 0,
    evolve: {
      'talk.planned': (free, { seats }) => free + seats,
      'talk.taken': (free, { seats }) => free - seats,
      'talk.withdrawn': (free, { seats }) => free - seats,
    },
  });
  const definition = { input: counted, events: [events] };
  const reads = ({ talk }: z.output<typeof counted>) => ({ free: free.for({ talk }) });
  const take = defineDecision({
    name: 'take',
    ...definition,
    reads,
    decide: ({ free }, input, emit) =>
      free < input.seats ? reject('full', { free }) : emit.talk.taken(input),
  });
  const withdraw = defineDecision({
    name: 'withdraw',
    ...definition,
    reads,
    decide: ({ free }, input, emit) => (free < input.seats ? reject('too-late') : emit.talk.withdrawn(input)),
  });
  return { events, decisions: [take, withdraw] as const };
}

test('an older release decides past events of a type that its folds do not know; the release that reads them does not', async ({
  database: { connectionString },
}) => {
  const [old, next] = [oldRelease(), nextRelease()];
  await using oldStore = createEventStore({ connectionString, events: [old.events] });
  await oldStore.migrate();
  await using nextStore = createEventStore({ connectionString, events: [next.events] });
  await using before = createCommandExecutor({ store: oldStore, aggregates: [], decisions: old.decisions });
  await using after = createCommandExecutor({ store: nextStore, aggregates: [], decisions: next.decisions });
  const [plan, takeBefore] = old.decisions;
  const [takeAfter, withdraw] = next.decisions;
  const [one, three] = [
    { talk: 'a', seats: 1 },
    { talk: 'a', seats: 3 },
  ];

  await before.execute(plan.command(three));
  await after.execute(withdraw.command(three));
  expect(await after.execute(takeAfter.command(one))).toMatchObject({ reason: 'full', details: { free: 0 } });
  expect(await before.execute(takeBefore.command(one))).toMatchObject({ outcome: 'accepted' });
  expect(await after.execute(takeAfter.command(one))).toMatchObject({
    reason: 'full',
    details: { free: -1 },
  });
});
