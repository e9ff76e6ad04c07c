import { guarantee } from '@leftfold/testbed/guarantees';
import { type RawBuilder, sql } from 'kysely';
import { describe, expect } from 'vitest';
import type { ConsumedMessage, HandleMessage } from '../src/index.ts';
import { message, type Shop, test } from './consumer-test.ts';

/** Longer than any test: a transaction takes all that waits. */
const long = { transactionMs: 60_000, concurrency: 1, retry: { attempts: 1 } } as const;

const keys = ['a', 'b', 'c', 'd', 'e'] as const;

/** The statement of the effect of a message, by whatever name. */
function effectOf({ schema }: Shop, { key, data }: ConsumedMessage, by = ''): RawBuilder<unknown> {
  const { amount } = data as { readonly amount: number };
  return sql`insert into ${sql.id(`${schema}_effects`, 'effects')} (key, amount, by)
             values (${key}, ${amount}, ${by})`;
}

/** Starts a consumer, and sends it a message of each key: the next one, so that its handler does not wait for the inbox. */
async function together(shop: Shop, handle: HandleMessage<ConsumedMessage>, options: object = long) {
  const consumer = await shop.started(undefined, {
    ...options,
    on: { 'orders.placed': handle, 'orders.noted': () => [] },
  });
  const first = keys.map((key, place) => message(key, place + 1, { type: 'orders.noted', data: {} }));
  await shop.acknowledged(...first.map((one) => shop.broker.send(one)));
  const sent = keys.map((_key, place) => shop.broker.send(next(place)));
  return { consumer, sent };
}

/** The message of the key at this place. */
const next = (place: number) => message(keys[place]!, place + 11, { previous: place + 1 });

/** The effects in the order in which they were written. */
async function effects({ pool, schema }: Shop) {
  const { rows } = await pool.query<{ key: string; amount: number; by: string; in: string }>(
    `select key, amount, by, xmin::text as in from "${schema}_effects".effects order by place`,
  );
  return rows;
}

describe('statements that handlers return', () => {
  test('are executed once, those of several messages in one transaction', async ({ shop }) => {
    guarantee('messages-once');
    const { sent } = await together(shop, (placed) => effectOf(shop, placed));
    await shop.acknowledged(...sent);
    const rows = await effects(shop);
    expect(rows.map(({ amount }) => amount)).toEqual([11, 12, 13, 14, 15]);
    expect(new Set(rows.map((row) => row.in)).size).toBe(1);
    expect(shop.incidents).toEqual([]);
  });

  test('are executed in their order, also where a promise resolves with them', async ({ shop }) => {
    const { sent } = await together(
      shop,
      async (placed, { tx }) => {
        await effectOf(shop, placed, 'first').execute(tx);
        return [
          sql`update ${sql.id(`${shop.schema}_effects`, 'effects')} set by = 'second' where key = ${placed.key}`,
          sql`update ${sql.id(`${shop.schema}_effects`, 'effects')} set by = by || ', third' where key = ${placed.key}`,
        ];
      },
      { transactionMs: 0 },
    );
    await shop.acknowledged(...sent);
    for (const { by } of await effects(shop)) expect(by).toBe('second, third');
  });

  test('are seen by the handlers behind them', async ({ shop }) => {
    const seen: unknown[] = [];
    const count = sql<{ count: number }>`select count(*) from ${sql.id(`${shop.schema}_effects`, 'effects')}`;
    const { sent } = await together(shop, (placed, { tx }) => {
      if (placed.key !== 'e') return effectOf(shop, placed);
      return count.execute(tx).then(({ rows }) => void seen.push(...rows));
    });
    await shop.acknowledged(...sent);
    expect(seen).toEqual([{ count: 4 }]);
  });

  test.for(['select 1 / 0', 'commit', 'selekt', `select pg_terminate_backend(pg_backend_pid())`])(
    'fail their own message only: %s',
    async (text, { shop }) => {
      guarantee('messages-once');
      const { consumer, sent } = await together(shop, (placed) => [
        effectOf(shop, placed),
        ...(placed.key === 'c' ? [sql.raw(text)] : []),
      ]);
      await shop.acknowledged(...sent);
      expect((await effects(shop)).map(({ key }) => key).toSorted()).toEqual(['a', 'b', 'd', 'e']);
      expect(await consumer.parked.list()).toMatchObject([{ key: 'c', reason: 'failure' }]);
    },
  );

  test('of a message that comes again are not executed again', async ({ shop }) => {
    guarantee('messages-once');
    const { sent } = await together(shop, (placed) => effectOf(shop, placed));
    await shop.acknowledged(...sent);
    const again = keys.map((_key, place) => shop.broker.send(next(place)));
    await shop.acknowledged(...again);
    expect(await effects(shop)).toHaveLength(keys.length);
    expect(shop.incidents).toEqual([]);
  });

  test.for(['set local search_path to nowhere', 'create temporary table of_one () on commit drop'])(
    'do not see what "%s" changed for another one',
    async (text, { shop }) => {
      const table = sql.id(`${shop.schema}_effects`, 'effects');
      const { sent } = await together(shop, ({ key, data }) => [
        sql`insert into ${table} (key, amount, by)
            values (${key}, ${(data as { readonly amount: number }).amount},
                    concat(current_setting('search_path'), to_regclass('of_one')))`,
        // Not the first one of the transaction, which is answered before another one is called.
        ...(key === 'a' ? [] : [sql.raw(text)]),
      ]);
      await shop.acknowledged(...sent);
      const rows = await effects(shop);
      expect(rows).toHaveLength(keys.length);
      expect(new Set(rows.map(({ by }) => by)).size).toBe(1);
      expect(shop.incidents).toEqual([]);
    },
  );
});
