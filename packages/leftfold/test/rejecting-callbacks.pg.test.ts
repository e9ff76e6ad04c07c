import { defineAggregate, defineEvents, defineTableProjection } from '@leftfold/core';
import { databaseTest } from '@leftfold/testbed/database';
import { expect, onTestFinished } from 'vitest';
import { z } from 'zod';
import { checkHistory, createApp } from '../src/index.ts';

const test = databaseTest();

const notes = defineEvents('note', { added: z.object({}) });
const note = defineAggregate({
  events: notes,
  initialState: 0,
  evolve: { added: (count) => count + 1 },
  commands: {},
});
const counts = defineTableProjection({
  name: 'counts',
  events: [notes],
  columns: { id: 'text', count: 'bigint' },
  key: ({ streamId }) => ({ id: streamId }),
  initialRow: { count: 0 },
  evolve: { 'note.added': (row) => ({ ...row, count: row.count + 1 }) },
});

test('what an asynchronous callback rejects with is a warning, and ends no process', async ({
  ownDatabase,
}) => {
  const warnings: string[] = [];
  const warn = (warning: Error) => warnings.push(warning.message);
  process.on('warning', warn);
  onTestFinished(() => void process.off('warning', warn));
  const rejecting =
    (call: string): (() => unknown) =>
    async () => {
      throw new Error(`callback of ${call}`);
    };
  const database = { url: ownDatabase.connectionString };
  await using app = await createApp({
    database,
    aggregates: [note],
    projections: [counts],
    onProgress: rejecting('createApp'),
  });
  await app.store.append('note-1', [notes.create.added({})]);
  await app.projections.whenCaughtUp(counts);
  const { projections, history, store } = app;
  const calls: Readonly<Record<string, (told: () => unknown) => Promise<unknown>>> = {
    verify: (onProgress) => projections.verify(counts, { replays: 2, onProgress }),
    repair: (onProgress) => projections.repair(counts, { onProgress }),
    rebuild: (onProgress) => projections.rebuild(counts, { onProgress }),
    rollback: (onProgress) => projections.rollback(counts, { onProgress }),
    explain: (onProgress) => projections.explain(counts, { id: 'note-1' }, { onProgress }),
    asOf: async (onProgress) => {
      await using past = await projections.asOf(counts, { position: 1 }, { onProgress });
      await past.query().execute();
    },
    firstViolation: (onProgress) =>
      history.firstViolation({ aggregate: note, id: '1', check: () => true }, { onProgress }),
    checkHistory: (onProgress) => checkHistory(store, { onProgress }),
    ready: (onProgress) => app.ready({ onProgress }),
    query: (onToken) => app.query(counts, { onToken }).execute(),
  };
  for (const [name, call] of Object.entries(calls)) {
    await call(rejecting(name));
    await expect.poll(() => warnings).toContain(`callback of ${name}`);
  }
});
