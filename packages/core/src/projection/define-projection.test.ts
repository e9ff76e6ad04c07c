import { accountEvents } from '@leftfold/testbed/bank';
import type { Transaction } from 'kysely';
import { expect, test } from 'vitest';
import type { RecordedEvent } from '../event/event.ts';
import { defineProjection } from './define-projection.ts';
import type { HandlerRun } from './handlers.ts';

const base = {
  name: 'owners',
  events: [accountEvents],
  tables: {
    owners: { columns: { name: 'text', accounts: 'integer' }, primaryKey: ['name'], indexes: [['accounts']] },
    log: { columns: { position: 'bigint' }, primaryKey: ['position'] },
  },
} as const;

// Handlers only pass the transaction on, so a name is enough to tell that it is the one that was given.
const transaction = { is: 'the transaction' } as unknown as Transaction<unknown>;
const quietly: HandlerRun = { onEvent: () => {}, send: () => Promise.resolve() };

function recorded(type: string, position: number): RecordedEvent {
  return {
    type,
    schemaVersion: 1,
    data: {},
    id: `event-${position}`,
    streamId: 'account-1',
    streamVersion: position,
    position,
    recordedAt: new Date(0),
    metadata: {},
    tags: [],
  };
}

const nothing = { 'account.opened': async () => {} };

test('tables, version and mode are as given, or the defaults', () => {
  const owners = defineProjection({ ...base, on: nothing });
  expect(owners).toMatchObject({ kind: 'handlers', name: 'owners', version: 1, mode: 'async' });
  expect(owners.tables).toEqual([
    {
      name: 'owners',
      columns: { name: 'text', accounts: 'integer' },
      primaryKey: ['name'],
      indexes: [['accounts']],
    },
    { name: 'log', columns: { position: 'bigint' }, primaryKey: ['position'], indexes: [] },
  ]);
  expect(owners.columnsByTable).toEqual({
    owners: { name: 'text', accounts: 'integer' },
    log: { position: 'bigint' },
  });
});

test('each handler gets the transaction and its events in order, after onEvent', async () => {
  const seen: unknown[] = [];
  const owners = defineProjection({
    ...base,
    on: {
      'account.opened': async (tx, event) => {
        await Promise.resolve();
        seen.push([tx, event.position]);
      },
    },
  });
  expect(owners.eventTypes).toEqual(['account.opened']);
  const events = [
    recorded('account.opened', 1),
    recorded('account.frozen', 2),
    recorded('account.opened', 3),
  ];
  await owners.apply(transaction, events, {
    ...quietly,
    onEvent: (event) => seen.push(`at ${event.position}`),
  });
  expect(seen).toEqual(['at 1', [transaction, 1], 'at 2', 'at 3', [transaction, 3]]);
});

test('a handler that throws ends the batch, and nothing after it is applied', async () => {
  const seen: number[] = [];
  const owners = defineProjection({
    ...base,
    on: {
      'account.opened': (_tx, { position }) => {
        seen.push(position);
        return position === 2 ? Promise.reject(new Error('boom')) : Promise.resolve();
      },
    },
  });
  const events = [1, 2, 3].map((position) => recorded('account.opened', position));
  await expect(owners.apply(transaction, events, quietly)).rejects.toThrow('boom');
  expect(seen).toEqual([1, 2]);
});

test('the batch form reads all events of its groups, and gets them at once', async () => {
  let seen: readonly number[] = [];
  const owners = defineProjection({
    ...base,
    onBatch: async (_tx, events) => {
      await Promise.resolve();
      seen = events.map(({ position }) => position);
    },
  });
  expect(owners.eventTypes).toEqual([
    'account.opened',
    'account.deposited',
    'account.withdrawn',
    'account.closed',
  ]);
  await owners.apply(transaction, [recorded('account.opened', 1), recorded('account.deposited', 2)], quietly);
  expect(seen).toEqual([1, 2]);
});

test('a version or mode that is none is refused', () => {
  for (const version of [0, 1.5, Number.NaN, 2 ** 31, '1' as unknown as number])
    expect(() => defineProjection({ ...base, version, on: nothing })).toThrow(
      'version of projection "owners" must be a whole number from 1 to 2147483647',
    );
  const mode = 'sync' as 'async';
  expect(() => defineProjection({ ...base, mode, on: nothing })).toThrow(
    `mode of projection "owners" must be 'inline' or 'async'`,
  );
});

test('a name, table or column that is not a plain SQL name is refused', () => {
  expect(() => defineProjection({ ...base, name: 'Owners', on: nothing })).toThrow(
    'projection name "Owners"',
  );
  const columns = { name: 'text' } as const;
  expect(() =>
    defineProjection({ ...base, tables: { 'the owners': { columns, primaryKey: ['name'] } }, on: nothing }),
  ).toThrow('table of "owners" "the owners" must begin');
  expect(() =>
    defineProjection({
      ...base,
      tables: { owners: { columns: { Name: 'text' }, primaryKey: ['Name'] } },
      on: nothing,
    }),
  ).toThrow('column of "owners.owners" "Name" must begin');
});

test('a projection without a handler is refused: it would read no event', () => {
  const expected = expect.objectContaining({
    code: 'INVALID_ARGUMENT',
    message: expect.stringContaining('on of projection "owners" has no function, so that no event is read'),
  });
  expect(() => defineProjection({ ...base, on: {} })).toThrow(expected);
  expect(() => defineProjection({ ...base, on: { 'account.opened': undefined } as never })).toThrow(expected);
});
