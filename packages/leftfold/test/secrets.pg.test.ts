import { tracingChannel } from 'node:diagnostics_channel';
import { inspect } from 'node:util';
import {
  defineAggregate,
  defineEvents,
  defineProjection,
  defineTableProjection,
  LeftfoldError,
} from '@leftfold/core';
import { createEventStore } from '@leftfold/event-store';
import { databaseTest } from '@leftfold/testbed/database';
import { guarantee } from '@leftfold/testbed/guarantees';
import { failureOf } from '@leftfold/testbed/outcome';
import { sql } from 'kysely';
import { expect, vi } from 'vitest';
import { z } from 'zod';
import { accepted, createApp, type SubscriptionIncident } from '../src/index.ts';

const SECRET = 'ada-4929-1234';

const noteEvents = defineEvents('note', { written: z.object({ text: z.string(), more: z.any() }) });
const note = defineAggregate({
  events: noteEvents,
  initialState: {},
  evolve: { written: (state) => state },
  commands: {
    write: {
      input: z.strictObject({ text: z.string() }),
      decide: (_, { text }, emit) => emit.written({ text, more: null }),
    },
  },
});
/** Each fails in its own way on a text, which the error of the database repeats. */
const counted = defineProjection({
  name: 'counted',
  events: [noteEvents],
  tables: { counted: { columns: { id: 'text', count: 'integer' }, primaryKey: ['id'] } },
  on: {
    'note.written': async (tx, { data }) => {
      await sql`select ${data.text}::integer`.execute(tx);
    },
  },
});
const unique = defineProjection({
  name: 'unique_texts',
  events: [noteEvents],
  tables: { unique_texts: { columns: { text: 'text' }, primaryKey: ['text'] } },
  on: {
    'note.written': async (tx, { data }) => {
      const row = { text: data.text };
      await tx.insertInto('unique_texts').values([row, row]).execute();
    },
  },
});
const dated = defineTableProjection({
  name: 'dated',
  events: [noteEvents],
  columns: { id: 'text', day: 'date' },
  key: ({ streamId }) => ({ id: streamId }),
  initialRow: { day: '2026-01-01' },
  evolve: { 'note.written': (row, { data }) => ({ ...row, day: data.text }) },
});

const test = databaseTest();

test('no payload and no password is in an error, a status, a trace or a printed object', async ({
  database,
}) => {
  guarantee('no-values-in-errors');
  const told: unknown[] = [];
  const tell = (...what: readonly unknown[]) => told.push(...what);
  const warn = vi.spyOn(process, 'emitWarning').mockImplementation(tell);
  const channels = [
    'leftfold:execute',
    'leftfold:append',
    'leftfold:append.batch',
    'leftfold:subscription.batch',
  ];
  const follow = { start: tell, end: tell, asyncStart: tell, asyncEnd: tell, error: tell };
  for (const channel of channels) tracingChannel(channel).subscribe(follow);

  const incidents: SubscriptionIncident[] = [];
  const app = await createApp({
    aggregates: [note],
    projections: [counted, unique, dated],
    database: { url: database.connectionString },
    subscriptions: { retry: { attempts: 1 }, onIncident: (incident) => incidents.push(incident) },
  });
  const command = note.command.write('n-1', { text: SECRET });
  const { token } = accepted(await app.execute(command));
  for (const projection of [counted, unique, dated]) {
    const failed = await failureOf(app.projections.waitFor(projection, token));
    expect(failed).toMatchObject({ code: 'SUBSCRIPTION_FAILED' });
    tell(failed);
  }
  tell(incidents, await app.status(), app.store, app);
  const table = await app.store.pool.query('select * from leftfold.subscriptions');
  tell(table.rows);

  const wrongText = { text: SECRET, [SECRET]: 1 };
  tell(await failureOf(app.execute({ ...command, input: wrongText })));
  tell(await failureOf(app.query(dated).where('day', '=', SECRET).execute()));
  const odd = async (more: unknown) =>
    app.store.append('note-2', [noteEvents.create.written({ text: SECRET, more })]);
  tell(await failureOf(odd({ text: `${SECRET}\0` })), await failureOf(odd(7n)));
  const same = noteEvents.create.written({ text: SECRET, more: 1 }, { id: 'same' });
  await app.store.append('note-3', [same]);
  tell(await failureOf(app.store.append('note-4', [same])));
  tell(await failureOf(sql`select ${SECRET}::integer`.execute(app.store.db)));
  await app.close();
  tell(await failureOf(app.execute(command)));

  for (const channel of channels) tracingChannel(channel).unsubscribe(follow);
  warn.mockRestore();
  const password = new URL(database.connectionString).password;
  for (const one of told) {
    const printed = inspect(one, { depth: 12 });
    expect(printed).not.toContain(SECRET);
    if (password !== '') expect(printed).not.toContain(password);
    expect(printed).not.toContain(database.connectionString);
  }
  expect(incidents.filter(({ stopped }) => stopped)).toHaveLength(3);
});

test('a text in place of something else is not in the error, be it a URL or a payload', async ({
  database,
}) => {
  guarantee('no-values-in-errors');
  const url = `postgres://u:${SECRET}@h/db`;
  const json = `{"input":{"card":"${SECRET}"}}`;
  await using app = await createApp({ aggregates: [note], database: { url: database.connectionString } });
  const { store } = app;
  const command = note.command.write('n-1', { text: 'a' });
  const none = (value: unknown) => value as never;
  const attempts: Readonly<Record<string, () => unknown>> = {
    createApp: () => createApp(none(url)),
    'createApp database': () => createApp({ database: none(url) }),
    'createApp database.pool': () => createApp({ database: { pool: none(url) } }),
    'createApp schema': () => createApp({ database: { url }, schema: url }),
    'createApp option': () => createApp(none({ [url]: 1 })),
    'createApp aggregates': () => createApp({ aggregates: none(url) }),
    createEventStore: () => createEventStore(none(url)),
    'createEventStore pool': () => createEventStore({ pool: none(url), events: [] }),
    'createEventStore schema': () => createEventStore({ connectionString: url, schema: url, events: [] }),
    execute: () => app.execute(none(json)),
    'execute options': () => app.execute(command, none(json)),
    'execute metadata': () => app.execute(command, { metadata: none(json) }),
    'execute name': () => app.execute({ ...command, name: none(json) }),
    parseCommand: () => app.parseCommand(json),
    'append id': () => store.append(`${json}\0`, []),
    'append events': () => store.append('note-1', none(`[${json}]`)),
    'append event': () => store.append('note-1', [none(json)]),
    'append type': () => store.append('note-1', [none({ type: json, schemaVersion: 1, data: {} })]),
    'append metadata': () => store.append('note-1', [], { metadata: none(SECRET) }),
    'append expectedVersion': () => store.append('note-1', [], { expectedVersion: none(json) }),
    'readAll after': () =>
      store
        .readAll({ after: none(json) })
        [Symbol.asyncIterator]()
        .next(),
  };
  for (const [name, attempt] of Object.entries(attempts)) {
    const failure = await failureOf((async () => attempt())());
    expect(LeftfoldError.is(failure), `${name}: ${inspect(failure)}`).toBe(true);
    expect(String(failure), name).not.toContain(SECRET);
  }
});
