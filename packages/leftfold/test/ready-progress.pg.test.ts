import { defineEvents, defineProjection } from '@leftfold/core';
import { databaseTest } from '@leftfold/testbed/database';
import { guarantee } from '@leftfold/testbed/guarantees';
import { Gate } from '@leftfold/testbed/waiting';
import { expect } from 'vitest';
import { z } from 'zod';
import { createApp, type ReadyProgress } from '../src/index.ts';

const test = databaseTest();
const notes = defineEvents('note', { added: z.object({}) });

/** @param at called with each position */
const seen = (
  version: number,
  at: (position: number) => Promise<unknown>,
  mode: 'async' | 'inline' = 'async',
) =>
  defineProjection({
    name: 'seen',
    mode,
    version,
    events: [notes],
    tables: { seen: { columns: { position: 'bigint' }, primaryKey: ['position'] } },
    on: {
      'note.added': async (tx, { position }) => {
        await at(position);
        await tx.insertInto('seen').values({ position }).execute();
      },
    },
  });

test('while a raised version is built, ready() tells how far it is', async ({ ownDatabase }) => {
  guarantee('readiness');
  const database = { url: ownDatabase.connectionString };
  const first = seen(1, async () => {});
  await using old = await createApp({ projections: [first], database });
  const events = Array.from({ length: 50 }, () => notes.create.added({}));
  await old.store.append('note-1', events);
  await old.projections.whenCaughtUp(first);

  const gate = new Gate();
  const second = seen(2, async (position) => (position > 20 ? gate.pass() : undefined));
  await using app = await createApp({ projections: [second], database, subscriptions: { batchSize: 20 } });
  const told: ReadyProgress[] = [];
  const stuck = new Gate();
  const onProgress = (progress: ReadyProgress) => {
    told.push(progress);
    if (progress.done === 20) stuck.open();
  };
  const ready = app.ready({ onProgress });
  await stuck.pass();
  expect(told.at(-1)).toMatchObject({
    done: 20,
    total: 50,
    missing: [expect.stringMatching(/^projection seen v2: it has not caught up .* at position 20$/)],
  });
  gate.open();
  await ready;
  expect(told.at(-1)).toMatchObject({ done: 50, total: 50, missing: [] });
  expect(told.map(({ done }) => done)).toEqual(told.map(({ done }) => done).toSorted((a, b) => a - b));
});

test('while createApp waits for a new inline projection, it tells how far it is', async ({ ownDatabase }) => {
  const database = { url: ownDatabase.connectionString };
  {
    await using before = await createApp({ events: [notes], database });
    await before.store.append(
      'note-1',
      Array.from({ length: 50 }, () => notes.create.added({})),
    );
  }
  const gate = new Gate();
  const inline = seen(1, async (position) => (position > 20 ? gate.pass() : undefined), 'inline');
  const told: ReadyProgress[] = [];
  const onProgress = (progress: ReadyProgress) => {
    told.push(progress);
    if (progress.done === 20) gate.open();
  };
  await using app = await createApp({
    projections: [inline],
    database,
    subscriptions: { batchSize: 20 },
    onProgress,
  });
  expect(told.find(({ done }) => done === 20)).toMatchObject({
    total: 50,
    missing: [expect.stringMatching(/^projection seen: .* at position 20/)],
  });
  expect(await app.query(inline).selectFrom('seen').selectAll().execute()).toHaveLength(50);
  const thrown = new Error('of the callback');
  const second = seen(2, async () => {}, 'inline');
  const failing = createApp({
    projections: [second],
    database,
    onProgress: () => {
      throw thrown;
    },
  });
  await expect(failing).rejects.toBe(thrown);
});
