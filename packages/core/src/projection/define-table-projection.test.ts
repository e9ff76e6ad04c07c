import { accountEvents, balances } from '@leftfold/testbed/bank';
import { describe, expect, test } from 'vitest';
import { InvalidNameError } from '../errors/definition-errors.ts';
import type { NewEvent, RecordedEvent } from '../event/event.ts';
import { defineTableProjection } from './define-table-projection.ts';

function recorded(event: NewEvent, position = 1): RecordedEvent {
  return {
    type: event.type,
    schemaVersion: event.schemaVersion,
    data: event.data,
    id: `event-${position}`,
    streamId: 'account-acc-1',
    streamVersion: position,
    position,
    recordedAt: new Date(0),
    metadata: {},
    tags: [],
  };
}

const opened = recorded(accountEvents.create.opened({ owner: 'Ada' }));
const deposited = recorded(accountEvents.create.deposited({ cents: 500 }), 2);
const base = {
  events: [accountEvents],
  columns: { account_id: 'text', cents: 'bigint' },
  initialRow: { cents: 0 },
  evolve: { 'account.closed': () => null },
} as const;

test('the table is named as the projection; its key has no initial values', () => {
  expect(balances.table).toEqual({
    name: 'balances',
    columns: { account_id: 'text', owner: 'text', cents: 'bigint', events: 'integer' },
    primaryKey: ['account_id'],
    indexes: [],
  });
  expect(balances.tables).toEqual([balances.table]);
});

test('it reads only events that have a handler', () => {
  expect(balances.eventTypes).toEqual([
    'account.opened',
    'account.deposited',
    'account.withdrawn',
    'account.closed',
  ]);
  const onlyOpened = defineTableProjection({
    ...base,
    name: 'opened',
    key: () => ({ account_id: 'a' }),
    evolve: { 'account.opened': (row) => row },
  });
  expect(onlyOpened.eventTypes).toEqual(['account.opened']);
});

test('its version and mode are 1 and async by default', () => {
  expect(balances).toMatchObject({ kind: 'table', version: 1, mode: 'async' });
  const inline = defineTableProjection({
    ...base,
    name: 'inline_balances',
    version: 3,
    mode: 'inline',
    key: () => ({ account_id: 'a' }),
  });
  expect(inline).toMatchObject({ version: 3, mode: 'inline' });
});

describe('keysOf', () => {
  const keysOf = (key: () => { account_id: string } | { account_id: string }[] | null) =>
    defineTableProjection({ ...base, name: 'keys', key }).keysOf(opened);

  test('returns one key as a list', () => {
    expect(balances.keysOf(opened)).toEqual([{ account_id: 'account-acc-1' }]);
  });

  test('returns several keys as they are, and none for null', () => {
    expect(keysOf(() => [{ account_id: 'a' }, { account_id: 'b' }])).toEqual([
      { account_id: 'a' },
      { account_id: 'b' },
    ]);
    expect(keysOf(() => [])).toEqual([]);
    expect(keysOf(() => null)).toEqual([]);
  });

  test('a function that returns nothing is told what to return', () => {
    const nothing = (() => {}) as never;
    expect(() => keysOf(nothing)).toThrow(/^"key" returned undefined; return the key's columns/);
    expect(() => keysOf((() => ['a']) as never)).toThrow(/^"key" returned string/);
    expect(() => keysOf((() => [null]) as never)).toThrow(/^"key" returned null in a list/);
  });
});

describe('evolve', () => {
  test('folds an event into its row', () => {
    const row = { account_id: 'account-acc-1', ...balances.initialRow };
    const after = balances.evolve(balances.evolve(row, opened)!, deposited);
    expect(after).toEqual({ account_id: 'account-acc-1', owner: 'Ada', cents: 500, events: 2 });
  });

  test('does not change the row for an event without a handler', () => {
    const row = { account_id: 'a', owner: '', cents: 0, events: 0 };
    expect(balances.evolve(row, { ...opened, type: 'account.frozen' })).toBe(row);
  });

  test('deletes the row with null', () => {
    const open = defineTableProjection({
      ...base,
      name: 'open_accounts',
      key: () => ({ account_id: 'a' }),
      evolve: { 'account.opened': () => null },
    });
    expect(open.evolve({ account_id: 'a', cents: 0 }, opened)).toBeNull();
  });

  test('cannot change the initial row in place', () => {
    expect(() => Object.assign(balances.initialRow, { cents: 1 })).toThrow(TypeError);
  });
});

describe('defining a table projection', () => {
  const key = () => ({ account_id: 'a' });

  test('refuses a name that cannot be a Postgres schema', () => {
    expect(() => defineTableProjection({ ...base, name: 'Balances', key })).toThrow(InvalidNameError);
    expect(() => defineTableProjection({ ...base, name: 'x'.repeat(31), key })).toThrow(InvalidNameError);
  });

  test('refuses a column that is not a plain SQL name', () => {
    const columns = { account_id: 'text', 'full name': 'text' } as const;
    const initialRow = { 'full name': '' };
    expect(() => defineTableProjection({ ...base, name: 'owners', columns, initialRow, key })).toThrow(
      'column of "owners" "full name" must begin',
    );
  });

  test('refuses one without a key function or without handlers, and names it', () => {
    expect(() => defineTableProjection({ ...base, name: 'balances' } as never)).toThrow(
      'key of projection "balances" must be a function, not undefined',
    );
    expect(() => defineTableProjection({ ...base, name: 'balances', key, evolve: {} })).toThrow(
      'evolve of projection "balances" has no function, so that no event is read',
    );
  });

  test('refuses a table without a key', () => {
    const initialRow = { account_id: '', cents: 0 };
    expect(() => defineTableProjection({ ...base, name: 'balances', initialRow, key })).toThrow(
      'projection "balances" has no key; leave the key\'s columns out of initialRow',
    );
  });
});
