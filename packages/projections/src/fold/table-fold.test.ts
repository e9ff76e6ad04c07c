import { type AnyRow, defineEvents, defineTableProjection, type RecordedEvent } from '@leftfold/core';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { encodeChanges } from './encoded-rows.ts';
import { RowCache } from './row-cache.ts';
import type { FoldedRow } from './folded-row.ts';
import { TableFold } from './table-fold.ts';

const stock = defineEvents('stock', {
  moved: z.object({ from: z.string(), to: z.string(), pieces: z.int() }),
  lost: z.object({ from: z.string() }),
});

const places = defineTableProjection({
  name: 'places',
  events: [stock],
  columns: { place: 'text', pieces: 'bigint', moves: 'integer' },
  key: ({ data }) => ('to' in data ? [{ place: data.from }, { place: data.to }] : { place: data.from }),
  initialRow: { pieces: 0, moves: 0 },
  evolve: {
    'stock.moved': (row, { data }) => ({
      ...row,
      pieces: row.pieces + (row.place === data.to ? data.pieces : -data.pieces),
      moves: row.moves + 1,
    }),
    'stock.lost': () => null,
  },
});

let position = 0;
function recorded(type: string, data: RecordedEvent['data']): RecordedEvent {
  position += 1;
  const place = { id: `e-${position}`, streamId: 'stock-1', streamVersion: position, position };
  return { ...place, type, data, schemaVersion: 1, recordedAt: new Date(0), metadata: {}, tags: [] };
}
const moved = (from: string, to: string, pieces: number) => recorded('stock.moved', { from, to, pieces });
const lost = (from: string) => recorded('stock.lost', { from });

/** Folds events into rows that are stored already. */
function fold(
  projection: ConstructorParameters<typeof TableFold>[0],
  events: readonly RecordedEvent[],
  stored: Record<string, AnyRow> = {},
) {
  const seen: number[] = [];
  const folding = new TableFold(projection);
  const changed: FoldedRow[] = [];
  const plan = folding.plan(events, new RowCache(0), changed, () => {});
  for (const row of changed) row.row = stored[row.id] ?? null;
  folding.fold(plan, (event) => seen.push(event.position));
  expect(new Set(changed).size, 'each row is there once').toBe(changed.length);
  return { rows: Object.fromEntries(changed.map(({ id, row }) => [id, row])), plan, seen };
}

describe('folding into a table', () => {
  test('starts from the stored row, or from the initial row when there is none', () => {
    const { rows } = fold(places, [moved('a', 'b', 3), moved('b', 'c', 1)], {
      a: { place: 'a', pieces: 10, moves: 4 },
    });
    expect(rows).toEqual({
      a: { place: 'a', pieces: 7, moves: 5 },
      b: { place: 'b', pieces: 2, moves: 2 },
      c: { place: 'c', pieces: 1, moves: 1 },
    });
  });

  test('deletes a row, and starts from the initial row when its key appears again', () => {
    const stored = { a: { place: 'a', pieces: 10, moves: 4 }, b: { place: 'b', pieces: 1, moves: 1 } };
    expect(fold(places, [lost('a'), moved('a', 'b', 1), lost('b')], stored).rows).toEqual({
      a: { place: 'a', pieces: -1, moves: 1 },
      b: null,
    });
  });

  test('changes a row once for an event that gives its key twice', () => {
    expect(fold(places, [moved('a', 'a', 5)]).rows).toEqual({ a: { place: 'a', pieces: 5, moves: 1 } });
  });

  test('gives the same rows in one batch as in many', () => {
    const events = Array.from({ length: 60 }, (_, n) =>
      n % 7 === 6 ? lost(`p${n % 3}`) : moved(`p${n % 3}`, `p${n % 5}`, n),
    );
    let stored: Record<string, AnyRow> = {};
    for (const event of events) {
      const { rows } = fold(places, [event], stored);
      stored = { ...stored, ...(rows as Record<string, AnyRow>) };
    }
    expect(fold(places, events).rows).toEqual(stored);
  });

  test('does not change rows that are stored already', () => {
    const folding = new TableFold(places);
    const changed: FoldedRow[] = [];
    const plan = folding.plan([moved('a', 'b', 1)], new RowCache(0), changed, () => {});
    folding.fold(plan, () => {});
    const [first, second] = changed;
    first!.stored = true;
    second!.row = { place: 'b', pieces: 100, moves: 7 };
    folding.fold(plan, () => {});
    expect([first?.row, second?.row]).toEqual([
      { place: 'a', pieces: -1, moves: 1 },
      { place: 'b', pieces: 101, moves: 8 },
    ]);
  });

  test('names the column of a row that cannot be stored', () => {
    const halving = { ...places, evolve: (row: AnyRow) => ({ ...row, pieces: 0.5 }) };
    const folding = new TableFold(halving);
    const changed: FoldedRow[] = [];
    folding.fold(
      folding.plan([lost('a')], new RowCache(0), changed, () => {}),
      () => {},
    );
    expect(() => encodeChanges(folding.columns, changed)).toThrow('column "pieces": expected a whole number');
  });

  test('a batch that grows has each row once, with the changes of all its events', () => {
    const known = new RowCache(0);
    const folding = new TableFold(places);
    const changed: FoldedRow[] = [];
    for (const event of [moved('a', 'b', 3), moved('b', 'c', 1), moved('c', 'a', 1)])
      folding.fold(
        folding.plan([event], known, changed, () => {}),
        () => {},
      );
    expect(changed.map(({ id, row }) => [id, row])).toEqual([
      ['a', { place: 'a', pieces: -2, moves: 2 }],
      ['b', { place: 'b', pieces: 2, moves: 2 }],
      ['c', { place: 'c', pieces: 0, moves: 2 }],
    ]);
  });

  test('reports the event at which evolve throws', () => {
    const events = [moved('a', 'b', 1), lost('a'), moved('c', 'd', 1)];
    let at: number | undefined;
    const onEvent = (event: RecordedEvent) => {
      at = event.position;
    };
    const throwing = {
      ...places,
      evolve: (row: AnyRow, event: RecordedEvent) => {
        if (event.type === 'stock.lost') throw new Error('lost');
        return row;
      },
    };
    const other = new TableFold(throwing);
    expect(() => other.fold(other.plan(events, new RowCache(0), [], onEvent), onEvent)).toThrow('lost');
    expect(at).toBe(events[1]!.position);
  });

  test('refuses a row with another key, and an evolve that returns nothing', () => {
    const rekeyed = { ...places, evolve: (row: AnyRow) => ({ ...row, place: 'elsewhere' }) };
    expect(() => fold(rekeyed, [lost('a')])).toThrow('changed the key column "place"');
    const silent = { ...places, evolve: () => undefined };
    // @ts-expect-error a rule that is written in JavaScript may return nothing
    expect(() => fold(silent, [lost('a')])).toThrow('"evolve" returned undefined');
    const late = { ...places, evolve: (row: AnyRow): unknown => Promise.resolve(row) };
    // @ts-expect-error the same
    expect(() => fold(late, [lost('a')])).toThrow('"evolve" returned a promise');
    const keyless = { ...places, keysOf: () => [{}] };
    expect(() => fold(keyless, [lost('a')])).toThrow('column "place": expected a string, got undefined');
  });

  test('distinguishes keys of several columns whose joined texts are equal', () => {
    const pairs = defineTableProjection({
      name: 'pairs',
      events: [stock],
      columns: { one: 'text', other: 'text', count: 'integer' },
      key: ({ data }) => ({ one: data.from, other: 'to' in data ? data.to : '' }),
      initialRow: { count: 0 },
      evolve: { 'stock.moved': (row) => ({ ...row, count: row.count + 1 }) },
    });
    const { rows } = fold(pairs, [moved('a","b', 'c', 1), moved('a', 'b","c', 1), moved('a', 'b","c', 1)]);
    expect(Object.values(rows).map((row) => row?.['count'])).toEqual([1, 2]);
  });
});

describe('a key whose values have several forms', () => {
  const prices = defineTableProjection({
    name: 'prices',
    events: [stock],
    columns: { price: 'numeric', count: 'integer' },
    key: ({ data }) => ({ price: data.from }),
    initialRow: { count: 0 },
    evolve: {
      'stock.moved': (row) => ({ ...row, count: row.count + 1 }),
      'stock.lost': (row, { data }) => ({ ...row, price: data.from, count: row.count + 1 }),
    },
  });

  test('is one row, and keeps one form of the key', () => {
    const { rows } = fold(prices, [moved('1.5', '', 1), moved('1.50', '', 1), lost('1.500'), lost('2.0')]);
    expect(rows).toEqual({ '1.5': { price: '1.5', count: 3 }, 2: { price: '2', count: 1 } });
  });

  test('may not become another key', () => {
    const wrong = { ...prices, evolve: (row: AnyRow) => ({ ...row, price: '1.6' }) };
    expect(() => fold(wrong, [moved('1.50', '', 1)])).toThrow('"evolve" changed the key column "price"');
    const missing = { ...prices, evolve: () => ({ count: 1 }) };
    expect(() => fold(missing, [moved('1.50', '', 1)])).toThrow('"evolve" changed the key column "price"');
  });
});

test('a column of JSON has the form in which it will be read back, from the initial row on', () => {
  const seen: string[] = [];
  const trails = defineTableProjection({
    name: 'trails',
    events: [stock],
    columns: { place: 'text', trail: 'jsonb', last: 'jsonb null' },
    key: ({ data }) => ({ place: data.from }),
    initialRow: { trail: { zeta: 0, a: 0 }, last: null },
    evolve: {
      'stock.moved': (row, { data }) => {
        seen.push(JSON.stringify(row.trail));
        return {
          ...row,
          trail: { to: data.to, at: undefined, by: { pieces: data.pieces, a: 1 } },
          last: data,
        };
      },
    },
  });
  const { rows } = fold(trails, [moved('a', 'b', 3), moved('a', 'c', 1)]);
  expect(seen).toEqual(['{"a":0,"zeta":0}', '{"by":{"a":1,"pieces":3},"to":"b"}']);
  expect(JSON.stringify(rows['a'])).toBe(
    '{"place":"a","trail":{"by":{"a":1,"pieces":1},"to":"c"},"last":{"to":"c","from":"a","pieces":1}}',
  );
});
