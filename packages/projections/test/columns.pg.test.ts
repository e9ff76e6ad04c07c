import { asStored, defineEvents, defineTableProjection, type JsonValue, type SqlTypes } from '@leftfold/core';
import { sqlTypes, tableColumn } from '@leftfold/core/column';
import pg from 'pg';
import { tokenAt } from '@leftfold/testbed/outcome';
import { describe, expect } from 'vitest';
import { z } from 'zod';
import { arrayLiteral } from '../src/fold/table-codec.ts';
import { inlineProjections } from '../src/index.ts';
import { test as runnerTest } from './runner-test.ts';
import { createTestRunner, freshStore, rowsOf } from './runner.ts';

/** Settings that change how Postgres writes values, as a role or a database may have them. */
const hostileSettings = `
  set datestyle = 'German, DMY';
  set timezone = 'Asia/Kathmandu';
  set extra_float_digits = -15;
  set bytea_output = 'escape';
  set standard_conforming_strings = off`;

const instants = [
  '2024-01-05T06:07:08.009Z',
  '1969-12-31T23:59:59.999Z',
  '0001-01-01T00:00:00.000Z',
  '9999-12-31T23:59:59.999Z',
  '+010000-01-01T00:00:00.001Z',
  '+275760-09-13T00:00:00.000Z',
  '0000-12-31T23:59:59.999Z',
  '0000-02-29T00:00:00.000Z',
  '-000043-03-15T12:00:00.000Z',
  '-004713-11-24T00:00:00.000Z',
];

const values: { readonly [TName in keyof SqlTypes]: readonly SqlTypes[TName][] } = {
  text: ['', 'NULL', 'a "quoted" \\ {text},\n\t’€😀', 'ﬀ', 'Ä', 'Ä', 'a ', 'a', 'A', '1.5', '1.50'],
  uuid: ['0b9d2c0e-6a0f-4f8e-9d3c-0123456789ab', '00000000-0000-0000-0000-000000000000'],
  integer: [0, -0, 1, -(2 ** 31), 2 ** 31 - 1],
  bigint: [0, -0, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER],
  'double precision': [
    0,
    -0,
    0.1 + 0.2,
    1 / 3,
    5e-324,
    Number.MAX_VALUE,
    -1e21,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
  ],
  numeric: [
    '0',
    '0.00',
    '1.5',
    '1.50',
    '15',
    '-12345678901234567890.123456789000',
    'NaN',
    '-Infinity',
    `1${'0'.repeat(400)}`,
  ],
  boolean: [true, false],
  timestamptz: instants.map((iso) => new Date(iso)),
  date: [
    '2024-02-29',
    '0001-01-01',
    '9999-12-31',
    '10000-01-01',
    '294276-12-31',
    '0044-03-15 BC',
    '0001-02-29 BC',
    '4714-11-24 BC',
  ],
  jsonb: [
    null,
    'text',
    -1.5e-7,
    1e21,
    [],
    { list: [1, 'two', null, { deep: '"\\{}' }], empty: {} },
    { zeta: 1, a: 2, 10: 3, é: 4, bb: { y: 1, x: 2 }, '\u{10000}': 5, '￿': 6, '': 7 },
  ],
};

/** Tests with a session that has these settings. */
const test = runnerTest.extend('client', { scope: 'file' }, async ({ database }, { onCleanup }) => {
  const client = new pg.Client({ connectionString: database.connectionString });
  await client.connect();
  await client.query(hostileSettings);
  onCleanup(() => client.end());
  return client;
});

describe('columns', () => {
  test.for(Object.values(sqlTypes).map((type) => [type.name, type] as const))(
    'of type %s give back what was written, whatever the settings of the session',
    async ([name, type], { client }) => {
      const column = tableColumn('c', name)!;
      const given: readonly unknown[] = values[name];
      const literal = arrayLiteral(column, given, (value) => type.encode(value));
      const { rows } = await client.query<{ stored: string }>(
        `select ${type.select('"v"."c"')} as stored from unnest($1::${name}[]) with ordinality as v (c, place) order by place`,
        [literal],
      );
      const read = rows.map(({ stored }) => type.decode(stored));
      const written = given.map((value) => type.asStored(value as never));
      expect(read).toStrictEqual(written);
      expect(JSON.stringify(read)).toBe(JSON.stringify(written));
    },
  );

  test.for(Object.values(sqlTypes).map((type) => [type.name, type] as const))(
    'of type %s have one key for what Postgres takes for equal',
    async ([name, type], { client }) => {
      const column = tableColumn('c', name)!;
      const given: readonly unknown[] = values[name];
      const literal = arrayLiteral(column, given, (value) => type.encode(value));
      const { rows } = await client.query<{ equal: readonly string[] }>(
        `select array(select other.place::text
                        from unnest($1::${name}[]) with ordinality as other (c, place)
                       where other.c = one.c) as equal
           from unnest($1::${name}[]) with ordinality as one (c, place)
          order by place`,
        [literal],
      );
      const keys = given.map((value) => type.encodeKey(value));
      const equal = keys.map((key) =>
        keys.flatMap((other, index) => (other === key ? [`${index + 1}`] : [])),
      );
      expect(equal).toEqual(rows.map((row) => row.equal));
      expect(given.map((value) => type.encode(type.asKey(value as never)))).toEqual(keys);
    },
  );

  test('of JSON have their members in the order in which Postgres gives them back', async ({ client }) => {
    const letters = ['a', 'B', 'z', '_', '1', '0', 'é', 'ß', '€', '￿', '\u{10000}', '😀'];
    let seed = 1;
    const next = (below: number) => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed % below;
    };
    const objectOf = (depth: number): JsonValue =>
      Object.fromEntries(
        Array.from({ length: next(8) }, () => [
          Array.from({ length: next(4) }, () => letters[next(letters.length)]).join(''),
          depth === 0 ? next(9) : objectOf(depth - 1),
        ]),
      );
    const objects = Array.from({ length: 500 }, () => objectOf(2));
    const { rows } = await client.query<{ stored: string }>(
      'select value::text as stored from unnest($1::jsonb[]) with ordinality as v (value, place) order by place',
      [arrayLiteral(tableColumn('c', 'jsonb')!, objects, (object) => JSON.stringify(object))],
    );
    expect(objects.map((object) => JSON.stringify(asStored(object)))).toEqual(
      rows.map(({ stored }) => JSON.stringify(JSON.parse(stored))),
    );
  });

  test.for(['async', 'inline'] as const)(
    'of a numeric key count an event once, however its number is written (%s)',
    async (mode, { database }) => {
      const priceEvents = defineEvents('price', { seen: z.object({ price: z.string() }) });
      const prices = defineTableProjection({
        name: 'prices',
        mode,
        events: [priceEvents],
        columns: { price: 'numeric', events: 'integer' },
        key: ({ data }) => ({ price: data.price }),
        initialRow: { events: 0 },
        evolve: { 'price.seen': (row, { data }) => ({ price: data.price, events: row.events + 1 }) },
      });
      const schema = `prices_${mode}`;
      const inline = mode === 'inline' ? inlineProjections([prices], { schema }) : undefined;
      await using store = await freshStore(database, { schema, events: [priceEvents], inline });
      const runner = createTestRunner(store, [prices]);
      await runner.start();
      await runner.whenCaughtUp(prices);
      for (const price of ['1.5', '1.50', '1.5', '1.50', '2', '1.500']) {
        const { position } = await store.append('price-1', [priceEvents.create.seen({ price })]);
        await runner.waitFor(prices, await tokenAt(store, position));
      }
      await runner.stop();
      expect(await rowsOf(store, prices)).toEqual([
        { price: '1.5', events: 5 },
        { price: '2', events: 1 },
      ]);
    },
  );
});
