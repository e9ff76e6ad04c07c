import { defineAggregate, defineEvents, schemaVersions } from '@leftfold/core';
import { createEventStore } from '@leftfold/event-store';
import { guarantee } from '@leftfold/testbed/guarantees';
import { expect } from 'vitest';
import { z } from 'zod';
import { accepted, createCommandExecutor } from '../src/index.ts';
import { test } from './bank-test.ts';
import { WatchedStore } from './watched-store.ts';

const v1 = z.object({ name: z.string() });
const v2 = z.object({ owner: z.string() });
const input = z.object({ name: z.string() });
const initialState: { readonly owners: readonly string[] } = { owners: [] };

/** Three releases of one aggregate: the middle one reads version 2 and writes version 1. */
const first = defineAggregate({
  events: defineEvents('ship', { named: v1 }),
  initialState,
  evolve: { named: ({ owners }, { name }) => ({ owners: [...owners, name] }) },
  commands: { rename: { input, decide: (_state, { name }, emit) => emit.named({ name }) } },
});
const middle = defineAggregate({
  events: defineEvents('ship', {
    named: schemaVersions(v1)
      .written()
      .next(v2, ({ name }) => ({ owner: name })),
  }),
  initialState,
  evolve: { named: ({ owners }, { owner }) => ({ owners: [...owners, owner] }) },
  commands: { rename: { input, decide: (_state, { name }, emit) => emit.named({ name }) } },
});
const last = defineAggregate({
  events: defineEvents('ship', { named: schemaVersions(v1).next(v2, ({ name }) => ({ owner: name })) }),
  initialState,
  evolve: { named: ({ owners }, { owner }) => ({ owners: [...owners, owner] }) },
  commands: { rename: { input, decide: (_state, { name }, emit) => emit.named({ owner: name }) } },
});

test('a release that reads a version before it writes it executes commands beside both others', async ({
  appUrl: connectionString,
}) => {
  guarantee('readers-first');
  const options = { connectionString, maxConnections: 2 };
  await using oldStore = createEventStore({ ...options, events: [first.events] });
  await using readerStore = createEventStore({ ...options, events: [middle.events] });
  await using newerStore = createEventStore({ ...options, events: [last.events] });
  const old = createCommandExecutor({ store: oldStore, aggregates: [first] });
  const reader = createCommandExecutor({ store: readerStore, aggregates: [middle] });
  const newer = createCommandExecutor({ store: newerStore, aggregates: [last] });

  await old.execute(first.command.rename('a', { name: 'one' }));
  const renamed = accepted(await reader.execute(middle.command.rename('a', { name: 'two' })));
  expect(renamed.events).toMatchObject([{ schemaVersion: 2, data: { owner: 'two' } }]);
  await old.execute(first.command.rename('a', { name: 'three' }));
  expect(await old.load(first, 'a')).toMatchObject({ state: { owners: ['one', 'two', 'three'] } });

  await newer.execute(last.command.rename('a', { name: 'four' }));
  await reader.execute(middle.command.rename('a', { name: 'five' }));
  const owners = ['one', 'two', 'three', 'four', 'five'];
  expect(await reader.load(middle, 'a')).toMatchObject({ state: { owners } });
  expect(await newer.load(last, 'a')).toMatchObject({ state: { owners } });

  const refused = old.execute(first.command.rename('a', { name: 'six' }));
  await expect(refused).rejects.toMatchObject({ code: 'UNKNOWN_EVENT', retryable: false, schemaVersion: 2 });
});

test('the state after an append is cached in the shape that is read', async ({
  appUrl: connectionString,
}) => {
  await using store = createEventStore({ connectionString, events: [middle.events], maxConnections: 2 });
  const watched = new WatchedStore(store);
  const executor = createCommandExecutor({ store: watched, aggregates: [middle] });
  await executor.execute(middle.command.rename('cached', { name: 'one' }));
  await executor.execute(middle.command.rename('cached', { name: 'two' }));
  watched.calls.length = 0;
  expect(await executor.load(middle, 'cached')).toMatchObject({ state: { owners: ['one', 'two'] } });
  await executor.execute(middle.command.rename('cached', { name: 'three' }));
  expect(watched.calls).toEqual(['readStream', 'append']);
});

test('a command on a stream with a newer version fails at once, and is not tried again', async ({
  appUrl: connectionString,
}) => {
  const options = { connectionString, maxConnections: 2 };
  await using oldStore = createEventStore({ ...options, events: [first.events] });
  await using newerStore = createEventStore({ ...options, events: [last.events] });
  await newerStore.append('ship-newer', [last.events.create.named({ owner: 'one' })]);
  const watched = new WatchedStore(oldStore);
  const old = createCommandExecutor({ store: watched, aggregates: [first] });
  await expect(old.execute(first.command.rename('newer', { name: 'two' }))).rejects.toMatchObject({
    code: 'UNKNOWN_EVENT',
    retryable: false,
    message: expect.stringContaining(
      'has schema version 2, the newest known here is 1: a newer release wrote it; deploy a release that reads version 2 before one that writes it',
    ),
  });
  expect(watched.calls.filter((call) => call === 'append')).toEqual([]);
  expect(watched.calls).toHaveLength(1);
});
