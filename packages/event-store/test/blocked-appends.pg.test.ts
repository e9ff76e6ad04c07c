import { tracingChannel } from 'node:diagnostics_channel';
import type { AppendContext, NewEvent } from '@leftfold/core';
import { deposited, opened } from '@leftfold/testbed/bank';
import { beginTransaction } from '@leftfold/testbed/database';
import { guarantee } from '@leftfold/testbed/guarantees';
import { collect, failureOf } from '@leftfold/testbed/outcome';
import { Gate } from '@leftfold/testbed/waiting';
import { sql } from 'kysely';
import { describe, expect } from 'vitest';
import type { EventStoreOptions, PostgresEventStore } from '../src/index.ts';
import { openStore, test as storeTest } from './store-test.ts';

/** A transaction of another session, which the server leaves open although nothing is done in it. */
const test = storeTest.extend('beginOther', ({ database }) => async () => {
  const other = await beginTransaction(database.connectionString);
  await other.client.query(`set local idle_in_transaction_session_timeout = '60s'`);
  return other;
});

/** More than the connections of a store. */
const HELD = 40;
const held = (name: string) => Array.from({ length: HELD }, (_, index) => `account-${name}-${index}`);
const tagged = (event: NewEvent, ...tags: string[]): NewEvent => ({ ...event, tags });

interface Blocked {
  readonly options?: Partial<EventStoreOptions>;
  /** What the other transaction appends to, or under. */
  readonly holds: (streamId: string) => readonly [NewEvent[], AppendContext?];
  /** What then has to wait for it, on a stream of its own. */
  readonly waits: (streamId: string) => readonly [string, NewEvent[], AppendContext?];
}

const onStream = { holds: () => [[opened]] } satisfies Partial<Blocked>;
const inline = { eventTypes: new Set(['account.deposited']), apply: async () => {} };

const cases: Readonly<Record<string, Blocked>> = {
  'one event to a stream': { ...onStream, waits: (streamId) => [streamId, [deposited(1)]] },
  'several events to a stream': {
    ...onStream,
    waits: (streamId) => [streamId, [deposited(1), deposited(2)]],
  },
  'inline projections': { ...onStream, options: { inline }, waits: (streamId) => [streamId, [deposited(1)]] },
  'a pool of one connection': {
    ...onStream,
    options: { maxConnections: 1 },
    waits: (streamId) => [streamId, [deposited(1)]],
  },
  'a tag under a condition': {
    holds: (tag) => [[opened], { condition: { failIfMatch: { tags: [tag] } } }],
    waits: (tag) => [`${tag}-waits`, [tagged(opened, tag)]],
  },
  'a condition on a tag': {
    holds: (tag) => [[tagged(opened, tag)]],
    waits: (tag) => [`${tag}-waits`, [opened], { condition: { failIfMatch: { tags: [tag] } } }],
  },
};

/** One append after the other, each of another kind: they succeed as if nothing was held. */
async function appendFreely(store: PostgresEventStore, name: string, count = 30): Promise<void> {
  // Tags share locks: one whose lock is not among those of the held ones.
  const { rows } = await store.pool.query<{ tag: string }>(
    `select 'free:' || number as tag from generate_series(1, 1000) as number
      where hashtext('free:' || number) & 511 not in (select hashtext(held) & 511 from unnest($1::text[]) as held)
      limit 1`,
    [held(name)],
  );
  const { tag } = rows[0]!;
  for (let index = 0; index < count; index += 1) {
    const streamId = `account-free-${name}-${index}`;
    const [events, context] = [
      [[opened]],
      [[opened, deposited(1)]],
      [[tagged(opened, tag)], { condition: { failIfMatch: { tags: [tag, streamId] } } }],
    ][index % 3] as [NewEvent[], AppendContext?];
    expect(await store.append(streamId, events, context)).toMatchObject({ streamVersion: events.length });
  }
}

describe('appends that wait for another transaction', () => {
  test.for(Object.keys(cases))(
    'delay no append to other streams and tags: %s',
    async (name, { database, beginOther }) => {
      guarantee('isolated-failures');
      const { options, holds, waits } = cases[name]!;
      await using store = openStore(database.connectionString, options);
      const names = held(name.replaceAll(' ', '-'));
      await using other = await beginOther();
      for (const one of names) {
        const [events, context] = holds(one);
        await store.append(one, events, { ...context, transaction: other.client });
      }
      let ended = 0;
      const waiting = names.map(async (one) => {
        const [streamId, events, context] = waits(one);
        const outcome = await Promise.allSettled([store.append(streamId, events, context)]);
        ended += 1;
        return outcome[0];
      });
      await appendFreely(store, name.replaceAll(' ', '-'));
      expect(ended).toBe(0);
      await other.commit();
      for (const outcome of await Promise.all(waiting)) {
        expect(outcome).toMatchObject(
          name === 'a condition on a tag'
            ? { status: 'rejected', reason: { code: 'APPEND_CONDITION_FAILED' } }
            : { status: 'fulfilled', value: { duplicate: false } },
        );
      }
    },
  );

  test('keep the order in which they were made', async ({ store, beginOther }) => {
    await using other = await beginOther();
    const streams = held('order');
    for (const streamId of streams) await store.append(streamId, [opened], { transaction: other.client });
    const waiting: Promise<unknown>[] = [];
    for (const cents of [1, 2, 3]) {
      for (const streamId of streams) waiting.push(store.append(streamId, [deposited(cents)]));
      await appendFreely(store, `order-${cents}`, 6);
    }
    await other.commit();
    await Promise.all(waiting);
    for (const streamId of streams) {
      const recorded = await collect(store.readStream(streamId, { from: 2 }));
      expect(recorded.map(({ data }) => data)).toEqual([{ cents: 1 }, { cents: 2 }, { cents: 3 }]);
    }
  });

  test('fail when they have waited for answerTimeoutMs, with nothing appended', async ({
    database,
    beginOther,
  }) => {
    guarantee('isolated-failures');
    await using store = openStore(database.connectionString, { answerTimeoutMs: 1_500 });
    await using other = await beginOther();
    const streams = held('limit');
    for (const streamId of streams) await store.append(streamId, [opened], { transaction: other.client });
    const failures = await Promise.all(
      streams.map((streamId) => failureOf(store.append(streamId, [deposited(1)]))),
    );
    for (const failure of failures)
      expect(failure).toMatchObject({
        code: 'STORE_UNAVAILABLE',
        retryable: true,
        message: expect.stringMatching(
          /longer than 1500 ms, and nothing was appended; .* raise answerTimeoutMs/,
        ),
      });
    await other.commit();
    for (const streamId of streams) expect(await collect(store.readStream(streamId))).toHaveLength(1);
  });

  test('end with their store, those behind them too, after answerTimeoutMs', async ({
    database,
    beginOther,
  }) => {
    const store = openStore(database.connectionString, { answerTimeoutMs: 1_500 });
    await using other = await beginOther();
    await store.append('account-closed', [opened], { transaction: other.client });
    // Each would wait for the limit again, were it not ended with the first one: ten minutes.
    const waiting = Array.from({ length: 1_200 }, () =>
      failureOf(store.append('account-closed', [deposited(1)])),
    );
    await store.close();
    // The limit of the store's own end is as long: it may come first.
    for (const failure of await Promise.all(waiting))
      expect(failure).toMatchObject({ code: expect.stringMatching(/^(STORE_UNAVAILABLE|CLOSED)$/) });
    expect(await failureOf(store.append('account-closed', [deposited(1)]))).toMatchObject({ code: 'CLOSED' });
  });

  test('are sent in batches when a lock on the whole log is released', async ({ database }) => {
    await using store = openStore(database.connectionString);
    await store.append('account-table', [opened]);
    await using holder = await beginTransaction(database.connectionString);
    await holder.client.query('lock table leftfold.events in access exclusive mode');
    const waiting = Array.from({ length: 2_000 }, (_, index) =>
      store.append(`account-table-${index}`, [opened]),
    );
    let sent = 0;
    let blocked: (() => void) | undefined;
    const channel = tracingChannel<unknown, { requestCount: number }>('leftfold:append.batch');
    const count = {
      start: ({ requestCount }: { requestCount: number }) => {
        sent += 1;
        // A try of a request on its own: all of its batch met the lock.
        if (requestCount === 1) blocked?.();
      },
    };
    const met = new Promise<void>((resolve) => (blocked = resolve));
    channel.subscribe(count as never);
    await met;
    sent = 0;
    await holder.commit();
    const results = await Promise.all(waiting);
    channel.unsubscribe(count as never);
    expect(results.filter(({ streamVersion }) => streamVersion === 1)).toHaveLength(2_000);
    expect(sent).toBeLessThan(200);
  });
});

test('inline hooks that are slow, in all slots for appends, delay no other one', async ({ database }) => {
  const gate = new Gate();
  await using store = openStore(database.connectionString, {
    appendConcurrency: 2,
    inline: {
      eventTypes: new Set(['account.opened']),
      apply: async (_, [event]) => {
        if (event!.streamId.startsWith('account-slow')) await gate.pass();
      },
    },
  });
  const slow = Promise.all([1, 2].map((number) => store.append(`account-slow-${number}`, [opened])));
  await gate.reached();
  expect(await store.append('account-quick', [opened])).toMatchObject({ streamVersion: 1 });
  gate.open();
  await slow;
});

describe('an inline hook that waits for a row of another transaction', () => {
  test.beforeAll(async ({ pool }) => {
    await pool.query('create table balances (account text primary key, cents int not null)');
  });

  const row = (streamId: string) => sql`update balances set cents = cents + 1 where account = ${streamId}`;

  test('delays no other append, and runs again', async ({ database, pool }) => {
    guarantee('isolated-failures');
    await using store = openStore(database.connectionString, {
      inline: {
        eventTypes: new Set(['account.deposited']),
        apply: async (transaction, [event]) => {
          // Its own error handling does not change what the append does.
          await row(event!.streamId)
            .execute(transaction)
            .catch(() => {});
        },
      },
    });
    const streams = held('row');
    await pool.query('insert into balances select unnest($1::text[]), 0', [streams]);
    await using holder = await beginTransaction(database.connectionString);
    await holder.client.query('update balances set cents = 10');
    let ended = 0;
    const waiting = streams.map(async (streamId) => {
      const result = await store.append(streamId, [deposited(1)]);
      ended += 1;
      return result;
    });
    await appendFreely(store, 'row');
    expect(ended).toBe(0);
    await holder.commit();
    for (const result of await Promise.all(waiting)) expect(result.streamVersion).toBe(1);
    const { rows } = await pool.query('select distinct cents from balances');
    expect(rows).toEqual([{ cents: 11 }]);
  });

  test('with NOWAIT gets the error to the caller at once', async ({ database, pool }) => {
    await pool.query(`insert into balances values ('account-nowait', 0)`);
    let calls = 0;
    await using store = openStore(database.connectionString, {
      inline: {
        eventTypes: new Set(['account.opened']),
        apply: async (transaction) => {
          calls += 1;
          await sql`select from balances where account = 'account-nowait' for update nowait`.execute(
            transaction,
          );
        },
      },
    });
    await using holder = await beginTransaction(database.connectionString);
    await holder.client.query(`update balances set cents = 1 where account = 'account-nowait'`);
    expect(await failureOf(store.append('account-nowait', [opened]))).toMatchObject({ code: '55P03' });
    expect(calls).toBe(1);
  });

  test('with a lock_timeout of its own gets the error to the caller at once', async ({ database, pool }) => {
    await pool.query(`insert into balances values ('account-own-limit', 0)`);
    let calls = 0;
    await using store = openStore(database.connectionString, {
      inline: {
        eventTypes: new Set(['account.opened']),
        apply: async (transaction) => {
          calls += 1;
          await sql`set local lock_timeout = '300ms'`.execute(transaction);
          await row('account-own-limit').execute(transaction);
        },
      },
    });
    await using holder = await beginTransaction(database.connectionString);
    await holder.client.query(`update balances set cents = 1 where account = 'account-own-limit'`);
    expect(await failureOf(store.append('account-own-limit', [opened]))).toMatchObject({ code: '55P03' });
    expect(calls).toBe(1);
  });
});
