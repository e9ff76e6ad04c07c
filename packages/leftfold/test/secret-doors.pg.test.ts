import { tracingChannel } from 'node:diagnostics_channel';
import { inspect } from 'node:util';
import { defineAggregate, defineEvents, defineProjection, defineTableProjection } from '@leftfold/core';
import { createEventStore } from '@leftfold/event-store';
import { databaseTest } from '@leftfold/testbed/database';
import { guarantee } from '@leftfold/testbed/guarantees';
import { collect, failureOf } from '@leftfold/testbed/outcome';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, vi } from 'vitest';
import { z } from 'zod';
import { createApp } from '../src/index.ts';

const SECRET = 'ada-4929-1234';

// Each kind of event fails in its own projection, in another way.
const payload = z.object({ text: z.string(), more: z.any() });
const fileEvents = defineEvents('file', {
  kept: payload,
  cast: payload,
  repeated: payload,
  checked: payload,
  emptied: payload,
  dated: payload,
  counted: payload,
  folded: payload,
});
const kinds = ['cast', 'repeated', 'checked', 'emptied', 'dated', 'counted', 'folded'] as const;
type Kind = (typeof kinds)[number];
const eventOf = (kind: Kind | 'kept', more: unknown = 0) => fileEvents.create[kind]({ text: SECRET, more });

const projectionsOf = (mode: 'inline' | 'async') => {
  const tables = { rows: { columns: { text: 'text', note: 'text' }, primaryKey: ['text'] } } as const;
  const handled = { mode, events: [fileEvents], tables } as const;
  const folded = {
    mode,
    events: [fileEvents],
    key: ({ streamId }: { streamId: string }) => ({ id: streamId }),
  };
  return {
    cast: defineProjection({
      ...handled,
      name: 'of_cast',
      on: { 'file.cast': (tx, { data }) => sql`select ${data.text}::integer`.execute(tx) },
    }),
    repeated: defineProjection({
      ...handled,
      name: 'of_repeated',
      on: {
        'file.repeated': (tx, { data: { text } }) =>
          tx.insertInto('rows').values([
            { text, note: '' },
            { text, note: '' },
          ]),
      },
    }),
    checked: defineProjection({
      ...handled,
      name: 'of_checked',
      on: { 'file.checked': (tx, { data: { text } }) => tx.insertInto('rows').values({ text, note: text }) },
    }),
    emptied: defineProjection({
      ...handled,
      name: 'of_emptied',
      on: {
        'file.emptied': (tx, { data: { text } }) =>
          tx.insertInto('rows').values({ text, note: sql<string>`null` }),
      },
    }),
    dated: defineTableProjection({
      ...folded,
      name: 'of_dated',
      columns: { id: 'text', day: 'date' },
      initialRow: { day: '2026-01-01' },
      evolve: { 'file.dated': (row, { data }) => ({ ...row, day: data.text }) },
    }),
    counted: defineTableProjection({
      ...folded,
      name: 'of_counted',
      columns: { id: 'text', amount: 'numeric' },
      initialRow: { amount: '0' },
      evolve: { 'file.counted': (row, { data }) => ({ ...row, amount: data.text }) },
    }),
    folded: defineTableProjection({
      ...folded,
      name: 'of_folded',
      columns: { id: 'text', note: 'text' },
      initialRow: { note: '' },
      evolve: { 'file.folded': (row, { data }) => ({ ...row, note: data.text }) },
    }),
  };
};
/** Constraints of the operator, which the texts violate. */
const constraints = ['of_checked_v1.rows', 'of_folded_v1.of_folded']
  .map((table) => `alter table leftfold__${table} add constraint short check (length(note) < 3);`)
  .join('\n');

const same = <TState>(state: TState) => state;
const file = defineAggregate({
  events: fileEvents,
  initialState: { texts: [] as readonly unknown[] },
  // No snapshot can be made of a bigint.
  evolve: {
    kept: (_, { text }) => ({ texts: [text, 1n] }),
    ...(Object.fromEntries(kinds.map((kind) => [kind, same])) as Record<Kind, typeof same>),
  },
  snapshots: { everyEvents: 1 },
  commands: {
    keep: {
      input: z.strictObject({ text: z.string().max(100) }),
      decide: (_, { text }, emit) => emit.kept({ text, more: 0 }),
    },
    add: {
      input: z.strictObject({ text: z.string(), kind: z.enum(kinds) }),
      decide: (_, { text, kind }, emit) => emit[kind]({ text, more: 0 }),
    },
  },
});
const { keep, add } = file.command;
const keepSecret = () => keep('1', { text: SECRET });

const test = databaseTest();

const startApp = (url: string, mode: 'inline' | 'async', told: unknown[]) =>
  createApp({
    aggregates: [file],
    projections: Object.values(projectionsOf(mode)),
    database: { url },
    commands: { metadata: z.object({ tenant: z.enum(['one', 'two']).optional(), note: z.any().optional() }) },
    subscriptions: { retry: { attempts: 1 }, onIncident: (incident) => told.push(incident) },
  });
type FileApp = Awaited<ReturnType<typeof startApp>>;

/** Calls that fail, by what is wrong with them. */
const doors: Readonly<Record<string, (app: FileApp, url: string) => Promise<unknown>>> = {
  'an input that is too long': ({ execute }) => execute(keep('1', { text: SECRET.repeat(20) })),
  'an input with another member': ({ execute }) =>
    execute(keep('1', { text: '', [SECRET]: SECRET } as never)),
  'an input in which a list is a text': ({ execute }) => execute(keep('1', { text: [SECRET] as never })),
  'an input that is no object': ({ execute }) => execute({ ...keepSecret(), input: SECRET as never }),
  'metadata that the schema refuses': ({ execute }) =>
    execute(keepSecret(), { metadata: { tenant: SECRET as never } }),
  'metadata with a NUL': ({ execute }) => execute(keepSecret(), { metadata: { note: `${SECRET}\0` } }),
  'metadata of an append with a bigint': ({ store }) =>
    store.append('file-1', [eventOf('kept')], { metadata: { note: [SECRET, 1n] as never } }),
  'data that was not validated': ({ store }) =>
    store.append('file-1', [{ type: 'file.kept', schemaVersion: 1, data: { text: [SECRET] } }]),
  'data of another schema version': ({ store }) =>
    store.append('file-1', [{ type: 'file.kept', schemaVersion: 7, data: { text: SECRET } }]),
  'data with a NUL': ({ store }) => store.append('file-1', [eventOf('kept', [`${SECRET}\0`])]),
  'data with a function': ({ store }) =>
    store.append('file-1', [eventOf('kept', [{ text: SECRET, toJSON: () => SECRET }])]),
  'data that is too large': ({ store }) => store.append('file-1', [eventOf('kept', SECRET.repeat(100_000))]),
  'an append that is too large': ({ store }) =>
    store.append(
      'file-1',
      Array.from({ length: 40 }, () => eventOf('kept', SECRET.repeat(70_000))),
    ),
  'a stream that has another version': ({ store }) =>
    store.append('file-9', [eventOf('kept')], { expectedVersion: 7 }),
  'an event id that was used': async ({ store }) => {
    const event = fileEvents.create.kept({ text: SECRET, more: 0 }, { id: 'same' });
    await store.append('file-2', [event]);
    return store.append('file-3', [event]);
  },
  'a command id that was used': async ({ execute }) => {
    await execute(keepSecret(), { commandId: 'same-command' });
    return execute(keep('1', { text: `${SECRET} ` }), { commandId: 'same-command' });
  },
  'an event that was stored past its schema': async ({ store }, connectionString) => {
    const events = JSON.stringify([{ type: 'file.kept', data: { text: [SECRET] } }]);
    await store.pool.query('select leftfold.append($1, $2)', ['file-odd', events]);
    await using strict = createEventStore({ connectionString, events: [fileEvents], validateOnRead: true });
    return await collect(strict.readStream('file-odd'));
  },
  'the same event in a subscription': async (_, connectionString) => {
    await using strict = createEventStore({ connectionString, events: [fileEvents], validateOnRead: true });
    return await collect(strict.subscribe());
  },
  'a query that compares it with a date': (app) =>
    app.query(projectionsOf('async').dated).where('day', '=', SECRET).execute(),
  'a query that streams': (app) =>
    collect(app.query(projectionsOf('async').dated).where('day', '=', SECRET).stream()),
  'a statement in a transaction': ({ store }) =>
    store.db.transaction().execute((tx) => sql`select ${SECRET}::uuid`.execute(tx)),
};

const channels = ['execute', 'append', 'append.batch', 'subscription.batch'].map((name) =>
  tracingChannel(`leftfold:${name}`),
);
/** All that is told beside the error of a call: warnings, traces and incidents. */
const told: unknown[] = [];
const tell = (...what: readonly unknown[]) => void told.push(...what);
const follow = { start: tell, end: tell, asyncStart: tell, asyncEnd: tell, error: tell };

beforeEach(() => {
  told.length = 0;
  vi.spyOn(process, 'emitWarning').mockImplementation(tell);
  for (const channel of channels) channel.subscribe(follow);
});
afterEach(() => {
  vi.restoreAllMocks();
  for (const channel of channels) channel.unsubscribe(follow);
});

/** Message, stack, causes and all properties, as text. */
function printed(value: unknown): string {
  const all = { depth: 12, showHidden: true, maxStringLength: null, maxArrayLength: null };
  const asJson = value instanceof Error ? JSON.stringify(value) : '';
  return `${inspect(value, all)} ${asJson} ${String(value)}`;
}

function expectNoSecret(what: string, ...values: readonly unknown[]): void {
  for (const value of values) expect(printed(value), what).not.toContain(SECRET);
}

test('what would be seen, is seen', () => {
  const hidden = Object.defineProperty(new Error('x'), 'hidden', { value: { deep: SECRET } });
  for (const one of [new Error(SECRET), new Error('x', { cause: new Error(SECRET) }), hidden, [{ SECRET }]])
    expect(() => expectNoSecret('', one)).toThrow('not to contain');
});

test('no call that fails tells what it was given', async ({ ownDatabase }) => {
  guarantee('no-values-in-errors');
  const url = ownDatabase.connectionString;
  await using app = await startApp(url, 'async', told);
  for (const [name, door] of Object.entries(doors)) {
    // Some refuse what they are given before they return a promise.
    const error = await failureOf((async () => door(app, url))());
    expect(error, name).toBeInstanceOf(Error);
    expectNoSecret(name, error, told);
  }
  // A snapshot was refused meanwhile.
  expect(told.some((one) => String(one).includes('snapshot of stream'))).toBe(true);
  expectNoSecret('status', await app.status());
});

describe('a projection that fails', () => {
  test('inline tells no append what was in its event', async ({ ownDatabase, ownPool }) => {
    guarantee('no-values-in-errors');
    await using app = await startApp(ownDatabase.connectionString, 'inline', told);
    await ownPool.query(constraints);
    const { store } = app;
    for (const kind of kinds) {
      const attempts = [
        () => store.append('file-1', [eventOf(kind)]),
        () => app.execute(add('1', { kind, text: SECRET })),
        () =>
          store.db
            .transaction()
            .execute((transaction) => store.append('file-1', [eventOf(kind)], { transaction })),
      ];
      for (const attempt of attempts) expectNoSecret(kind, await failureOf(attempt()), told);
    }
    expectNoSecret('status', await app.status());
  });

  test('asynchronously tells no wait, no query, no incident and no table', async ({
    ownDatabase,
    ownPool,
  }) => {
    guarantee('no-values-in-errors');
    await using app = await startApp(ownDatabase.connectionString, 'async', told);
    await ownPool.query(constraints);
    const projections = projectionsOf('async');
    for (const kind of kinds) {
      const projection = projections[kind];
      const { token } = await app.execute(add('1', { kind, text: SECRET }));
      const failed = await failureOf(app.projections.waitFor(projection, token));
      expect(failed, kind).toMatchObject({ code: 'SUBSCRIPTION_FAILED', eventType: `file.${kind}` });
      expectNoSecret(kind, failed, told);
    }
    expectNoSecret('status', await app.status());
    const { rows } = await ownPool.query('select * from leftfold.subscriptions');
    expectNoSecret('subscriptions', rows);
  });
});
