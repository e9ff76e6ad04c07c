import { guarantee } from '@leftfold/testbed/guarantees';
import { until } from '@leftfold/testing/postgres';
import { sql } from 'kysely';
import { describe, expect } from 'vitest';
import { message, sequence, test } from './consumer-test.ts';

const at = (key: string) => ({ source: '/shop/orders', key });

describe('a handler', () => {
  const nested = '/* /* */ */ rollback';
  test.for([
    'commit',
    'rollback',
    'rollback and chain',
    'begin',
    'select 1; rollback',
    'select 1; commit',
    nested,
  ])('that sends "%s" fails, and loses nothing of others', async (text, { shop }) => {
    guarantee('messages-never-lost');
    const consumer = await shop.started(async (amount, { tx }) => {
      if (amount === 2) await sql.raw(text).execute(tx);
    });
    const sent = ['a', 'b', 'c'].flatMap((key, place) =>
      shop.sendChain(key, key === 'a' ? [1, 2, 3] : [10 * place, 10 * place + 1]),
    );
    await shop.acknowledged(...sent);
    await until(() => shop.codes().includes('MESSAGE_PARKED'));
    expect(await shop.effects('a')).toEqual([1]);
    expect(await shop.effects('b')).toEqual([10, 11]);
    expect(await shop.effects('c')).toEqual([20, 21]);
    const [parked] = await consumer.parked.list();
    expect(parked).toMatchObject({ ...at('a'), messages: 2, failure: { code: 'INVALID_ARGUMENT' } });
    expect(parked?.failure?.message).toContain('begins or ends a transaction');
  });

  test('does not give its role or settings to other messages', async ({ shop }) => {
    const seen: unknown[] = [];
    await shop.started(
      async (amount, { tx }) => {
        const { rows } = await sql<{ role: string; path: string }>`
          select current_user as role, current_setting('search_path') as path`.execute(tx);
        seen.push(rows[0]);
        if (amount % 2 === 0) await sql`select set_config('search_path', 'nowhere', false)`.execute(tx);
        else await sql`set role pg_monitor`.execute(tx).then(() => sql`reset role`.execute(tx));
      },
      { concurrency: 1 },
    );
    await shop.acknowledged(...shop.sendChain('a', [1, 2, 3, 4]));
    expect(seen).toHaveLength(4);
    expect(new Set(seen.map((one) => JSON.stringify(one))).size).toBe(1);
  });

  test.for<[string, object]>([
    ['object', {}],
    ['function', () => {}],
  ])('that throws an %s which cannot be read fails its message only', async ([, target], { shop }) => {
    guarantee('messages-never-lost');
    const { proxy, revoke } = Proxy.revocable(target, {});
    revoke();
    const consumer = await shop.started(async (amount) => {
      if (amount === 1) throw proxy as Error;
    });
    await shop.acknowledged(shop.broker.send(message('a', 1)), ...shop.sendChain('b', [2, 3]));
    await until(() => shop.codes().includes('MESSAGE_PARKED'));
    await shop.untilEffects('b', [2, 3]);
    expect(await consumer.parked.list()).toMatchObject([
      { ...at('a'), failure: { message: 'an error that cannot be read was thrown' } },
    ]);
  });
});

test('what another program set aside and cannot be read is parked', async ({ shop }) => {
  const consumer = shop.consumer();
  await consumer.migrate();
  await shop.pool.query(
    `select "${shop.schema}".record_failure('shipping', '/shop/orders', 'a', $1, 'event-1', null, 'first',
                                            '{"type":"orders.placed"}', '', null, 'orders.placed', null, 'no room', 1, 0)`,
    [sequence(1)],
  );
  await consumer.start();
  await until(() => shop.codes().includes('MESSAGE_PARKED'));
  expect(await consumer.parked.list()).toMatchObject([
    { ...at('a'), resumeAt: undefined, failure: { code: 'INVALID_MESSAGE' } },
  ]);
});
