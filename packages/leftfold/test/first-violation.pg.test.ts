import { defineTableProjection, type RecordedEvent } from '@leftfold/core';
import {
  account,
  accountEvents,
  closed,
  deposited,
  movements,
  opened,
  withdrawn,
} from '@leftfold/testbed/bank';
import { failureOf } from '@leftfold/testbed/outcome';
import { describe, expect } from 'vitest';
import type { AnyInvariant } from '../src/history/first-violation.ts';
import { test } from './app-test.ts';

const totals = defineTableProjection({
  name: 'totals',
  events: [accountEvents],
  columns: { account_id: 'text', cents: 'bigint' },
  key: ({ streamId }) => ({ account_id: streamId }),
  initialRow: { cents: 0 },
  evolve: {
    'account.deposited': (row, { data }) => ({ ...row, cents: row.cents + data.cents }),
    'account.withdrawn': (row, { data }) => ({ ...row, cents: row.cents - data.cents }),
    'account.closed': () => null,
  },
});

describe('the first violation', () => {
  test('of an aggregate has the event, and the states before and after', async ({ app }) => {
    const { events } = await app.store.append('account-a', [
      opened,
      deposited(5),
      withdrawn(9),
      deposited(9),
      closed,
    ]);
    const violation = await app.history.firstViolation({
      aggregate: account,
      id: 'a',
      check: ({ cents }) => cents >= 0,
    });
    expect(violation).toEqual({
      event: events[2],
      before: { open: true, cents: 5 },
      after: { open: true, cents: -4 },
    });
    const always = { aggregate: account, id: 'a', check: () => true };
    expect(await app.history.firstViolation(always)).toBeUndefined();
  });

  test('of an aggregate or a row without events is refused, not reported as held', async ({ app }) => {
    await app.store.append('account-bolt', [opened]);
    const wrongId = app.history.firstViolation({ aggregate: account, id: 'account-bolt', check: () => true });
    expect(await failureOf(wrongId)).toMatchObject({
      code: 'INVALID_ARGUMENT',
      argument: 'id',
      message: expect.stringContaining('"account-account-bolt", which has no settled event'),
    });
    const wrongKey = app.history.firstViolation({
      projection: totals as never,
      key: { account_id: 'bolt' } as never,
      check: () => true,
    });
    expect(await failureOf(wrongKey)).toMatchObject({
      code: 'INVALID_ARGUMENT',
      argument: 'key',
      message: expect.stringContaining('that no event up to position'),
    });
    const noEvent = { filter: { tags: ['none:1'] }, initialState: 0, evolve: () => 0, check: () => false };
    expect(await app.history.firstViolation(noEvent)).toBeUndefined();
  });

  test('of a row has the row, or none', async ({ app }) => {
    const { events } = await app.store.append('account-b', [
      deposited(5),
      withdrawn(2),
      closed,
      deposited(1),
    ]);
    const row = (cents: number) => ({ account_id: 'account-b', cents });
    const first = (check: (row: { cents: number } | undefined) => boolean) =>
      app.history.firstViolation({
        projection: totals as never,
        key: { account_id: 'account-b' } as never,
        check: check,
      });
    expect(await first((found) => found !== undefined)).toEqual({
      event: events[2],
      before: row(3),
      after: undefined,
    });
    expect(await first((found) => found?.cents !== 3)).toEqual({
      event: events[1],
      before: row(5),
      after: row(3),
    });
  });

  test('of events of any streams is the first of them, and folds only those of the filter', async ({
    app,
  }) => {
    await app.store.append('account-c', [deposited(100), withdrawn(60)]);
    await app.store.append('account-d', [deposited(100), withdrawn(70)]);
    const all: unknown[] = [];
    const violation = await app.history.firstViolation({
      filter: { types: ['account.withdrawn'] },
      initialState: [] as readonly number[],
      evolve: (seen, { data, streamId }: RecordedEvent) =>
        /-[cd]$/.test(streamId) ? [...seen, (data as { cents: number }).cents] : seen,
      check: (seen, event: RecordedEvent) => {
        all.push(event.type);
        return seen.length < 2;
      },
    });
    expect(violation).toMatchObject({
      event: { streamId: 'account-d', data: { cents: 70 } },
      before: [60],
      after: [60, 70],
    });
    expect(new Set(all)).toEqual(new Set(['account.withdrawn']));
  });

  test('is the same as that of a simple loop, for random invariants', async ({ app }) => {
    const amounts = Array.from({ length: 80 }, (_, n) => (n * 7_919) % 101);
    await app.store.append(
      'account-e',
      amounts.map((amount, n) => (n % 3 === 0 ? withdrawn(amount + 1) : deposited(amount))),
    );
    for (const limit of [-150, -50, 0, 10, 100, 5_000]) {
      let cents = 0;
      const expected = amounts.findIndex((amount, n) => {
        cents += n % 3 === 0 ? -amount - 1 : amount;
        return cents > limit;
      });
      const found = await app.history.firstViolation({
        aggregate: account,
        id: 'e',
        check: (state) => state.cents <= limit,
      });
      expect(found?.event.streamVersion).toBe(expected === -1 ? undefined : expected + 1);
    }
  });

  test('refuses folds that change a state in place, and checks that return no boolean', async ({ app }) => {
    await app.store.append('account-f', [deposited(1), deposited(2)]);
    const inPlace = app.history.firstViolation({
      initialState: { count: 0 },
      evolve: (state) => {
        state.count += 1;
        return state;
      },
      check: () => true,
    });
    await expect(inPlace).rejects.toThrow(TypeError);
    const wrong: readonly unknown[] = [
      undefined,
      {},
      { aggregate: account, id: 'f', check: async () => true },
      { aggregate: account, id: 'f', check: 1 },
      { aggregate: account, id: 'f', check: () => true, filter: {} },
      { aggregate: movements, id: 'f', check: () => true },
      { projection: movements, key: {}, check: () => true },
      { initialState: 0, check: () => true },
      { initialState: 0, evolve: () => 0, check: () => true, filter: { type: 'a' } },
    ];
    for (const invariant of wrong) {
      const asked = app.history.firstViolation(invariant as AnyInvariant as never);
      expect(await failureOf(asked)).toMatchObject({ code: 'INVALID_ARGUMENT' });
    }
  });

  test('says what a check returned instead of a boolean', async ({ app }) => {
    await app.store.append('account-g', [deposited(1)]);
    const messageOf = async (check: unknown) =>
      String(
        await failureOf(app.history.firstViolation({ aggregate: account, id: 'g', check: check as never })),
      );
    expect(await messageOf(async () => true)).toContain('returned a promise; it must not be async');
    expect(await messageOf(() => undefined)).toContain('returned a value of type undefined');
    expect(await messageOf(() => null)).toContain('returned null');
  });

  test('ends with its signal', async ({ app }) => {
    const signal = AbortSignal.abort(new Error('enough'));
    const asked = app.history.firstViolation({ aggregate: account, id: 'a', check: () => true }, { signal });
    await expect(asked).rejects.toThrow('enough');
  });
});
