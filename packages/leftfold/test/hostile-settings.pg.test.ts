import { defineAggregate, defineEvents, defineTableProjection, tokenOf } from '@leftfold/core';
import { databaseTest, hostileSession, setHostileSettings } from '@leftfold/testbed/database';
import { guarantee } from '@leftfold/testbed/guarantees';
import { collect } from '@leftfold/testbed/outcome';
import { describe, expect } from 'vitest';
import { z } from 'zod';
import { createApp, type AppDatabaseOptions } from '../src/index.ts';

const readings = defineEvents('meter', {
  read: z.object({ value: z.number(), at: z.iso.datetime(), note: z.string() }),
});

const meter = defineAggregate({
  events: readings,
  initialState: { sum: 0 },
  evolve: { read: ({ sum }, { value }) => ({ sum: sum + value }) },
  commands: {
    read: {
      input: z.object({ value: z.number(), at: z.iso.datetime(), note: z.string() }),
      decide: (_state, input, emit) => emit.read(input),
    },
  },
});

const rows = defineTableProjection({
  name: 'readings',
  version: 1,
  events: [readings],
  columns: {
    id: 'text',
    day: 'date',
    at: 'timestamptz',
    value: 'double precision',
    exact: 'numeric',
    note: 'text',
    body: 'jsonb',
    count: 'bigint',
    big: 'boolean',
    source: 'uuid',
  },
  key: ({ streamId }) => ({ id: streamId }),
  initialRow: {
    day: '0001-01-01',
    at: new Date(0),
    value: 0,
    exact: '0',
    note: '',
    body: {},
    count: 0,
    big: false,
    source: '0b9d2c0e-6a0f-4f8e-9d3c-0123456789ab',
  },
  evolve: {
    'meter.read': (row, { data }) => ({
      ...row,
      day: data.at.slice(0, 10),
      at: new Date(data.at),
      // Rests on what was read back, after a restart.
      value: row.value + data.value,
      exact: String(data.value),
      note: `${row.note}${data.note}`,
      body: { last: data.value, note: data.note },
      count: row.count + 1,
      big: data.value > 1,
    }),
  },
});

const given = [
  { value: 0.1, at: '2024-02-03T04:05:06.789Z', note: 'NULL' },
  { value: 1 / 3, at: '1999-12-31T23:59:59.999Z', note: 'a\\b "c" {d}\n’€' },
  { value: 1e15 + 0.3, at: '1850-01-01T00:00:00.000Z', note: '\\u0041' },
];

/** The same commands, in two processes one after the other, and what each read. */
async function run(database: AppDatabaseOptions) {
  const seen: unknown[] = [];
  for (const process of [1, 2]) {
    await using app = await createApp({ aggregates: [meter], projections: [rows], database });
    let token = tokenOf(undefined);
    for (const [index, input] of given.entries()) {
      const done = await app.execute(meter.command.read('m-1', input), {
        commandId: `NULL ${process} ${index}`,
      });
      if (done.outcome === 'accepted') ({ token } = done);
      seen.push(done.outcome, done.outcome === 'accepted' && done.events.map(({ data }) => data));
    }
    const again = await app.execute(meter.command.read('m-1', given[0]!), { commandId: `NULL ${process} 0` });
    seen.push(again.outcome, 'duplicate' in again && again.duplicate);
    seen.push(await app.query(rows, { atLeast: token }).selectAll().execute());
    const found = await app.query(rows).select('id').where('at', '=', new Date(given[2]!.at)).execute();
    seen.push(found, await app.query(rows).select('id').where('day', '=', '1850-01-01').execute());
    const events = await collect(app.store.readStream('meter-m-1'));
    seen.push(
      events.map(({ data, metadata, streamVersion }) => [data, metadata['commandId'], streamVersion]),
    );
    for (const { recordedAt } of events)
      expect(Math.abs(recordedAt.getTime() - Date.now())).toBeLessThan(60_000);
    const state = await app.load(meter, 'm-1');
    seen.push(state);
  }
  return seen;
}

let plainResults: unknown;
const databases = { plain: databaseTest(), hostile: databaseTest(), session: databaseTest() };

describe('commands, read models and queries', () => {
  const test = databases.plain;

  test('on a server with its defaults', async ({ database }) => {
    plainResults = await run({ url: database.connectionString });
  });
});

describe('the same with other settings', () => {
  const test = databases.hostile;

  test('have the same results', async ({ database }) => {
    guarantee('server-settings');
    await setHostileSettings(database.connectionString, database.name);
    expect(await run({ url: database.connectionString })).toEqual(plainResults);
  });
});

describe('the same with settings that the caller gives each connection of its pool', () => {
  const test = databases.session;

  test('have the same results', async ({ pool }) => {
    guarantee('server-settings');
    Object.assign(pool.options, { pipeline: true }); // or pg warns of a statement that follows another one at once
    pool.on('connect', (client) => void client.query(hostileSession()));
    expect(await run({ pool })).toEqual(plainResults);
  });
});
