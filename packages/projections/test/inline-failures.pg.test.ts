import { defineProjection, defineTableProjection, StoreUnavailableError } from '@leftfold/core';
import type { CallerTransaction } from '@leftfold/postgres';
import { accountEvents, closed, deposited, opened } from '@leftfold/testbed/bank';
import { guarantee } from '@leftfold/testbed/guarantees';
import { collect, failureOf } from '@leftfold/testbed/outcome';
import { sql } from 'kysely';
import { describe, expect } from 'vitest';
import { test } from './inline-log.ts';
import { rowsOf } from './runner.ts';

class Refused extends Error {}
const refused = new Refused('thirteen is refused');
const unavailable = new StoreUnavailableError('another server cannot be reached');
const secret = '4929123412341234';

/** What its handler does depends on the cents. */
const fragile = defineProjection({
  name: 'fragile',
  mode: 'inline',
  events: [accountEvents],
  tables: { entry: { columns: { cents: 'bigint', note: 'text' }, primaryKey: ['cents'] } },
  on: {
    'account.deposited': async (tx, { data: { cents } }) => {
      if (cents === 13) throw refused;
      if (cents === 14) throw unavailable;
      // oxlint-disable-next-line typescript/only-throw-error -- JavaScript can throw anything
      if (cents === 15) throw 'a text';
      if (cents === 16) await sql`select ${secret}::integer`.execute(tx);
      if (cents === 17) await sql`select '99999999999'::bigint::integer`.execute(tx);
      if (cents === 18) await sql`insert into ${sql.table('nowhere')} values (1)`.execute(tx);
      await tx.insertInto('entry').values({ cents, note: 'kept' }).execute();
    },
    'account.closed': (tx) => [tx.insertInto('entry').values({ cents: 1, note: sql<string>`null` })],
  },
});

const narrow = defineTableProjection({
  name: 'narrow',
  mode: 'inline',
  events: [accountEvents],
  columns: { account_id: 'text', cents: 'integer' },
  key: ({ streamId }) => ({ account_id: streamId }),
  initialRow: { cents: 0 },
  evolve: {
    'account.deposited': (row, { data }) => {
      if (data.cents === 13) throw refused;
      return { ...row, cents: data.cents };
    },
  },
});

describe('an inline projection that fails', () => {
  test('fails the append with an error that names it and the event', async ({ inlineLog }) => {
    guarantee('inline-errors');
    await using log = await inlineLog([fragile]);
    const append = (cents: number) => (transaction?: CallerTransaction) =>
      log.store.append('account-1', [opened, deposited(1), deposited(cents)], { transaction });
    const causes: readonly [number, unknown][] = [
      [13, refused],
      [15, expect.objectContaining({ message: 'a text' })],
      [16, expect.objectContaining({ code: '22003' })],
      [17, expect.objectContaining({ code: '22003' })],
      [18, expect.objectContaining({ code: '42P01' })],
    ];
    for (const [cents, cause] of causes) {
      const inTransaction = () => log.store.db.transaction().execute(append(cents));
      for (const attempt of [append(cents), inTransaction]) {
        const error = await failureOf(attempt());
        expect(error).toMatchObject({
          code: 'PROJECTION_FAILED',
          projection: 'fragile',
          eventType: 'account.deposited',
          streamId: 'account-1',
          cause,
        });
        expect(String(error)).toContain('at event "account.deposited" of stream "account-1"');
        expect(String(error)).not.toContain(secret);
      }
    }
    expect(await rowsOf(log.store, fragile)).toEqual([]);
    expect(await collect(log.store.readStream('account-1'))).toEqual([]);
  });

  test('names the event whose row violates a constraint', async ({ inlineLog }) => {
    await using log = await inlineLog([fragile]);
    expect(await failureOf(log.store.append('account-1', [opened, deposited(1), closed]))).toMatchObject({
      code: 'PROJECTION_CONSTRAINT_VIOLATED',
      eventType: 'account.closed',
      streamId: 'account-1',
      message: expect.stringContaining('is violated at event "account.closed" of stream "account-1"'),
    });
  });

  test('passes an error of the framework on as it is', async ({ inlineLog }) => {
    await using log = await inlineLog([fragile]);
    expect(await failureOf(log.store.append('account-1', [deposited(14)]))).toBe(unavailable);
  });

  test('names the event in evolve, and that of a row that cannot be written', async ({ inlineLog }) => {
    await using log = await inlineLog([narrow]);
    for (const cents of [13, 3_000_000_000])
      expect(await failureOf(log.store.append('account-1', [deposited(cents)]))).toMatchObject({
        code: 'PROJECTION_FAILED',
        projection: 'narrow',
        eventType: 'account.deposited',
      });
    const two = await failureOf(log.store.append('account-1', [deposited(1), deposited(3_000_000_000)]));
    expect(two).toMatchObject({ code: 'PROJECTION_FAILED', eventType: undefined });
    expect(String(two)).toContain('projection "narrow" version 1 failed, and nothing');
    expect(String(two)).toContain('"cents"');
  });
});
