import { type AnyRow, defineTableProjection, type Progress, type RecordedEvent } from '@leftfold/core';
import {
  accountEvents,
  balances,
  closed,
  deposited,
  journal,
  opened,
  withdrawn,
} from '@leftfold/testbed/bank';
import { collect, failureOf } from '@leftfold/testbed/outcome';
import { describe, expect } from 'vitest';
import { explainRow } from '../src/history/explain-row.ts';
import { rowChanges } from '../src/history/row-changes.ts';
import { createTestRunner } from './runner.ts';
import { test as runnerTest } from './runner-test.ts';

/** What was given up is read from the tables of the projections. */
const test = runnerTest.extend('store', async ({ adminStore }) => {
  await createTestRunner(adminStore, []).migrate();
  return adminStore;
});

const events = [opened, deposited(0), deposited(5), withdrawn(3), closed];

/** A number from 0 up to a limit, which is left out; the same sequence each time. */
function randomNumbers(seed: number) {
  let state = seed;
  return (limit: number) => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.floor((state / 2 ** 31) * limit);
  };
}

const key = (n: number) => ({ account_id: `account-${n}` });

describe('explain', () => {
  test('agrees with a simple fold of random histories, at every position', async ({ store }) => {
    const random = randomNumbers(7);
    for (let n = 0; n < 120; n += 1)
      await store.append(
        `account-${random(4)}`,
        Array.from({ length: 1 + random(3) }, () => events[random(5)]!),
      );
    const log: readonly RecordedEvent[] = await collect(store.readAll());
    for (const upTo of [log[0]!, ...log.filter((_, index) => index % 17 === 0), log.at(-1)!]) {
      for (let n = 0; n < 4; n += 1) {
        const expected = modelOf(log, `account-${n}`, upTo.position);
        if (expected.positions.length === 0) {
          const refused = explainRow(store, balances, key(n), { atPosition: upTo.position });
          expect(await failureOf(refused)).toMatchObject({ code: 'INVALID_ARGUMENT' });
          continue;
        }
        const explained = await explainRow(store, balances, key(n), {
          atPosition: upTo.position,
          limit: 1_000,
        });
        expect(explained.row).toEqual(expected.row);
        expect(explained.events.map(({ position }) => position)).toEqual(expected.positions);
        const by = Object.entries(explained.changedBy).map(([column, change]) => [
          column,
          { before: change?.before, after: change?.after, position: change?.event.position },
        ]);
        expect(Object.fromEntries(by)).toEqual(expected.changedBy);
        expect(explained).toMatchObject({ position: upTo.position, truncated: false });
      }
    }
  });

  test('says what each event did, from what and to what, with its data', async ({ store }) => {
    await store.append('account-1', [opened, deposited(5), deposited(0), closed, closed, deposited(2)]);
    await store.append('account-2', [deposited(1)]);
    const explained = await explainRow(store, balances, key(1));
    const row = { account_id: 'account-1', owner: opened.data.owner, cents: 0, events: 1 };
    expect(explained.events.map(({ type, effect, changes }) => [type, effect, changes])).toEqual([
      ['account.opened', 'created', changesBetween({}, row)],
      ['account.deposited', 'changed', { cents: { before: 0, after: 5 }, events: { before: 1, after: 2 } }],
      ['account.deposited', 'changed', { events: { before: 2, after: 3 } }],
      ['account.closed', 'deleted', changesBetween({ ...row, cents: 5, events: 3 }, {})],
      ['account.closed', 'none', {}],
      ['account.deposited', 'created', changesBetween({}, { ...row, owner: '', cents: 2 })],
    ]);
    const last = explained.events.at(-1);
    expect(explained.changedBy).toEqual({
      owner: { before: undefined, after: '', event: last },
      cents: { before: undefined, after: 2, event: last },
      events: { before: undefined, after: 1, event: last },
    });
    expect(last).toMatchObject({
      streamId: 'account-1',
      streamVersion: 6,
      recordedAt: expect.any(Date),
      data: { cents: 2 },
      metadata: {},
    });

    const limited = await explainRow(store, balances, key(1), { limit: 2 });
    expect(limited).toEqual({ ...explained, events: explained.events.slice(-2), truncated: true });
  });

  test('refuses a key that no event concerns, also up to a position', async ({ store }) => {
    const { position } = await store.append('account-1', [opened]);
    await store.append('account-2', [opened]);
    expect(await failureOf(explainRow(store, balances, { account_id: '1' }))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      argument: 'key',
      message: expect.stringMatching(
        /^key names a row of projection "balances" that no event up to position \d+ concerns; pass the columns and values/,
      ),
    });
    expect(await failureOf(explainRow(store, balances, key(2), { atPosition: position }))).toMatchObject({
      message: expect.stringContaining(`no event up to position ${position} concerns`),
    });
    const misspelt = explainRow(store, balances, { account: 'account-1' } as never);
    expect(await failureOf(misspelt)).toMatchObject({
      message: 'key has no column "account"; the key of this projection takes account_id',
    });
  });

  test('finds the row by its value, and shows the one before an event that changes it in place', async ({
    store,
  }) => {
    const trails = defineTableProjection({
      name: 'trails',
      events: [accountEvents],
      columns: { size: 'numeric', trail: 'jsonb' },
      key: ({ data }) => ({ size: 'cents' in data ? `${data.cents}.50` : '0' }),
      initialRow: { trail: { seen: [] } },
      evolve: {
        'account.deposited': (row, { streamId }) => {
          const trail = structuredClone(row.trail) as { seen: string[] };
          trail.seen.push(streamId);
          return Object.assign(row, { trail });
        },
      },
    });
    await store.append('account-1', [deposited(1), deposited(1)]);
    const changes = await collect(rowChanges(store, trails, { size: '1.5' }, {}));
    expect(changes.map(({ before, after }) => [before?.['trail'], after?.['trail']])).toEqual([
      [undefined, { seen: ['account-1'] }],
      [{ seen: ['account-1'] }, { seen: ['account-1', 'account-1'] }],
    ]);
    expect((await explainRow(store, trails, { size: '1.500' })).eventCount).toBe(2);
  });

  test('ends with its signal, and tells how far it is', async ({ store }) => {
    const { position } = await store.append(
      'account-1',
      Array.from({ length: 2_500 }, () => deposited(1)),
    );
    const progress: number[] = [];
    const onProgress = ({ done, total }: Progress) => {
      expect(total).toBe(position);
      progress.push(done);
    };
    await explainRow(store, balances, key(1), { onProgress });
    expect(progress).toHaveLength(3);
    expect(progress.at(-1)).toBe(position);
    const stop = new AbortController();
    const stopped = explainRow(store, balances, key(1), {
      signal: stop.signal,
      onProgress: () => stop.abort(new Error('enough')),
    });
    await expect(stopped).rejects.toThrow('enough');
  });

  test('refuses what it cannot explain', async ({ store }) => {
    expect(await failureOf(explainRow(store, journal as never, {} as never))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('"journal" has handlers'),
    });
    for (const wrong of [{}, { account_id: 1 }, { account_id: 'account-1', cents: 1 }, null])
      expect(await failureOf(explainRow(store, balances, wrong as never))).toMatchObject({ argument: 'key' });
    for (const options of [{ limit: -1 }, { atPosition: 0.5 }, { upTo: 1 }, { onProgress: 1 }])
      expect(await failureOf(explainRow(store, balances, key(1), options as never))).toMatchObject({
        code: 'INVALID_ARGUMENT',
      });
  });
});

function changesBetween(before: AnyRow, after: AnyRow) {
  const columns = Object.keys({ ...before, ...after });
  return Object.fromEntries(
    columns.map((column) => [column, { before: before[column], after: after[column] }]),
  );
}

/** The row of an account as its definition says, written once more without the framework. */
function modelOf(log: readonly RecordedEvent[], streamId: string, upTo: number) {
  let row: AnyRow | undefined;
  let changedBy: Record<string, object> = {};
  const positions: number[] = [];
  for (const event of log) {
    if (event.streamId !== streamId || event.position > upTo) continue;
    const { position } = event;
    positions.push(position);
    if (event.type === 'account.closed') {
      row = undefined;
      changedBy = {};
      continue;
    }
    const before = row ?? { account_id: streamId, owner: '', cents: 0, events: 0 };
    const data = event.data as { cents?: number; owner?: string };
    const cents = event.type === 'account.withdrawn' ? -(data.cents ?? 0) : (data.cents ?? 0);
    const after = {
      account_id: streamId,
      owner: data.owner ?? (before['owner'] as string),
      cents: Number(before['cents']) + cents,
      events: Number(before['events']) + 1,
    };
    for (const column of ['owner', 'cents', 'events'] as const)
      if (row === undefined || before[column] !== after[column])
        changedBy[column] = { before: row?.[column], after: after[column], position };
    row = after;
  }
  return { row, changedBy, positions };
}
