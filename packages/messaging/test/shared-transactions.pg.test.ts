import { performance } from 'node:perf_hooks';
import { guarantee } from '@leftfold/testbed/guarantees';
import { Gate } from '@leftfold/testbed/waiting';
import { until, untilBlocked } from '@leftfold/testing/postgres';
import { sql } from 'kysely';
import { describe, expect, vi } from 'vitest';
import type { ConsumedMessage, MessageContext } from '../src/index.ts';
import { message, type OnPlaced, type Shop, test } from './consumer-test.ts';
import { TestBroker } from './test-broker.ts';

/** Longer than any test: a transaction takes all that waits. */
const long = { transactionMs: 60_000, concurrency: 1 } as const;

const keys = ['a', 'b', 'c', 'd', 'e'] as const;
type Key = (typeof keys)[number];

/** Starts a consumer, and sends it a message of each key when it has the source. */
async function together(shop: Shop, onPlaced: OnPlaced, options: Parameters<Shop['consumer']>[1] = long) {
  const consumer = await shop.started(async (...call) => {
    const [, , { key }] = call;
    if (key !== 'first') await onPlaced(...call);
  }, options);
  await shop.acknowledged(shop.broker.send(message('first', 0)));
  const sent = keys.map((key, place) => shop.broker.send(message(key, place + 1)));
  return { consumer, sent };
}

/** Of the keys, in any order. */
async function effectsOf(shop: Shop): Promise<readonly number[]> {
  const effects = await shop.effects();
  return effects.filter((amount) => amount > 0).toSorted((one, other) => one - other);
}

/** How many transactions have written the effects. */
async function transactions({ pool, schema }: Shop): Promise<number> {
  const { rows } = await pool.query<{ count: number }>(
    `select count(distinct xmin::text)::integer as count from "${schema}_effects".effects where amount > 0`,
  );
  return rows[0]!.count;
}

describe('messages of several keys that are there', () => {
  test('are handled in one transaction', async ({ shop }) => {
    guarantee('messages-once');
    const { sent } = await together(shop, async () => {});
    await shop.acknowledged(...sent);
    expect(await transactions(shop)).toBe(1);
    expect(await effectsOf(shop)).toEqual([1, 2, 3, 4, 5]);
  });

  test('are not acknowledged before it has ended', async ({ shop }) => {
    const { sent } = await together(shop, async (amount) => {
      if (amount === 5) expect(sent.map(({ acknowledged }) => acknowledged)).not.toContain(true);
    });
    await shop.acknowledged(...sent);
    expect(shop.incidents).toEqual([]);
  });

  test('are handled side by side, even by a busy process, when handlers are slow', async ({ shop }) => {
    let active = 0;
    using _busy = vi.spyOn(performance, 'eventLoopUtilization').mockImplementation(() => {
      active += 1_000;
      return { active, idle: 0, utilization: 1 };
    });
    const begun: Key[] = [];
    const { sent } = await together(
      shop,
      async (_amount, _context, { key }) => {
        begun.push(key as Key);
        await until(() => begun.length === keys.length);
      },
      { concurrency: keys.length },
    );
    await shop.acknowledged(...sent);
    expect(await transactions(shop)).toBe(keys.length);
  });

  test('have one each by option', async ({ shop }) => {
    const { sent } = await together(shop, async () => {}, { transactionMs: 0 });
    await shop.acknowledged(...sent);
    expect(await transactions(shop)).toBe(5);
  });

  test.for([
    'set local search_path to nowhere',
    `select set_config('search_path', 'nowhere', true)`,
    'create temporary table of_one () on commit drop',
  ])('do not see what "%s" changed for another one', async (text, { shop }) => {
    const seen: unknown[] = [];
    const { sent } = await together(shop, async (_amount, { tx }) => {
      const { rows } = await sql`
        select current_setting('search_path') as path, to_regclass('of_one') as of_one`.execute(tx);
      seen.push(rows[0]);
      await sql.raw(text).execute(tx);
    });
    await shop.acknowledged(...sent);
    expect(new Set(seen.map((one) => JSON.stringify(one))).size).toBe(1);
    expect(await transactions(shop)).toBe(keys.length);
  });

  test('do not fail by what another one left', async ({ shop }) => {
    const { sent } = await together(shop, async (_amount, { tx }) => {
      await sql`declare of_one cursor for select 1`.execute(tx);
    });
    await shop.acknowledged(...sent);
    expect(await effectsOf(shop)).toEqual([1, 2, 3, 4, 5]);
    expect(shop.incidents).toEqual([]);
  });

  const failures: Readonly<Record<string, OnPlaced>> = {
    'a handler that throws': async () => {
      throw new Error('no');
    },
    'a statement whose error the handler keeps for itself': async (_amount, { tx }) => {
      await sql`select 1 / 0`.execute(tx).catch(() => {});
    },
    'a constraint that is checked at the end': async (amount, { tx }) => {
      await sql`create temporary table late (amount integer unique deferrable initially deferred) on commit drop`.execute(
        tx,
      );
      await sql`insert into late values (${amount}), (${amount})`.execute(tx);
    },
    'a handler that takes too long': (_amount, { signal }) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error));
      }),
  };
  test.for(Object.entries(failures))('are handled once, but the one with %s', async ([, fail], { shop }) => {
    guarantee('messages-once');
    const calls: Key[] = [];
    const { consumer, sent } = await together(
      shop,
      async (amount, context, { key }) => {
        calls.push(key as Key);
        if (key === 'c') await fail(amount, context, {} as never);
      },
      { ...long, timeoutMs: 1_000, retry: { attempts: 1 } },
    );
    await shop.acknowledged(...sent);
    expect(await effectsOf(shop)).toEqual([1, 2, 4, 5]);
    expect(await consumer.parked.list()).toMatchObject([{ key: 'c', reason: 'failure' }]);
    // Once together, and once alone.
    for (const key of keys) expect(calls.filter((called) => called === key).length).toBeLessThanOrEqual(2);
  });

  test('are handled once when two transactions wait for each other', async ({ shop }) => {
    guarantee('messages-once');
    await shop.pool.query(
      `create table "${shop.schema}_effects".totals (name text primary key, total integer not null);
       insert into "${shop.schema}_effects".totals values ('one', 0), ('other', 0)`,
    );
    const begun: Key[] = [];
    const totalOf: Partial<Record<Key, string>> = { a: 'one', b: 'other', c: 'other', d: 'one' };
    const { sent } = await together(
      shop,
      async (_amount, { tx }, { key }) => {
        const name = totalOf[key as Key];
        if (name === undefined) return;
        begun.push(key as Key);
        // Each of the two transactions has one total, and asks for the other one.
        if (begun.length <= 2) await until(() => begun.length >= 2);
        await sql`update ${sql.id(`${shop.schema}_effects`, 'totals')} set total = total + 1 where name = ${name}`.execute(
          tx,
        );
      },
      { transactionMs: 60_000, concurrency: 2 },
    );
    await shop.acknowledged(...sent);
    const { rows } = await shop.pool.query(`select total from "${shop.schema}_effects".totals`);
    expect(rows).toEqual([{ total: 2 }, { total: 2 }]);
    expect(await effectsOf(shop)).toEqual([1, 2, 3, 4, 5]);
  });
});

describe('expected messages, for which the inbox is asked before the commit', () => {
  /** Handlers that write to a table which takes everything twice. */
  const writing = (
    shop: Shop,
    by: string,
    onWritten: (key: string) => Promise<unknown> = async () => {},
  ) => ({
    ...long,
    on: {
      'orders.placed': async ({ key, data }: ConsumedMessage, { tx }: MessageContext) => {
        const { amount } = data as { readonly amount: number };
        await sql`insert into ${sql.id(`${shop.schema}_effects`, 'written')} (key, amount, by)
                  values (${key}, ${amount}, ${by})`.execute(tx);
        if (amount > 10) await onWritten(key);
      },
    },
  });
  const createWritten = (shop: Shop) =>
    shop.pool.query(`create table "${shop.schema}_effects".written (key text, amount integer, by text)`);
  const writtenOf = async (shop: Shop) => {
    const { rows } = await shop.pool.query<{ key: string; by: string; xmin: string }>(
      `select key, by, xmin::text from "${shop.schema}_effects".written where amount > 10 order by key`,
    );
    return rows;
  };
  /** The first message of each key, which none expects. */
  const sendFirst = (shop: Shop) =>
    shop.acknowledged(...keys.map((key, place) => shop.broker.send(message(key, place + 1))));
  const sendNext = (broker: TestBroker, ...of: readonly Key[]) =>
    of.map((key) => {
      const place = keys.indexOf(key);
      return broker.send(message(key, 11 + place, { previous: place + 1 }));
    });

  test('are handled in one transaction', async ({ shop }) => {
    guarantee('messages-once');
    await createWritten(shop);
    await shop.started(undefined, writing(shop, 'one'));
    await sendFirst(shop);
    await shop.acknowledged(...sendNext(shop.broker, ...keys));
    const written = await writtenOf(shop);
    expect(written.map(({ key }) => key)).toEqual(keys);
    expect(new Set(written.map(({ xmin }) => xmin)).size).toBe(1);
  });

  test('of which another process has handled one meanwhile, are handled once', async ({ shop }) => {
    guarantee('messages-once');
    await createWritten(shop);
    const gate = new Gate();
    const other = new TestBroker();
    await shop.started(
      undefined,
      writing(shop, 'one', async (key) => key === 'd' && gate.pass()),
    );
    await shop.started(undefined, { ...writing(shop, 'other'), transport: other });
    await sendFirst(shop);
    const sent = sendNext(shop.broker, ...keys);
    await gate.reached();
    await shop.acknowledged(...sendNext(other, 'c'));
    gate.open();
    await shop.acknowledged(...sent);
    expect((await writtenOf(shop)).map(({ key, by }) => `${key} ${by}`)).toEqual([
      'a one',
      'b one',
      'c other',
      'd one',
      'e one',
    ]);
    expect(shop.incidents).toEqual([]);
  });

  test('of which another process is at one, are handled once, and neither waits for the other', async ({
    shop,
    database,
  }) => {
    guarantee('messages-once');
    const gate = new Gate();
    const other = new TestBroker();
    await shop.started(async (amount) => amount === 14 && gate.pass(), { ...long, by: 'one' });
    await shop.started(undefined, { by: 'other', transport: other });
    await sendFirst(shop);
    const sent = sendNext(shop.broker, ...keys);
    await gate.reached();
    // It has the row of the key, and waits for the effect that the first one has written.
    const again = sendNext(other, 'c');
    await untilBlocked(database.connectionString);
    gate.open();
    await shop.acknowledged(...sent, ...again);
    expect(await effectsOf(shop)).toEqual([1, 2, 3, 4, 5, 11, 12, 13, 14, 15]);
    expect(shop.incidents).toEqual([]);
    const { rows } = await shop.pool.query<{ by: string }>(
      `select by from "${shop.schema}_effects".effects where amount = 13`,
    );
    expect(rows).toEqual([{ by: 'other' }]);
  });

  test('are handled once when a handler changes a setting, which the inbox does not see', async ({
    shop,
  }) => {
    guarantee('messages-once');
    await shop.pool.query(
      `grant usage on schema "${shop.schema}_effects" to pg_monitor;
       grant insert on "${shop.schema}_effects".effects to pg_monitor`,
    );
    const seen: string[] = [];
    await shop.started(async (amount, { tx }) => {
      seen.push(String(amount));
      // A role that has no rights on the inbox.
      if (amount % 10 === 3 && amount > 10) await sql`set local role pg_monitor`.execute(tx);
    }, long);
    await sendFirst(shop);
    await shop.acknowledged(...sendNext(shop.broker, ...keys));
    expect(await effectsOf(shop)).toEqual([1, 2, 3, 4, 5, 11, 12, 13, 14, 15]);
    const again = keys.map((key, place) =>
      shop.broker.send(message(key, 21 + place, { previous: 11 + place })),
    );
    await shop.acknowledged(...again);
    // Known by then as one that changes settings: the inbox was asked before.
    for (const amount of ['21', '22', '23', '24', '25'])
      expect(seen.filter((one) => one === amount)).toHaveLength(1);
    expect(shop.incidents).toEqual([]);
  });
});

test('one message takes one connection, and not as many as there may be', async ({ shop }) => {
  const sessions = async () => {
    const { rows } = await shop.pool.query<{ count: number }>(
      'select count(*)::integer as count from pg_stat_activity where datname = current_database()',
    );
    return rows[0]!.count;
  };
  await shop.started(async () => {}, { concurrency: 10 });
  const before = await sessions();
  await shop.acknowledged(shop.broker.send(message('first', 0)));
  // One for it, and one for the first look at its source.
  expect(await sessions()).toBeLessThanOrEqual(before + 2);
});
