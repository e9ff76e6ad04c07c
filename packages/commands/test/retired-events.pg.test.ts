import { defineAggregate, defineEvents } from '@leftfold/core';
import { createEventStore } from '@leftfold/event-store';
import { guarantee } from '@leftfold/testbed/guarantees';
import { until } from '@leftfold/testing/postgres';
import { expect } from 'vitest';
import { z } from 'zod';
import { accepted, createCommandExecutor } from '../src/index.ts';
import { test } from './bank-test.ts';
import { WatchedStore } from './watched-store.ts';

const cents = z.int();
const none = z.object({});
const added = z.object({ cents });
const moved = z.object({ from: cents, to: cents });
const initialState = { cents: 0, events: 0 };

/** The first release of a till, which writes events that the next one retires. */
const first = defineAggregate({
  events: defineEvents('till', { added, moved, viewed: none }),
  initialState,
  evolve: { added: (state) => state, moved: (state) => state, viewed: (state) => state },
  commands: {
    add: { input: added, decide: (_, data, emit) => emit.added(data) },
    move: { input: moved, decide: (_, data, emit) => emit.moved(data) },
    view: { input: none, decide: (_, data, emit) => emit.viewed(data) },
  },
});
const next = defineAggregate({
  events: defineEvents(
    'till',
    { added },
    {
      retired: {
        moved: {
          schema: moved,
          readAs: ['added'],
          upcast: (data, to) => [to.added({ cents: -data.from }), to.added({ cents: data.to })],
        },
        viewed: { schema: none, readAs: [] },
      },
    },
  ),
  initialState,
  evolve: { added: (state, data) => ({ cents: state.cents + data.cents, events: state.events + 1 }) },
  commands: { add: { input: added, decide: (_, data, emit) => emit.added(data) } },
  snapshots: { everyEvents: 2 },
});

test('a stream that ends with a retired event is loaded and appended to at its stored version', async ({
  appUrl: connectionString,
}) => {
  guarantee('retired-events');
  const options = { connectionString, maxConnections: 2 };
  await using oldStore = createEventStore({ ...options, events: [first.events] });
  await using store = createEventStore({ ...options, events: [next.events] });
  const old = createCommandExecutor({ store: oldStore, aggregates: [first] });
  const executor = createCommandExecutor({ store, aggregates: [next], cache: false });

  await old.execute(first.command.move('a', { from: 3, to: 10 }));
  await old.execute(first.command.view('a', {}));
  const loaded = await executor.load(next, 'a');
  expect(loaded).toMatchObject({ state: { cents: 7, events: 2 }, streamVersion: 2, exists: true });
  const added1 = accepted(
    await executor.execute(next.command.add('a', { cents: 1 }), { expectedVersion: 2 }),
  );
  expect(added1).toMatchObject({ streamVersion: 3, attempts: 1 });

  // Only retired events that are read as nothing.
  await old.execute(first.command.view('b', {}));
  expect(await executor.load(next, 'b')).toMatchObject({
    state: initialState,
    streamVersion: 1,
    exists: true,
  });
  expect(await executor.execute(next.command.add('b', { cents: 1 }))).toMatchObject({ streamVersion: 2 });
  expect(await executor.load(next, 'a', { atVersion: 1 })).toMatchObject({
    state: { cents: 7 },
    streamVersion: 1,
  });
});

test('a snapshot at a version that is read as several events, or as nothing, is used and folds none twice', async ({
  appUrl: connectionString,
}) => {
  guarantee('retired-events');
  const options = { connectionString, maxConnections: 2 };
  await using oldStore = createEventStore({ ...options, events: [first.events] });
  await using store = createEventStore({ ...options, events: [next.events] });
  const old = createCommandExecutor({ store: oldStore, aggregates: [first] });
  const snapshotsAt = async (streamId: string) => {
    const { rows } = await store.pool.query<{ version: number }>(
      'select stream_version::integer as version from leftfold.snapshots where stream_id = $1',
      [streamId],
    );
    return rows.map(({ version }) => version);
  };
  for (const [id, lastOfThem] of [
    ['split', first.command.move('split', { from: 1, to: 5 })],
    ['nothing', first.command.view('nothing', {})],
  ] as const) {
    await old.execute(first.command.add(id, { cents: 10 }));
    await old.execute(lastOfThem);
    const cents = id === 'split' ? 14 : 10;
    const executor = createCommandExecutor({ store, aggregates: [next], snapshots: store, cache: false });
    await executor.load(next, id);
    await executor.close();
    await until(async () => (await snapshotsAt(`till-${id}`)).includes(2));

    // With the tail in one round trip, and without it.
    const withoutTail = {
      saveSnapshot: store.saveSnapshot.bind(store),
      loadSnapshot: async (streamId: string, key: string) => {
        const { tail: _, ...snapshot } = (await store.loadSnapshot(streamId, key))!;
        return snapshot;
      },
    };
    await old.execute(first.command.view(id, {}));
    for (const [snapshots, reads] of [
      [store, []],
      [withoutTail, ['readStream', 'readStream']],
    ] as const) {
      const watched = new WatchedStore(store);
      const again = createCommandExecutor({ store: watched, aggregates: [next], snapshots, cache: false });
      expect(await again.load(next, id)).toMatchObject({ state: { cents }, streamVersion: 3 });
      expect(watched.calls).toEqual(reads);
      await again.close();
    }
  }
});

test('a repeated command whose events are all read as nothing is a duplicate at its stored version', async ({
  appUrl: connectionString,
}) => {
  const options = { connectionString, maxConnections: 2 };
  await using oldStore = createEventStore({ ...options, events: [first.events] });
  await using store = createEventStore({ ...options, events: [next.events] });
  const commandId = 'retired-view';
  await createCommandExecutor({ store: oldStore, aggregates: [first] }).execute(first.command.view('c', {}), {
    commandId,
  });
  const executor = createCommandExecutor({ store, aggregates: [next] });
  const repeated = await executor.execute(next.command.add('c', { cents: 1 }), { commandId });
  expect(repeated).toMatchObject({ outcome: 'accepted', duplicate: true, events: [], streamVersion: 1 });
});
