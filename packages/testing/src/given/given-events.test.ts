import { AssertionError } from 'node:assert';
import { defineEvents, defineTableProjection, schemaVersions } from '@leftfold/core';
import {
  account,
  accountEvents,
  balances,
  closed,
  deposited,
  movements,
  openBalances,
  opened,
} from '@leftfold/testbed/bank';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { givenEvents, inStream } from './given-events.ts';

const start = new Date('2000-01-01T00:00:00.000Z');

describe('the log that is given', () => {
  test('counts positions over all streams, versions in each, and a second per event', () => {
    const bob = account.streamId('bob');
    const { recorded } = givenEvents([opened, inStream(bob, opened, deposited(5)), deposited(7)]);
    expect(
      recorded.map(({ streamId, streamVersion, position }) => [streamId, streamVersion, position]),
    ).toEqual([
      ['account-1', 1, 1],
      ['account-bob', 1, 2],
      ['account-bob', 2, 3],
      ['account-1', 2, 4],
    ]);
    expect(recorded.map(({ recordedAt }) => recordedAt.getTime() - start.getTime())).toEqual([
      0, 1_000, 2_000, 3_000,
    ]);
  });

  test('has events as they are read, with id, metadata and tags', () => {
    const withNothing = accountEvents.create.opened({ owner: 'Ada', note: undefined });
    expect(givenEvents([withNothing]).recorded).toStrictEqual([
      {
        type: 'account.opened',
        schemaVersion: 1,
        data: { owner: 'Ada' },
        id: 'event-1',
        streamId: 'account-1',
        streamVersion: 1,
        position: 1,
        recordedAt: start,
        metadata: {},
        tags: [],
      },
    ]);
  });

  test('takes stream and time of an event from the test when they are given', () => {
    const recordedAt = new Date('2026-01-02T03:04:05Z');
    const own = { ...opened, id: 'mine', tags: ['owner:ada'], metadata: { actor: 'ada' } };
    const { recorded } = givenEvents([{ event: own, streamId: 'account-x', recordedAt }, deposited(5)], {
      recordedAt: start,
    });
    expect(recorded).toMatchObject([
      { id: 'mine', streamId: 'account-x', recordedAt, tags: ['owner:ada'], metadata: { actor: 'ada' } },
      { streamId: 'account-1', streamVersion: 1, recordedAt: new Date('2000-01-01T00:00:01.000Z') },
    ]);
  });
});

describe('projecting', () => {
  const events = [
    inStream('account-b', opened, deposited(5)),
    inStream('account-a', opened),
    inStream('account-b', deposited(7)),
  ];
  const a = { account_id: 'account-a', owner: 'Ada', cents: 0, events: 1 };
  const b = { account_id: 'account-b', owner: 'Ada', cents: 12, events: 3 };

  test('folds each event into its row, and compares rows in any order', () => {
    const projected = givenEvents(events).project(balances);
    projected.thenRows([a, b]);
    projected.thenRows([b, a]);
    expect(projected.rows).toEqual([a, b]);
  });

  test('deletes a row when a handler returns null, and starts again after it', () => {
    givenEvents([opened, closed]).project(balances).thenRows([]);
    givenEvents([opened, closed, deposited(5)])
      .project(balances)
      .thenRows([{ account_id: 'account-1', owner: '', cents: 5, events: 1 }]);
    expect.assertions(0);
  });

  test('ignores events without a handler', () => {
    givenEvents([opened]).project(openBalances).thenRows([]);
    expect.assertions(0);
  });

  test('upcasts events that were stored under an older version', () => {
    const ownerSchema = schemaVersions(z.object({ name: z.string() }));
    const openings = defineTableProjection({
      name: 'openings',
      events: [
        defineEvents('account', {
          opened: ownerSchema.next(z.object({ owner: z.string() }), ({ name }) => ({ owner: name })),
        }),
      ],
      columns: { account_id: 'text', owner: 'text', opened_at: 'timestamptz null' },
      key: ({ streamId }) => ({ account_id: streamId }),
      initialRow: { owner: '', opened_at: null },
      evolve: {
        'account.opened': (row, { data, recordedAt }) => ({
          ...row,
          owner: data.owner,
          opened_at: recordedAt,
        }),
      },
    });
    const old = { type: 'account.opened', schemaVersion: 1, data: { name: 'Ada' } };
    givenEvents([old, { ...opened, schemaVersion: 2 }])
      .project(openings)
      .thenRows([{ account_id: 'account-1', owner: 'Ada', opened_at: new Date(start.getTime() + 1_000) }]);
    expect.assertions(0);
  });

  test('refuses a projection with handlers, and says how to test it', () => {
    const handlers: unknown = movements;
    expect(() => givenEvents([opened]).project(handlers as typeof balances)).toThrow(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        message: expect.stringContaining('on a database of createTestDatabase()'),
      }),
    );
  });

  test('refuses events whose data does not match', () => {
    const wrong = { ...deposited(5), data: { cents: -5 } };
    expect(() => givenEvents([wrong]).project(balances)).toThrow(
      expect.objectContaining({ code: 'INVALID_EVENT', position: 1 }),
    );
  });

  test('changes all rows of an event, or none', () => {
    const totals = defineTableProjection({
      name: 'totals',
      events: [accountEvents],
      columns: { period: 'text', deposits: 'integer' },
      key: ({ recordedAt, data }) =>
        'cents' in data && data.cents > 100
          ? null
          : [
              { period: recordedAt.toISOString().slice(0, 4) },
              { period: recordedAt.toISOString().slice(0, 7) },
            ],
      initialRow: { deposits: 0 },
      evolve: { 'account.deposited': (row) => ({ ...row, deposits: row.deposits + 1 }) },
    });
    givenEvents([deposited(5), deposited(101), deposited(7)])
      .project(totals)
      .thenRows([
        { period: '2000', deposits: 2 },
        { period: '2000-01', deposits: 2 },
      ]);
    expect.assertions(0);
  });

  test('changes a row once, even if an event gives its key twice', () => {
    const counts = defineTableProjection({
      name: 'counts',
      events: [accountEvents],
      columns: { id: 'text', count: 'integer' },
      key: () => [{ id: 'a' }, { id: 'a' }],
      initialRow: { count: 0 },
      evolve: { 'account.deposited': (row) => ({ ...row, count: row.count + 1 }) },
    });
    givenEvents([deposited(5)])
      .project(counts)
      .thenRows([{ id: 'a', count: 1 }]);
    expect.assertions(0);
  });

  test('other rows are an assertion error with the difference', () => {
    const work = () =>
      givenEvents(events)
        .project(balances)
        .thenRows([a, { ...b, cents: 13 }]);
    expect(work).toThrow(AssertionError);
    expect(work).toThrow('"balances" has other rows');
    expect(work).toThrow(/\+ {5}cents: 12,\n- {5}cents: 13,/);
  });
});

describe('a row that Postgres would refuse or change is refused', () => {
  const base = {
    name: 'rows',
    events: [accountEvents],
    columns: {
      id: 'text',
      count: 'integer',
      price: 'numeric',
      note: 'text null',
      at: 'timestamptz',
      day: 'date',
      extra: 'jsonb',
    },
    key: () => ({ id: 'a' }),
    initialRow: { count: 0, price: '0', note: null, at: start, day: '2000-01-01', extra: {} },
  } as const;

  test.each<[object, string]>([
    [{ count: 1.5 }, '"rows", account.deposited at position 1: column "count": expected a whole number'],
    [{ count: 2 ** 31 }, 'column "count": expected a whole number within'],
    [{ count: null }, 'column "count": expected a number, got null'],
    [{ count: undefined }, 'column "count": expected a number, got undefined'],
    [{ price: 'much' }, 'column "price": expected a plain decimal number'],
    [{ price: '1e3' }, 'column "price": expected a plain decimal number'],
    [{ note: 'a\u0000' }, 'column "note": text has a NUL character'],
    [{ at: new Date(Number.NaN) }, 'column "at": expected a valid Date'],
    [{ day: '2023-02-29' }, 'column "day": expected a day that there is'],
    [{ extra: { a: '\ud83e' } }, 'column "extra": "*" has a NUL character or half of a surrogate pair'],
    [{ nte: 'x' }, '"rows", account.deposited at position 1: there is no column "nte"'],
    [{ id: 'b' }, 'changed the key of row ["a"]'],
  ])('%j', (change, message) => {
    const rows = defineTableProjection({
      ...base,
      evolve: { 'account.deposited': (row) => Object.assign({}, row, change) },
    });
    expect(() => givenEvents([deposited(5)]).project(rows)).toThrow(message);
  });

  test('a column of each type takes its values', () => {
    const values = {
      count: -7,
      price: '12.50',
      note: null,
      at: new Date(-(10 ** 14)),
      day: '0044-03-15 BC',
      extra: [1, { a: null }],
    };
    const rows = defineTableProjection({
      ...base,
      evolve: { 'account.deposited': (row) => ({ ...row, ...values }) },
    });
    givenEvents([deposited(5)])
      .project(rows)
      .thenRows([{ id: 'a', ...values }]);
    expect.assertions(0);
  });

  test('values have the form in which they are read back', () => {
    const seen: string[] = [];
    const rows = defineTableProjection({
      ...base,
      evolve: {
        'account.deposited': (row, { data }) => {
          seen.push(JSON.stringify(row.extra));
          return { ...row, count: -0 * data.cents, extra: { zeta: 1, none: undefined, a: 2 } };
        },
      },
    });
    const projected = givenEvents([deposited(5), deposited(6)]).project(rows);
    projected.thenRows([{ ...base.initialRow, id: 'a', count: 0, extra: { a: 2, zeta: 1 } }]);
    expect(seen).toEqual(['{}', '{"a":2,"zeta":1}']);
  });

  test('equal keys are one row', () => {
    const rows = defineTableProjection({
      ...base,
      columns: { price: 'numeric', count: 'integer' },
      key: ({ data }) => ({ price: 'cents' in data ? `${data.cents}.0` : '5' }),
      initialRow: { count: 0 },
      evolve: {
        'account.opened': (row) => ({ price: '5.00', count: row.count + 1 }),
        'account.deposited': (row) => ({ ...row, count: row.count + 1 }),
      },
    });
    givenEvents([opened, deposited(5), opened])
      .project(rows)
      .thenRows([{ price: '5', count: 3 }]);
  });
});
