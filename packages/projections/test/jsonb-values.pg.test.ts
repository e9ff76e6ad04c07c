import { defineEvents, defineProjection, type ProjectionMode } from '@leftfold/core';
import { guarantee } from '@leftfold/testbed/guarantees';
import { tokenAt } from '@leftfold/testbed/outcome';
import { describe, expect } from 'vitest';
import { z } from 'zod';
import { inlineProjections, queryProjection } from '../src/index.ts';
import { test } from './runner-test.ts';
import { createTestRunner, freshStore, rowsOf } from './runner.ts';

const noteEvents = defineEvents('note', { put: z.object({ values: z.array(z.json()) }) });

const tables = {
  notes: {
    columns: { id: 'integer', how: 'text', j: 'jsonb', k: 'jsonb null' },
    primaryKey: ['id', 'how'],
  },
} as const;

type Json = z.infer<ReturnType<typeof z.json>>;

const given: Json[] = [
  [],
  [1, 2],
  [{ a: 1 }],
  [[]],
  ['x', null],
  {},
  { a: [] },
  'text',
  '',
  '5',
  '"',
  '{}',
  'null',
  '\\',
  5,
  -1.5e-7,
  0,
  true,
  false,
  null,
];

/** Every way in which kysely writes a value into a column, or compares one with it. */
const notesOf = (mode: ProjectionMode) =>
  defineProjection({
    name: 'notes',
    mode,
    events: [noteEvents],
    tables,
    on: {
      'note.put': async (tx, { data }) => {
        for (const [id, j] of data.values.entries()) {
          const at = { id, how: 'insert', j, k: j };
          await tx.insertInto('notes').values(at).execute();
          await tx
            .insertInto('notes')
            .values([
              { ...at, how: 'update', j: 0 },
              { ...at, how: 'conflict', j: 0, k: undefined },
              { ...at, how: 'case', j: 0 },
              { ...at, how: 'deleted' },
            ])
            .execute();
          await tx
            .updateTable('notes as n')
            .set({ j, k: j })
            .where('n.id', '=', id)
            .where('n.how', '=', 'update')
            .execute();
          await tx
            .insertInto('notes')
            .values({ ...at, how: 'conflict' })
            .onConflict((conflict) =>
              conflict
                .columns(['id', 'how'])
                .doUpdateSet((eb) => ({ j: eb.ref('excluded.j'), k: eb.val(j) }))
                .where('notes.j', '=', 0),
            )
            .execute();
          await tx
            .updateTable('notes')
            .set((eb) => ({ j: eb.case().when('id', '=', id).then(eb.val(j)).else(eb.val(1)).end() }))
            .set('k', (eb) => eb.fn.coalesce(eb.val(j), 'k'))
            .where('id', '=', id)
            .where('how', '=', 'case')
            .execute();
          await tx
            .insertInto('notes')
            .columns(['id', 'how', 'j', 'k'])
            .expression((eb) =>
              eb
                .selectFrom('notes')
                .select((select) => ['id', select.val('select').as('how'), select.val(j).as('j'), 'k'])
                .where('id', '=', id)
                .where('how', '=', 'insert')
                .where('j', '=', j),
            )
            .execute();
          await tx.deleteFrom('notes').where('how', '=', 'deleted').where('j', 'in', [j]).execute();
          await tx
            .mergeInto('notes as target')
            .using(
              (db) =>
                db
                  .selectFrom('notes')
                  .select('j')
                  .where('id', '=', id)
                  .where('how', '=', 'insert')
                  .as('source'),
              (join) => join.on('target.id', '=', -1),
            )
            .whenNotMatchedAnd('source.j', '=', j)
            .thenInsertValues({ id, how: 'merge', j, k: j })
            .execute();
          await tx
            .with('found', (db) =>
              db.selectFrom('notes').select(['id', 'j as other', 'j']).where('j', '=', j),
            )
            .insertInto('notes')
            .columns(['id', 'how', 'j', 'k'])
            .expression((eb) =>
              eb
                .selectFrom('found')
                .select((select) => [select.val(id).as('id'), select.val('with').as('how'), 'j', 'j as k'])
                .where('found.id', '=', id)
                .where((where) => where('j', '=', j).and('j', 'is distinct from', [[j]]))
                .limit(1),
            )
            .execute();
        }
      },
    },
  });

const asReturned = defineProjection({
  name: 'returned',
  events: [noteEvents],
  tables,
  on: {
    'note.put': (tx, { data }) =>
      data.values.map((j, id) => tx.insertInto('notes').values({ id, how: 'returned', j, k: j })),
  },
});
const asBatch = defineProjection({
  name: 'batch',
  events: [noteEvents],
  tables,
  onBatch: async (tx, events) => {
    const rows = events.flatMap(({ data }) => data.values.map((j, id) => ({ id, how: 'batch', j, k: j })));
    await tx.insertInto('notes').values(rows).execute();
  },
});

const ways = ['insert', 'update', 'conflict', 'case', 'select', 'merge', 'with'];
const rowsFor = (hows: readonly string[]) =>
  given.flatMap((j, id) => hows.toSorted().map((how) => ({ id, how, j, k: j })));

describe('jsonb columns of handlers', () => {
  test.for(['async', 'inline'] as const)(
    'hold any JSON value as it was given (%s)',
    async (mode, { database }) => {
      guarantee('jsonb-values');
      const notes = notesOf(mode);
      const schema = `json_${mode}`;
      const inline = mode === 'inline' ? inlineProjections([notes], { schema }) : undefined;
      await using store = await freshStore(database, { schema, events: [noteEvents], inline });
      await using runner = createTestRunner(store, [notes, asReturned, asBatch]);
      await runner.start();
      await runner.whenCaughtUp(notes);
      const { position } = await store.append('note-1', [noteEvents.create.put({ values: given })]);
      const token = await tokenAt(store, position);
      await runner.waitFor(notes, token);
      expect(await rowsOf(store, notes)).toEqual(rowsFor(ways));
      for (const [projection, how] of [
        [asReturned, 'returned'],
        [asBatch, 'batch'],
      ] as const) {
        await runner.waitFor(projection, token);
        expect(await rowsOf(store, projection)).toEqual(rowsFor([how]));
      }
      const context = { store, runner, isClosed: () => false };
      for (const j of given) {
        const found = await queryProjection(context, notes, { atLeast: token })
          .selectFrom('notes')
          .select('j')
          .where('j', '=', j)
          .execute();
        expect(found.map((row) => row.j)).toEqual(ways.map(() => j));
      }
    },
  );
});
